"""Videos made for the tests: a bar that moves over a ramp, so that every frame is another."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ROWS, COLUMNS = 48, 64


def picture(n: int, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Frame ``n``: (rows, columns, 3)."""
    pixels = np.full((rows, columns, 3), 2 * n % 250, np.uint8)
    pixels[: rows // 4, :, 0] = np.linspace(0, 255, columns).astype(np.uint8)
    at = n % max(1, columns - 4)
    pixels[:, at : at + 4] = (255, 40, 90)
    return pixels


def write_video(
    path: Path,
    *,
    codec: str = "libx264",
    count: int = 40,
    size: tuple[int, int] = (ROWS, COLUMNS),
    pixels: str = "yuv420p",
    rate: int = 25,
    start: int = 0,
    steps: tuple[int, ...] = (),
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    kind: str | None = None,
    colour: tuple[int, int] | None = None,
    audio: bool = False,
) -> Path:
    """Encode; ``steps`` are milliseconds between frames, ``start`` counts in the same unit."""
    unit = Fraction(1, 1000) if steps else Fraction(1, rate)
    with av.open(str(path), "w", format=kind, options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.height, stream.width = size
        stream.pix_fmt = pixels
        stream.options = options or {"g": "10"}
        stream.codec_context.time_base = unit
        if colour:
            stream.codec_context.colorspace, stream.codec_context.color_range = colour
        sound = file.add_stream("aac", rate=44100) if audio else None
        at = start
        for n in range(count):
            frame = av.VideoFrame.from_ndarray(picture(n, *size), format="rgb24")
            if colour:
                frame.colorspace, frame.color_range = colour
            frame.pts, frame.time_base = at, unit
            at += steps[n % len(steps)] if steps else 1
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
        if sound is not None:
            _mux_silence(file, sound)
    return path


def write_audio(path: Path) -> Path:
    """A file of sound alone."""
    with av.open(str(path), "w") as file:
        _mux_silence(file, file.add_stream("aac", rate=44100))
    return path


def _mux_silence(file, stream) -> None:
    quiet = np.zeros((1, 44100), np.float32)
    frame = av.AudioFrame.from_ndarray(quiet, format="fltp", layout="mono")
    frame.sample_rate = 44100
    file.mux(stream.encode(frame))
    file.mux(stream.encode())


def plain_decode(path: Path) -> tuple[list[np.ndarray], list[float]]:
    """All frames in one go from the start, and their times."""
    with av.open(str(path)) as file:
        frames = [(f.to_ndarray(format="rgb24"), f.time) for f in file.decode(video=0)]
    return [pixels for pixels, _ in frames], [time for _, time in frames]


def set_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Put ``a b c d`` into the display matrix of the only track of an MP4."""
    data = bytearray(path.read_bytes())
    # tkhd, version 0: after type and flags 12 bytes of dates and number, then 24 more.
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (n << 16 for n in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def cut_start(path: Path, ticks: int) -> None:
    """Let the edit list of an MP4 begin so many ticks of the track later."""
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 4 + 8  # version and flags, count
    duration, begin = struct.unpack(">Ii", data[at : at + 8])
    data[at : at + 8] = struct.pack(">Ii", duration, begin + ticks)
    path.write_bytes(data)
