"""Scans as a person declared them: where the file is silent, and never against it."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DeclarationError
from .clip import Clip
from .declaration import NOTHING_DECLARED, TOPICS, Declaration
from .volume import Volume

#: Codes of Modality that say nothing about what made an image.
_UNSAID = ("", "OT", "SC", "DOC")
#: Direction in RAS+ of each patient side.
_TOWARDS = {
    "R": (1.0, 0.0, 0.0), "L": (-1.0, 0.0, 0.0), "A": (0.0, 1.0, 0.0), "P": (0.0, -1.0, 0.0),
    "S": (0.0, 0.0, 1.0), "I": (0.0, 0.0, -1.0),
}  # fmt: skip


def content_key(source: Volume | Clip) -> str:
    """SHA-256 that a scan is found again by, whatever was declared about it."""
    identity = source.identity if isinstance(source, Volume) else ""
    return identity or source.digest


def as_file_says(source: Volume) -> Volume:
    """A Volume without what a person declared about it."""
    if not source.declared:
        return source
    return replace(source, declared=NOTHING_DECLARED, undeclared={}, **source.undeclared)


def open_topics(source: Volume | Clip) -> tuple[str, ...]:
    """What the file leaves open, of ``TOPICS``, whether it was declared or not."""
    if isinstance(source, Clip):
        silent = source.declared.modality or source.modality in _UNSAID
        return ("modality",) if silent else ()
    said = as_file_says(source)
    silences = (
        said.modality in _UNSAID,
        not said.body_part.strip(),
        not said.oriented,
        said.unit != "mm",
    )
    return tuple(topic for topic, silent in zip(TOPICS, silences, strict=True) if silent)


def declare(source: Volume | Clip, declaration: Declaration) -> Volume | Clip:
    """A scan as it is declared; an empty declaration gives it back as its file says.

    Parameters
    ----------
    source
        As its file says, or as it was declared before, which is forgotten.
    declaration
        What is declared.

    Raises
    ------
    DeclarationError
        If the file itself says something that is declared, or the scan has no place for it.
    """
    _check(source, declaration)
    if isinstance(source, Clip):
        # Another Clip over the same decoder and frames: what was taken of this one stays true.
        clip = copy.copy(source)
        clip.modality = declaration.modality or ("" if source.declared else source.modality)
        clip.declared = declaration
        said_before = declared_words(source.declared)
        kept = tuple(remark for remark in source.remarks if remark != said_before)
        clip.remarks = (*kept, declared_words(declaration)) if declaration else kept
        return clip
    said = as_file_says(source)
    if not declaration:
        return said
    changes: dict[str, Any] = {
        # The same scan by whatever is declared: its conversations stay with it.
        "identity": content_key(said),
        "remarks": (*said.remarks, declared_words(declaration)),
    }
    if declaration.modality:
        changes["modality"] = declaration.modality
    if declaration.body_part:
        changes["body_part"] = declaration.body_part
    if declaration.spacing:
        changes["unit"] = "mm"
    if declaration.orientation:
        changes["oriented"] = True
    if declaration.spacing or declaration.orientation:
        changes["affine"] = _affine(said, declaration)
    before = {name: getattr(said, name) for name in changes}
    return replace(said, declared=declaration, undeclared=before, **changes)


def still_fitting(source: Volume | Clip, declaration: Declaration) -> Declaration:
    """What of a declaration the file leaves open still; of files that have learnt to speak."""
    left = open_topics(source)
    empty = NOTHING_DECLARED
    silenced = {topic: getattr(empty, topic) for topic in TOPICS if topic not in left}
    fitting = declaration.changed(silenced)
    if isinstance(source, Volume) and fitting.orientation:
        lacking = len(fitting.orientation) < 3 and source.spatial_shape[0] > 1
        fitting = fitting.changed({"orientation": ""}) if lacking else fitting
    return fitting


def declared_words(declaration: Declaration) -> str:
    """A sentence that tells what is declared, and by whom; empty where nothing is."""
    if not declaration:
        return ""
    words = ", ".join(word.replace("=", " ").replace("_", " ") for word in declaration.words)
    stack = len(declaration.orientation) == 3
    place = " Positions count from the first voxel." if stack else ""
    return f"Declared by you, not by the file: {words}.{place}"


def _check(source: Volume | Clip, declaration: Declaration) -> None:
    left = open_topics(source)
    empty = NOTHING_DECLARED
    for topic in TOPICS:
        if getattr(declaration, topic) == getattr(empty, topic) or topic in left:
            continue
        name = topic.replace("_", " ")
        if isinstance(source, Clip) and topic != "modality":
            raise DeclarationError(f"A clip has no place for a declared {name}.")
        raise DeclarationError(
            f"The file itself tells the {name}; only what it leaves open can be declared.",
            f"Leave out {topic}.",
        )
    letters = declaration.orientation
    if letters and len(letters) < 3 and isinstance(source, Volume) and source.spatial_shape[0] > 1:
        raise DeclarationError(
            f"“{letters}” says how one image lies; this scan has {source.spatial_shape[0]} slices.",
            "Add the side that the next slice lies towards, as in orientation=LPS.",
        )


def _affine(said: Volume, declaration: Declaration) -> npt.NDArray[np.float64]:
    spacing = declaration.spacing or said.spacing
    linear = said.affine[:3, :3] / np.asarray(said.spacing)
    if declaration.orientation:
        right, down = (np.array(_TOWARDS[letter]) for letter in declaration.orientation[:2])
        # Of one image, what lies behind it follows from its other two axes.
        through = np.cross(right, down)
        if len(declaration.orientation) == 3:
            through = np.array(_TOWARDS[declaration.orientation[2]])
        linear = np.column_stack([through, down, right])
    affine = np.eye(4)
    affine[:3, :3] = linear * np.asarray(spacing)
    if not declaration.orientation:
        affine[:3, 3] = said.affine[:3, 3]
    return affine
