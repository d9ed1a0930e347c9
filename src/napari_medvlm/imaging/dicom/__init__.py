"""DICOM: headers, geometry, pixels, and how files become series."""
