"""What is kept: run capsule, journal, exports."""

from __future__ import annotations

from .capsule import Capsule, ModelRecord, read_capsule
from .journal import Journal
from .kept import Kept, Listed, Progress, State
from .opening import journal_path

__all__ = [
    "Capsule",
    "Journal",
    "Kept",
    "Listed",
    "ModelRecord",
    "Progress",
    "State",
    "journal_path",
    "read_capsule",
]
