"""What is kept: run capsule, journal, exports."""

from __future__ import annotations

from .account import Account
from .capsule import Capsule, ModelRecord, read_capsule
from .html import html
from .journal import Journal
from .kept import Kept, Listed, Progress, State
from .markdown import markdown
from .opening import journal_path

__all__ = [
    "Account",
    "Capsule",
    "Journal",
    "Kept",
    "Listed",
    "ModelRecord",
    "Progress",
    "State",
    "html",
    "journal_path",
    "markdown",
    "read_capsule",
]
