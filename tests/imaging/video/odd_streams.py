"""Videos that ask for something of those who show them: other sizes, pixels, streams, stamps."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from .making import picture


def disc(rows: int, columns: int, radius: int = 20) -> np.ndarray:
    """A white disc in the middle of black, (rows, columns, 3)."""
    y, x = np.ogrid[:rows, :columns]
    inside = (y - rows / 2 + 0.5) ** 2 + (x - columns / 2 + 0.5) ** 2 <= radius**2
    return np.repeat((inside * 235).astype(np.uint8)[..., None], 3, axis=2)


def extent(pixels: np.ndarray) -> tuple[int, int]:
    """Rows and columns over which a bright disc extends."""
    rows, columns = np.nonzero(pixels[..., 1] > 118)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def encoded(
    codec: str,
    images: list[np.ndarray],
    *,
    first: int = 0,
    options: dict[str, str] | None = None,
    rate: int = 10,
    aspect: Fraction | None = None,
    pixels: str = "yuv420p",
) -> list[av.Packet]:
    """Packets of a run of frames of one size, with their headers among them."""
    context = av.CodecContext.create(codec, "w")
    context.height, context.width = images[0].shape[:2]
    context.pix_fmt, context.time_base = pixels, Fraction(1, rate)
    context.framerate = Fraction(rate)
    context.options = {"g": "5", "bf": "0", **(options or {})}
    if aspect is not None:
        context.sample_aspect_ratio = aspect
    packets = []
    for n, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = first + n, context.time_base
        packets += context.encode(frame)
    return packets + context.encode()


def write_sizes(
    path: Path, codec: str, sizes: list[tuple[int, int]], kind: str | None = None, each: int = 5
) -> Path:
    """A disc of 41 pixels in frames of one size after the other."""
    with av.open(str(path), "w", format=kind) as file:
        stream = file.add_stream(codec, rate=10)
        stream.height, stream.width = sizes[0]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10)
        for n, size in enumerate(sizes):
            packets = encoded(codec, [disc(*size)] * each, first=n * each, pixels=stream.pix_fmt)
            for packet in packets:
                packet.stream = stream
                file.mux(packet)
    return path


def write_stamps(path: Path, stamps: list[int], codec: str = "libx264") -> Path:
    """One frame for each stamp, in tenths of seconds, in this order."""
    images = [picture(n) for n in range(len(stamps))]
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=10)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10)
        packets = encoded(codec, images, pixels=stream.pix_fmt)
        for n, (packet, stamp) in enumerate(zip(packets, stamps, strict=True)):
            packet.stream = stream
            packet.pts, packet.dts = stamp, min(stamp, max(stamps[: n + 1]))
            file.mux(packet)
    return path


def write_streams(
    path: Path, sizes: list[tuple[int, int]], default: int, cover: int | None = None
) -> Path:
    """Several video streams; one is marked as default, one perhaps as the cover of an album."""
    flags = av.stream.Disposition
    with av.open(str(path), "w") as file:
        streams = []
        for n, (rows, columns) in enumerate(sizes):
            stream = file.add_stream("mjpeg" if n == cover else "libx264", rate=10)
            stream.height, stream.width = rows, columns
            stream.pix_fmt = "yuvj420p" if n == cover else "yuv420p"
            stream.disposition = (
                flags.attached_pic if n == cover else flags.default if n == default else flags(0)
            )
            streams.append(stream)
        for n, stream in enumerate(streams):
            for i in range(1 if n == cover else 6):
                image = picture(i, stream.height, stream.width)
                file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            file.mux(stream.encode())
    return path
