"""What all parts of the screen share: small widgets, work beside the window, endings."""
