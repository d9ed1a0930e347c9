"""Filled text and pictures into a Prompt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...errors import QuestionError
from ..base import Prompt
from .pixels import Normaliser, Picture


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
    ends = np.cumsum([len(picture.tiles) for picture in pictures]).tolist()
    digests = [picture.digest for picture in pictures]
    return Prompt(
        text=text,
        input_ids=ids,
        pixels=normalise(pictures),
        positions=np.arange(len(ids), dtype=np.int64)[None],
        image_spans=tuple(
            (start, stop, digest) for (start, stop), digest in zip(spans, digests, strict=True)
        ),
        extra={
            "pictures": tuple(pictures),
            "tiles": [(end - len(p.tiles), end) for p, end in zip(pictures, ends, strict=True)],
        },
    )
