"""What came back: the conversation, its text, its links, what can be done with a turn."""
