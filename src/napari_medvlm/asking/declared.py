"""Scans with what a person declared about them, kept by content."""

from __future__ import annotations

from ..imaging import Clip, Volume
from ..imaging.declaration import Declaration
from ..imaging.declaring import content_key, declare, still_fitting
from ..records.declarations import any_declared, keep_declaration, kept_declaration


def as_declared(source: Volume | Clip) -> Volume | Clip:
    """A scan that was opened, with what was declared about it before.

    What its file has come to say itself is left to the file.
    """
    if source.declared or not any_declared():
        return source
    kept = still_fitting(source, kept_declaration(content_key(source)))
    return declare(source, kept) if kept else source


def declare_and_keep(source: Volume | Clip, declaration: Declaration) -> tuple[Volume | Clip, bool]:
    """A scan as it is declared now, which is kept for when it is opened again.

    Returns
    -------
    source, kept
        Whether it will hold beyond this sitting.

    Raises
    ------
    DeclarationError
        If the file says otherwise.
    RecordError
        If it cannot be saved.
    """
    key = content_key(source)
    declared = declare(source, declaration)
    return declared, keep_declaration(key, declaration)
