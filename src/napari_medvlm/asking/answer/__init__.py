"""What came back: formatted, linked, put back on the image."""
