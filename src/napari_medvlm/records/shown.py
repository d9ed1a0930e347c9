"""Which images an export has shown already: each is in the file once."""

from __future__ import annotations

from ..imaging import Frame


class Shown:
    """Names of images by their content, and which a question shows again."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, int]] = {}
        self._again: dict[int, dict[int, list[int]]] = {}

    def name(self, frame: Frame, question: int, number: int) -> tuple[str, bool]:
        """Name of an image, and whether it is new.

        Parameters
        ----------
        frame
            The image.
        question
            Number of the question that shows it, from 1.
        number
            Of the image among those of its question, from 1.
        """
        if frame.digest not in self._first:
            name = f"image-{len(self._first) + 1}"
            self._first[frame.digest] = name, question
            return name, True
        name, first = self._first[frame.digest]
        self._again.setdefault(question, {}).setdefault(first, []).append(number)
        return name, False

    def repeated(self, question: int) -> list[tuple[int, list[int]]]:
        """Images of a question that another one showed: (that question, numbers of the images)."""
        return list(self._again.get(question, {}).items())
