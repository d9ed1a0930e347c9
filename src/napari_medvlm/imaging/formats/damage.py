"""From what libraries raise about a damaged file to one error that a person can act on."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError

from ...errors import ImagingError

ADVICE = "Check that the file is complete and was copied without change."

#: What header parsers and decoders raise on bytes that no writer would write. Programming
#: mistakes (NameError, AssertionError) are not among them.
_DAMAGE: tuple[type[Exception], ...] = (
    OSError, EOFError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError,
    AttributeError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile, TokenError,
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
            f"{path.name}: expected {expected}; it could not be read ({_words(error, path)}).",
            advice,
        ) from error


def _words(error: BaseException, path: Path) -> str:
    # One short line: some libraries put whole headers into their messages, some the full path.
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    reason = reason.replace(str(path), path.name)
    text = " ".join(reason.split()) or type(error).__name__
    return text if len(text) <= 160 else f"{text[:157]}…"
