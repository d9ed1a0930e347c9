"""Videos: frames of a long clip against decord, scrolling with and without the prefetch.

All ways run in this process, turn about, on a clip that is made first (3,000 frames of 480 × 640,
H.264, groups of 250). Frames have to be equal before anything is reported. The figures are
ratios: absolute times of a shared machine say little. Needs decord and PyAV.

    python benchmarks/bench_video.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_medvlm.imaging.clip import Clip
from napari_medvlm.imaging.frame_cache import FrameCache
from napari_medvlm.imaging.sampling import even
from napari_medvlm.imaging.video.facts import Wanted
from napari_medvlm.imaging.video.guard import GuardedSource

FRAMES, ROWS, COLUMNS = 3000, 480, 640
CHOSEN = even(FRAMES, 32)
SCROLLED = 300
#: Seconds between two frames for someone who drags a slider at 20 frames a second.
PACE = 0.05


def make_clip(path: Path) -> None:
    """Texture that drifts, with a bright patch."""
    import av

    rng = np.random.default_rng(0)
    texture = np.kron(rng.integers(0, 255, (70, 90, 3), dtype=np.uint8), np.ones((8, 8, 1)))
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = COLUMNS, ROWS, "yuv420p"
        stream.options = {"g": "250", "preset": "veryfast", "sc_threshold": "0"}
        for n in range(FRAMES):
            y, x = int(30 + 30 * np.sin(n / 40)), int(35 + 35 * np.cos(n / 57))
            pixels = texture[y : y + ROWS, x : x + COLUMNS].astype(np.uint8)
            pixels[200:240, 3 * n % 600 : 3 * n % 600 + 40] = 255
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode())


def timed(action: Callable[[], object]) -> tuple[float, object]:
    """Seconds and the result."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def with_decord(path: Path) -> np.ndarray:
    """As decord is used by default."""
    import decord

    reader = decord.VideoReader(str(path))
    return reader.get_batch(list(CHOSEN)).asnumpy()


def open_clip(path: Path, prefetch: bool = False) -> Clip:
    """Without a digest, and with a cache of its own."""
    source = GuardedSource(Wanted(path=str(path)), name=path.name)
    return Clip(source, digest="0" * 64, cache=FrameCache(), prefetch=prefetch)


def with_clip(path: Path) -> list[np.ndarray]:
    """Open, take, close: the decoder's process is started before, as in a viewer."""
    with open_clip(path) as clip:
        return clip.frames(CHOSEN)


def scroll(path: Path, indices: range, prefetch: bool) -> float:
    """Seconds that the one at the slider waits for frames, in all."""
    waited = 0.0
    with open_clip(path, prefetch) as clip:
        for index in indices:
            waited += timed(lambda index=index: clip.frame(index))[0]
            time.sleep(PACE)
    return waited


def report(what: str, ratios: list[float]) -> None:
    """One line."""
    middle = statistics.median(ratios)
    print(f"{what}: median {middle:.2f} (from {min(ratios):.2f} to {max(ratios):.2f})", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scrolled", type=int, default=SCROLLED)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        make_clip(path)
        first = np.stack(with_clip(path))
        assert np.array_equal(first, with_decord(path)), "the frames differ"

        ratios = [timed(lambda: with_decord(path))[0] / timed(lambda: with_clip(path))[0]
                  for _ in range(options.rounds)]  # fmt: skip
        report(
            "32 evenly spaced frames of 3,000, decord's get_batch / ours, opening included", ratios
        )

        with open_clip(path) as clip:
            opening = [timed(lambda: open_clip(path).close())[0] for _ in range(options.rounds)]
            batch = timed(lambda: clip.frames(CHOSEN))[0]
        report("opening / those 32 frames", [seconds / batch for seconds in opening])

        start = 1100
        for name, indices in (
            ("forwards", range(start, start + options.scrolled)),
            ("backwards", range(start + options.scrolled, start, -1)),
        ):
            plain, ahead = scroll(path, indices, False), scroll(path, indices, True)
            print(
                f"scrolling {options.scrolled} frames {name} at {1 / PACE:.0f} a second, waits "
                f"without prefetch / with: {plain / ahead:.1f} "
                f"(mean wait with it: {ahead / options.scrolled * 1e3:.1f} ms)",
                flush=True,
            )


if __name__ == "__main__":
    main()
