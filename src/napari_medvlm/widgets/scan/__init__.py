"""Opening scans, and what is known about them."""
