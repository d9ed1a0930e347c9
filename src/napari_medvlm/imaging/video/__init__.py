"""Video files: one adapter, two decoders."""
