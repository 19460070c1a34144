"""Rounds: how often somebody must come, and who was reached. No store and no clock is asked here."""
