"""Qt, napari, superqt: no logic that could be tested without a screen."""
