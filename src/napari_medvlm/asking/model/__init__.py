"""Which models are at hand, on what they run, and their state in words."""
