"""From what libraries raise about a damaged file to one error that a person can act on."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import ImagingError

ADVICE = "Check that the file is complete and was copied without change."

#: What header parsers and decoders raise on bytes that no writer would write. Programming
#: mistakes (NameError, AssertionError) are not among them.
_DAMAGE: tuple[type[Exception], ...] = (
    OSError, EOFError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError,
    AttributeError, RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip


@contextmanager
def damaged(
    path: Path, expected: str, *more: type[Exception], advice: str = ADVICE
) -> Iterator[None]:
    """Turn what is raised inside into an ``ImagingError`` that names the file.

    Parameters
    ----------
    path
        Named by its last part alone.
    expected
        As in "a NIfTI image".
    more
        Further kinds of errors of the library that is used.
    advice
        What to do about it.
    """
    try:
        yield
    except ImagingError:
        raise
    except MemoryError as error:
        raise ImagingError(
            f"{path.name}: expected {expected}; it needs more memory than is free.",
            "Close other programs, or choose a part of it.",
        ) from error
    except _DAMAGE + more as error:
        raise ImagingError(
            f"{path.name}: expected {expected}; it could not be read ({_words(error)}).", advice
        ) from error


def _words(error: BaseException) -> str:
    # One short line: some libraries put whole headers into their messages. The reason alone
    # of an OSError, whose text repeats the full path.
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = " ".join(reason.split()) or type(error).__name__
    return text if len(text) <= 160 else f"{text[:157]}…"
