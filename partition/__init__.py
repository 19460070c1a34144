"""partition divides: blocks, plans, audits, differences. No input or output, no clock, no settings."""
