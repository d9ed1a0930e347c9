"""Where each token stands: (time, height, width), as transformers 4.56.2 counts them.

Text counts on all three axes alike. A picture's tokens share one time and count its merged
cells; a video's time steps count seconds (Qwen2.5-VL) or steps (Qwen2-VL). The text after it
resumes at the largest position plus one. Newer versions of transformers let the text resume
elsewhere after a video; the published models were trained with these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .resize import MERGE


@dataclass(frozen=True)
class VisionSpan:
    """One picture or video among the tokens.

    Parameters
    ----------
    start
        Index of its first token.
    grid
        Time steps, and rows and columns of patches before merging.
    time_step
        Position units from one time step to the next.
    """

    start: int
    grid: tuple[int, int, int]
    time_step: int = 1

    @property
    def length(self) -> int:
        """How many tokens it has."""
        steps, rows, columns = self.grid
        return steps * (rows // MERGE) * (columns // MERGE)

    @property
    def stop(self) -> int:
        """Index after its last token."""
        return self.start + self.length


def video_time_step(seconds_per_grid: float | None, tokens_per_second: int | None) -> int:
    """Position units between two time steps of a video.

    Parameters
    ----------
    seconds_per_grid
        Between two time steps; None for models without seconds (Qwen2-VL).
    tokens_per_second
        From the vision configuration; None for models without seconds.

    Returns
    -------
    units
        The seconds lose their fraction first, as they do in transformers 4.50 to 4.56.
    """
    if tokens_per_second is None:
        return 1
    return int(1.0 if seconds_per_grid is None else seconds_per_grid) * tokens_per_second


def position_ids(length: int, spans: Sequence[VisionSpan]) -> npt.NDArray[np.int64]:
    """Positions of a whole prompt.

    Parameters
    ----------
    length
        Number of tokens.
    spans
        Its pictures and videos, in order.

    Returns
    -------
    positions
        int64 (3, length): time, height, width.
    """
    positions = np.zeros((3, length), dtype=np.int64)
    at, following = 0, 0
    for span in spans:
        positions[:, at : span.start] = following + np.arange(span.start - at)
        start = following + span.start - at
        cells = _cells(span)
        positions[:, span.start : span.stop] = start + cells
        at, following = span.stop, start + int(cells.max()) + 1
    positions[:, at:] = following + np.arange(length - at)
    return positions


def _cells(span: VisionSpan) -> npt.NDArray[np.int64]:
    steps, rows, columns = span.grid
    shape = (steps, rows // MERGE, columns // MERGE)
    cells = np.indices(shape, dtype=np.int64).reshape(3, -1)
    cells[0] *= span.time_step
    return cells


def rope_delta(positions: npt.NDArray[np.int64]) -> int:
    """What to add to a token's index in the cache to get its position after the prompt.

    Parameters
    ----------
    positions
        int64 (3, length) of the prompt.
    """
    return int(positions.max()) + 1 - positions.shape[1] if positions.size else 0
