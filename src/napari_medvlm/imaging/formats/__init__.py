"""File formats other than DICOM and video, one a module."""
