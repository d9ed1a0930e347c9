"""InternVL checkpoints: Fleming-VL and relatives (InternVL 2.5 and 3)."""
