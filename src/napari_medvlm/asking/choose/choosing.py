"""Which slices of one plane are sent: the current one, evenly spaced ones, or a range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ...errors import SelectionError
from ...imaging import Clip, Scaling, Stretch, Volume, parse_frames, parse_slices
from ...models.contracts import InputContract
from .sources import Stack

Spread = Literal["even", "mm", "segments"]
ChoiceKind = Literal["current", "even", "mm", "segments", "range", "spec"]

#: How many evenly spaced slices are offered at first: the count that the multi-slice
#: checkpoints of this field were trained with.
DEFAULT_EVEN = 11


@dataclass(frozen=True)
class SliceChoice:
    """A way of choosing slices, independent of how many there are.

    Parameters
    ----------
    kind
        "current": the slice on the screen; "even": ``count`` of them spread over all by their
        numbers; "mm": spread over all by millimetres; "segments": the middles of ``count``
        equal parts, as videos are prepared for some models; "range": from ``first`` to
        ``last``; "spec": as written in ``spec``.
    count
        How many; of a range 0 means all that lie in it.
    first, last
        Of a range, both included: slice numbers from 0, or seconds of a clip.
    spread
        How those of a range are chosen where not all are: "even", "mm" or "segments".
    spec
        The command line's words: "current", "even:11", "12,40", "10-20".
    """

    kind: ChoiceKind = "current"
    count: int = DEFAULT_EVEN
    first: float = 0
    last: float = 0
    spread: Spread = "even"
    spec: str = ""

    @classmethod
    def from_spec(cls, spec: str) -> SliceChoice:
        """Take the command line's words; plain forms become their own kind.

        Parameters
        ----------
        spec
            "current", "even:N", "mm:N", or slice numbers as ``imaging.parse_slices`` reads them.
        """
        words = spec.strip()
        if words.lower() in ("", "current"):
            return cls("current")
        match = re.fullmatch(r"(even|mm)\s*:\s*(\d{1,9})", words.lower())
        if match is not None and int(match[2]) > 0:
            return cls("even" if match[1] == "even" else "mm", count=int(match[2]))
        return cls("spec", spec=words)

    def indices(self, stack: Stack, current: int) -> tuple[int, ...]:
        """Slice numbers from 0, in the order they are sent.

        Parameters
        ----------
        stack
            The slices of the plane, or the frames of the clip.
        current
            The slice on the screen.

        Raises
        ------
        SelectionError
            If nothing is chosen, or something that the source does not have.
        """
        count = stack.count
        if count < 1:
            raise SelectionError("There are no slices in this plane.", "Choose another layer.")
        shown = min(max(int(current), 0), count - 1)
        if self.kind == "current":
            return (shown,)
        if self.kind == "range":
            return self._range(stack)
        words = self.spec if self.kind == "spec" else f"{self.kind}:{self.count}"
        return read_spec(words, stack, shown)

    def _range(self, stack: Stack) -> tuple[int, ...]:
        if stack.fps is not None:
            words = f"{self.spread}:{self.count}" if self.count else "all"
            return read_spec(words, stack, None, (self.first, self.last))
        first, last = int(self.first), int(self.last)
        if first > last:
            raise SelectionError(
                f"The range from {first} to {last} runs backwards.",
                "Give the smaller number first.",
            )
        words = f"{first}-{last}"
        some = f"{self.spread}:{self.count}@{words}"
        return read_spec(some if self.count else words, stack, None)


def read_spec(
    spec: str, stack: Stack, current: int | None, stretch: Stretch | None = None
) -> tuple[int, ...]:
    """Read a written choice of slices, or of frames where there are times.

    Parameters
    ----------
    spec
        As ``imaging.parse_slices``, of a clip as ``imaging.parse_frames``.
    stack
        What there is.
    current
        The slice shown; None where there is none.
    stretch
        Start and end in seconds, of a clip.

    Raises
    ------
    SelectionError
        If it cannot be read, or names a slice that is not there.
    """
    if stack.fps is not None:
        return parse_frames(spec, stack.count, stack.fps, stretch, current)
    return parse_slices(spec, stack.count, current, stack.places)


def scaling_of(source: Volume | Clip, contract: InputContract) -> Scaling:
    """How slices become 8 bit where nobody chose: as the model was trained.

    A single image (a radiograph, a photograph) and a clip are sent as they are displayed.
    """
    if isinstance(source, Clip) or source.spatial_shape[0] == 1:
        return "window"
    return contract.slice_scaling
