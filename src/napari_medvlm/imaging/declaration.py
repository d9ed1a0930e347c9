"""What a person says about a scan where its file is silent, as plain values.

Every value is of a list: a declaration is saved and travels with questions, so no free text that
could name a patient has a place in it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import DeclarationError

#: Codes of Modality (0008,0060) that can be declared, PS3.3 C.7.3.1.1.1.
MODALITIES = (
    "CT", "MR", "DX", "MG", "US", "PT", "NM", "XA", "RF", "ES", "SM", "OP", "OPT", "XC", "IVUS",
)  # fmt: skip
#: Other words that people write for them.
_ALSO = {
    "MRI": "MR", "MRT": "MR", "CR": "DX", "XR": "DX", "XRAY": "DX", "X-RAY": "DX", "PET": "PT",
    "RADIOGRAPH": "DX", "MAMMOGRAM": "MG", "ULTRASOUND": "US", "FLUOROSCOPY": "RF",
    "ANGIOGRAM": "XA", "ANGIOGRAPHY": "XA", "ENDOSCOPY": "ES", "MICROSCOPY": "SM",
    "HISTOLOGY": "SM", "FUNDUS": "OP", "OCT": "OPT", "PHOTOGRAPH": "XC", "PHOTO": "XC",
}  # fmt: skip

#: Terms of BodyPartExamined (0018,0015), PS3.16 Annex L, that can be declared.
BODY_PARTS = (
    "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "AORTA", "ARM", "BLADDER", "BRAIN", "BREAST", "CALCANEUS",
    "CHEST", "CHESTABDOMEN", "CHESTABDPELVIS", "CLAVICLE", "COLON", "CSPINE", "EAR", "ELBOW",
    "EXTREMITY", "EYE", "FACE", "FEMUR", "FINGER", "FOOT", "FOREARM", "GALLBLADDER", "HAND", "HEAD",
    "HEADNECK", "HEART", "HIP", "HUMERUS", "JAW", "KIDNEY", "KNEE", "LEG", "LIVER", "LSPINE",
    "LUNG", "MANDIBLE", "MAXILLA", "NECK", "NECKCHEST", "ORBIT", "PANCREAS", "PELVIS", "PLACENTA",
    "PROSTATE", "RIB", "SCAPULA", "SHOULDER", "SKIN", "SKULL", "SPINE", "SPLEEN", "SSPINE",
    "STERNUM", "STOMACH", "TESTIS", "THIGH", "THUMB", "THYROID", "TIBIA", "TOE", "TRACHEA",
    "TSPINE", "UTERUS", "WHOLEBODY", "WRIST", "ZYGOMA",
)  # fmt: skip

#: Patient sides, and the opposite ones; head and feet by DICOM's other letters.
OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S"}
_SIDES_ALSO = {"H": "S", "F": "I"}
#: Distances of voxels in mm that can be meant.
_LEAST, _MOST = 1e-6, 1e4

#: What can be declared, by the names that are written.
TOPICS = ("modality", "body_part", "orientation", "spacing")
_NOTHING = ("", "none", "nothing", "-")


@dataclass(frozen=True)
class Declaration:
    """What a person says about a scan; empty where nothing is said.

    Parameters
    ----------
    modality
        One of ``MODALITIES``.
    body_part
        One of ``BODY_PARTS``.
    orientation
        Patient sides that the right edge and the bottom edge of the stored image show, and that
        the next slice lies towards: "LPS". Of one image the last may be missing.
    spacing
        Distance of voxels in mm along (slice, row, column).
    """

    modality: str = ""
    body_part: str = ""
    orientation: str = ""
    spacing: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return self != Declaration()

    @property
    def words(self) -> tuple[str, ...]:
        """As it is written: ("modality=MR", "body_part=BRAIN", "spacing=3x0.5x0.5")."""
        spacing = "x".join(f"{step:g}" for step in self.spacing)
        values = (self.modality, self.body_part, self.orientation, spacing)
        return tuple(f"{name}={value}" for name, value in zip(TOPICS, values, strict=True) if value)

    def changed(self, changes: Mapping[str, Any]) -> Declaration:
        """With other values for some of the topics."""
        return replace(self, **changes)

    def plain(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dict(word.split("=", 1) for word in self.words)


NOTHING_DECLARED = Declaration()


def read_declaration(text: str) -> dict[str, Any]:
    """Read what is written: "modality=MR,body_part=brain,orientation=LPS,spacing=3x0.5x0.5".

    Parameters
    ----------
    text
        "none" takes everything back, "modality=none" that alone.

    Returns
    -------
    changes
        By topic, for ``Declaration.changed``; what is not written is not among them.

    Raises
    ------
    DeclarationError
        For anything else.
    """
    if text.strip().lower() in _NOTHING:
        return {"modality": "", "body_part": "", "orientation": "", "spacing": ()}
    changes: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        topic = "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())
        if not equals or topic not in TOPICS:
            raise DeclarationError(
                f"Expected {', '.join(f'{one}=…' for one in TOPICS)} with commas between; got "
                f"“{part.strip()}”.",
                "For example modality=MR,body_part=brain,orientation=LPS.",
            )
        changes[topic] = _READERS[topic](value.strip())
    return changes


def declaration_from(plain: Any) -> Declaration:
    """The declaration of plain values.

    Raises
    ------
    DeclarationError
        If they are none.
    """
    if not isinstance(plain, dict) or not all(isinstance(v, str) for v in plain.values()):
        raise DeclarationError("Values by topic were expected.")
    words = ",".join(f"{topic}={value}" for topic, value in plain.items())
    return Declaration().changed(read_declaration(words)) if words else Declaration()


def _modality(value: str) -> str:
    if value.lower() in _NOTHING:
        return ""
    code = _ALSO.get(value.upper(), value.upper())
    return _one_of(code, MODALITIES, value, "modality")


def _body_part(value: str) -> str:
    if value.lower() in _NOTHING:
        return ""
    term = "".join(c for c in value.upper() if c.isalnum())
    return _one_of(term, BODY_PARTS, value, "body_part")


def _one_of(found: str, known: tuple[str, ...], written: str, topic: str) -> str:
    if found in known:
        return found
    close = difflib.get_close_matches(found, known, 3, 0.6)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"One of: {', '.join(known)}."
    raise DeclarationError(f"“{written}” is no {topic} that can be declared.", hint)


def _orientation(value: str) -> str:
    if value.lower() in _NOTHING:
        return ""
    letters = "".join(_SIDES_ALSO.get(c, c) for c in value.upper() if c not in " /\\")
    axes = [frozenset((c, OPPOSITE[c])) for c in letters if c in OPPOSITE]
    if len(axes) != len(letters) or len(letters) not in (2, 3) or len(set(axes)) != len(axes):
        raise DeclarationError(
            f"“{value}” is no orientation: three letters were expected, one of R or L, one of A or "
            "P, one of S or I: the patient's side at the right edge of the stored image, at its "
            "bottom edge, and towards the next slice.",
            "Axial slices as usual are orientation=LPS; a frontal radiograph is orientation=LI.",
        )
    return letters


def _spacing(value: str) -> tuple[float, ...]:
    if value.lower() in _NOTHING:
        return ()
    try:
        steps = tuple(float(step) for step in value.lower().replace("×", "x").split("x"))
    except ValueError:
        steps = ()
    good = all(math.isfinite(step) and _LEAST <= step <= _MOST for step in steps)
    if len(steps) not in (2, 3) or not good:
        raise DeclarationError(
            f"“{value}” is no spacing: millimetres between slices, rows and columns were expected.",
            "For example spacing=3x0.5x0.5; of one image spacing=0.2x0.2.",
        )
    return steps if len(steps) == 3 else (1.0, *steps)


_READERS = {
    "modality": _modality, "body_part": _body_part, "orientation": _orientation,
    "spacing": _spacing,
}  # fmt: skip
