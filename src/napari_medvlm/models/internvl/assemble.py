"""Filled text and pictures into a Prompt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...errors import QuestionError
from ..base import Prompt
from .pixels import Normaliser, Picture


class PicturesPrompt(Prompt):
    """A prompt whose pictures are normalised when their pixels are first asked for.

    A second question about the same pictures needs none: their encoded form is kept.
    """

    def __init__(
        self,
        text: str,
        input_ids: npt.NDArray[np.int64],
        spans: tuple[tuple[int, int, str], ...],
        pictures: tuple[Picture, ...],
        normalise: Normaliser,
    ) -> None:
        ends = np.cumsum([len(picture.tiles) for picture in pictures]).tolist()
        own = {
            "text": text,
            "input_ids": input_ids,
            "positions": np.arange(len(input_ids), dtype=np.int64)[None],
            "image_spans": spans,
            "extra": {
                "pictures": pictures,
                "tiles": [(end - len(p.tiles), end) for p, end in zip(pictures, ends, strict=True)],
            },
            "_normalise": normalise,
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    @cached_property
    def pixels(self) -> npt.NDArray[np.float32] | None:
        """float32 (tiles, 3, side, side) of all pictures; None without any."""
        normalise: Normaliser = self.__dict__["_normalise"]
        return normalise(self.extra["pictures"])


def find_spans(
    ids: npt.NDArray[np.int64], counts: Sequence[int], context_id: int
) -> list[tuple[int, int]]:
    """Places [start, stop) of each picture's tokens.

    Raises
    ------
    QuestionError
        If the tokenizer did not keep them together.
    """
    spans, at = [], 0
    for count in counts:
        places = np.flatnonzero(ids[at:] == context_id)
        start = at + int(places[0]) if len(places) else len(ids)
        at = start + count
        if at > len(ids) or not (ids[start:at] == context_id).all():
            raise QuestionError("The tokenizer does not keep a picture's places together.")
        spans.append((start, at))
    if (ids[at:] == context_id).any():
        raise QuestionError("The prompt has more visual tokens than its pictures.")
    return spans


def assemble(
    text: str,
    ids: npt.NDArray[np.int64],
    spans: Sequence[tuple[int, int]],
    pictures: Sequence[Picture],
    normalise: Normaliser,
) -> Prompt:
    """Make the prompt.

    Parameters
    ----------
    text
        As it went to the tokenizer, visual tokens written out.
    ids
        int64 (length,).
    spans
        Of :func:`find_spans`.
    pictures
        In the order of their spans.
    normalise
        Of the folder.

    Returns
    -------
    prompt
        Its ``pixels`` are float32 (tiles, 3, side, side) of all pictures. ``extra["pictures"]``
        holds them in 8 bit, ``extra["tiles"]`` says whose which tiles are: (start, stop) for
        each span.
    """
    digests = [picture.digest for picture in pictures]
    places = tuple(
        (start, stop, digest) for (start, stop), digest in zip(spans, digests, strict=True)
    )
    return PicturesPrompt(text, ids, places, tuple(pictures), normalise)
