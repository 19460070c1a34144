"""What leaves the service as events: streams that browsers follow, and messages to subscribers."""
