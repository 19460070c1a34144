"""maps shows: pages and sheets."""
