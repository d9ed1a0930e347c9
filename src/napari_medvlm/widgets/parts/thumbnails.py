"""Frames as small pictures."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPixmap

from ...dialogue import Region
from ...imaging import Frame

THUMBNAIL = 64


def thumbnail(frame: Frame, regions: Sequence[Region] = (), side: int = THUMBNAIL) -> QPixmap:
    """A frame's own pixels, made small, with the user's boxes on it.

    Parameters
    ----------
    frame
        The frame as it is sent.
    regions
        Boxes on this frame, in its pixel-edge coordinates.
    side
        Longest side of the thumbnail in pixels.
    """
    width, height = frame.size_wh
    pixels = frame.pixels.tobytes()
    image = QImage(pixels, width, height, 3 * width, QImage.Format.Format_RGB888)
    small = QPixmap.fromImage(image).scaled(
        side,
        side,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    if regions:
        painter = QPainter(small)
        painter.setPen(QPen(QColor(Qt.GlobalColor.yellow), 1))
        across, down = small.width() / width, small.height() / height
        for region in regions:
            x0, y0, x1, y1 = region.box
            painter.drawRect(
                round(x0 * across),
                round(y0 * down),
                max(round((x1 - x0) * across), 2),
                max(round((y1 - y0) * down), 2),
            )
        painter.end()
    return small


def squared(picture: QPixmap, side: int = THUMBNAIL) -> QPixmap:
    """A picture in the middle of a transparent square, so that several stand in line."""
    square = QPixmap(side, side)
    square.fill(Qt.GlobalColor.transparent)
    painter = QPainter(square)
    painter.drawPixmap((side - picture.width()) // 2, (side - picture.height()) // 2, picture)
    painter.end()
    return square
