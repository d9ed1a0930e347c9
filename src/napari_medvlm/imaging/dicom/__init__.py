"""DICOM: headers, geometry, pixels, and how files become series."""

# Two threads that import pydicom for the first time at once (a scan, and the glance beside it) can
# meet it half made: its modules import each other in circles. Here the second waits for the first.
import pydicom  # noqa: F401
