"""data keeps: files in and out."""
