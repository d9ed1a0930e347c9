"""What is sent: slices, picks, sources, their frames, and how they fit the model."""
