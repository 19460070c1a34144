"""Who is asking: people, machines, sessions, and what they may see."""
