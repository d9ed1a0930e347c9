"""Which model, in what state, and where it comes from."""
