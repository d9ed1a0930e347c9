"""What is kept: run capsule, journal, exports."""
