"""The conversation: its state, its engine, what is kept of it, running it again."""
