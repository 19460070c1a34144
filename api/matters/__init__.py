"""Matters: by which rules they are admitted and exit, and what the town's own rows do to the clocks of a fresh installation."""
