"""What is sent: layer, plane, slices, picks, the strip, the chips."""
