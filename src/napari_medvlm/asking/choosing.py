"""Which slices are sent: the current one, picked ones, or N evenly spaced ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import SelectionError
from ..imaging import Clip, Scaling, Volume, even, parse_slices, segments
from ..models.contracts import InputContract

ChoiceKind = Literal["current", "picked", "even", "segments", "spec"]

#: How many evenly spaced slices are offered at first: the count that the multi-slice
#: checkpoints of this field were trained with.
DEFAULT_EVEN = 11


@dataclass(frozen=True)
class SliceChoice:
    """A way of choosing slices, independent of how many there are.

    Parameters
    ----------
    kind
        "current": the slice on the screen; "picked": the listed ones; "even": ``count`` of
        them spread over all; "segments": the middles of ``count`` equal parts, as videos are
        prepared for some models; "spec": as written in ``spec``.
    picked
        Slice numbers from 0, in the order they are sent.
    count
        How many evenly spaced ones.
    spec
        The command line's words: "current", "even:11", "12,40", "10-20:2".
    """

    kind: ChoiceKind = "current"
    picked: tuple[int, ...] = ()
    count: int = DEFAULT_EVEN
    spec: str = ""

    @classmethod
    def from_spec(cls, spec: str) -> SliceChoice:
        """Take the command line's words; plain forms become their own kind.

        Parameters
        ----------
        spec
            "current", "even:N", or slice numbers as ``imaging.parse_slices`` reads them.
        """
        words = spec.strip()
        if words.lower() in ("", "current"):
            return cls("current")
        head, _, number = words.partition(":")
        if head.strip().lower() == "even" and number.strip().isdigit() and int(number) > 0:
            return cls("even", count=int(number))
        return cls("spec", spec=words)

    def indices(self, count: int, current: int) -> tuple[int, ...]:
        """Slice numbers from 0, in the order they are sent.

        Parameters
        ----------
        count
            How many slices there are in the plane.
        current
            The slice on the screen.

        Raises
        ------
        SelectionError
            If nothing is chosen, or something that the source does not have.
        """
        if count < 1:
            raise SelectionError("There are no slices in this plane.", "Choose another layer.")
        if self.kind == "current":
            return (min(max(int(current), 0), count - 1),)
        if self.kind == "even":
            return even(count, self.count)
        if self.kind == "segments":
            return segments(count, self.count, 1.0)
        if self.kind == "spec":
            return parse_slices(self.spec, count, current)
        return self._picked(count)

    def _picked(self, count: int) -> tuple[int, ...]:
        if not self.picked:
            raise SelectionError(
                "No slice is picked yet.", "Scroll to a slice and press “+ this slice”."
            )
        outside = [number for number in self.picked if not 0 <= number < count]
        if outside:
            raise SelectionError(
                f"Slices 0 to {count - 1} exist; {', '.join(map(str, outside))} were picked.",
                "Take these out of the list.",
            )
        return self.picked


def scaling_of(source: Volume | Clip, contract: InputContract) -> Scaling:
    """How slices become 8 bit where nobody chose: as the model was trained.

    A single image (a radiograph, a photograph) and a clip are sent as they are displayed.
    """
    if isinstance(source, Clip) or source.spatial_shape[0] == 1:
        return "window"
    return contract.slice_scaling


def add_slice(spec: str, index: int, count: int) -> str:
    """Write one more slice into a list of slices.

    Parameters
    ----------
    spec
        What is written so far, such as "12, 40".
    index
        Slice number from 0.
    count
        How many slices there are.

    Returns
    -------
    spec
        Unchanged where the slice is in it already; what cannot be read is left as it is,
        for the user to correct.
    """
    written = spec.strip().rstrip(",").rstrip()
    if not written:
        return str(index)
    try:
        if index in parse_slices(written, count, index):
            return spec
    except SelectionError:
        pass  # The list's own line says what is wrong with it.
    return f"{written}, {index}"
