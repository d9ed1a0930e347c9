"""The prompt of the template ``internvl2_5``, and the places of pictures in it. No torch.

A turn's words hold one ``<image>`` for each picture. The places are filled from left to right
over the whole conversation: ``<image>`` becomes ``<img>``, one ``<IMG_CONTEXT>`` for each visual
token, and ``</img>``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import QuestionError

PLACE = "<image>"
OPEN, CONTEXT, CLOSE = "<img>", "<IMG_CONTEXT>", "</img>"
END = "<|im_end|>"

#: A user's words and the answer to them; the last turn has none yet.
TurnText = tuple[str, str | None]


def render(system_message: str, turns: Sequence[TurnText]) -> str:
    """Write a conversation; nothing stands before the system message.

    Parameters
    ----------
    system_message
        Of the folder.
    turns
        Oldest first; the answer of the last one is left open.
    """
    text = f"<|im_start|>system\n{system_message}{END}\n"
    for words, answer in turns:
        text += f"<|im_start|>user\n{words}{END}\n<|im_start|>assistant\n"
        if answer is not None:
            text += f"{answer}{END}\n"
    return text


def fill_places(text: str, counts: Sequence[int]) -> str:
    """Replace each ``<image>`` by the visual tokens of its picture.

    Parameters
    ----------
    text
        Of :func:`render`.
    counts
        Visual tokens of each picture, in order.

    Raises
    ------
    QuestionError
        If there are more or fewer places than pictures.
    """
    parts = text.split(PLACE)
    if len(parts) != len(counts) + 1:
        raise QuestionError(
            f"The conversation has {len(parts) - 1} places {PLACE} for {len(counts)} images.",
            f"Write one {PLACE} for each image, or none at all.",
        )
    filled = (
        f"{OPEN}{CONTEXT * n}{CLOSE}{rest}" for n, rest in zip(counts, parts[1:], strict=True)
    )
    return parts[0] + "".join(filled)
