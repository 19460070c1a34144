"""The incident loop: what may happen to an incident, by whom, when, and what follows. No store and no clock is asked here."""
