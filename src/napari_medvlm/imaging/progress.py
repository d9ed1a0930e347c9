"""How long work reports how far it is, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import MedvlmError


@dataclass(frozen=True)
class Step:
    """How far some work is.

    Parameters
    ----------
    done, total
        In the same unit (files, slices); ``total`` is 0 while it is not known.
    what
        What is being done, in a few words without names: "reading headers".
    """

    done: int
    total: int
    what: str


#: Called now and then from the thread that works; it may raise ``Cancelled``.
Progress = Callable[[Step], None]


class Cancelled(MedvlmError):
    """The user stopped the work; raised by a ``Progress`` and passed on unchanged."""
