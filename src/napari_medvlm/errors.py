"""Errors meant for people: what was expected, what was found, what to do.

Every mistake a user can make ends in one of these. The command line prints them as one
line with exit code 2, the widget as one line beside the control; neither shows a traceback.
"""

from __future__ import annotations

from .safe_text import visible


class MedvlmError(Exception):
    """A problem the user can understand and act on.

    Parameters
    ----------
    message
        One or two sentences: what was expected and what was found.
    advice
        What to do about it, as a sentence; may be empty.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()

    def __reduce__(self) -> tuple[type[MedvlmError], tuple[str, str]]:
        # Keeps `advice` when the error crosses a process boundary by value.
        return type(self), (self.message, self.advice)


class ImagingError(MedvlmError):
    """A file or folder that could not be read as a Volume or a Clip.

    Names of files may hold anything; the message is one line that every terminal can print.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(visible(message.replace("\n", " ")), advice)


class SelectionError(MedvlmError):
    """A choice of plane, slices or frames that the source cannot give."""


class DeclarationError(MedvlmError):
    """Something said about a scan that cannot be said, or that its file says otherwise."""


class QuestionError(MedvlmError):
    """A question that the chosen model cannot take (no frames, too many, wrong kind)."""


class CheckpointError(MedvlmError):
    """A checkpoint folder that is incomplete, of unknown layout, or has unexpected tensors."""


class FetchError(MedvlmError):
    """A model that could not be fetched, packed, checked or put in its place."""


class MissingExtraError(MedvlmError, ImportError):
    """An optional library that is not installed; the advice names the extra to install."""


class EngineError(MedvlmError):
    """The model process could not be started, ran out of memory, or ended unexpectedly."""


class RecordError(MedvlmError):
    """What is kept (a capsule, the journal, an export) that cannot be written or read back."""
