"""Whose an image is, of which exam and of which series: what is asked before where it lies.

Who a patient is never leaves this module: names, numbers and birth dates become digests with a
key of this process alone, which tell two people apart and say nothing else. A date or the words
of a description become digests too, so that nothing that reads headers can keep them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from .dataset import Tag, Tags
from .values import number, value, words

#: Keywords read here, all of the data set itself.
TAGS: tuple[Tag, ...] = (
    "PatientID", "PatientName", "PatientBirthDate", "StudyDate", "StudyTime", "AccessionNumber",
    "SeriesNumber", "SeriesDescription", "ProtocolName", "ContrastBolusAgent",
    "IrradiationEventUID",
)  # fmt: skip

_KEY = secrets.token_bytes(16)


@dataclass(frozen=True)
class Exam:
    """Digests of what identifies an image; empty where the header does not say it.

    Parameters
    ----------
    patient, name, birth
        PatientID, PatientName, PatientBirthDate.
    date, time, accession
        StudyDate, StudyTime, AccessionNumber.
    number
        SeriesNumber.
    description, protocol
        SeriesDescription, ProtocolName.
    contrast
        ContrastBolusAgent.
    event
        IrradiationEventUID.
    """

    patient: str = ""
    name: str = ""
    birth: str = ""
    date: str = ""
    time: str = ""
    accession: str = ""
    number: int | None = None
    description: str = ""
    protocol: str = ""
    contrast: str = ""
    event: str = ""


def read_exam(ds: Tags) -> Exam:
    """What a data set says of patient, exam and series."""

    def of(name: str) -> str:
        # Spaces and capitals are no difference between people.
        return _digest(" ".join("\\".join(words(_text(ds, name))).casefold().split()))

    order = number(value([ds], "SeriesNumber"))
    return Exam(
        patient=of("PatientID"),
        name=_digest(_name(ds)),
        birth=of("PatientBirthDate"),
        date=of("StudyDate"),
        time=_digest(_time(value([ds], "StudyTime"))),
        accession=of("AccessionNumber"),
        number=None if order is None else int(order),
        description=of("SeriesDescription"),
        protocol=of("ProtocolName"),
        contrast=of("ContrastBolusAgent"),
        event=of("IrradiationEventUID"),
    )


def _text(ds: Tags, name: str) -> Any:
    found = value([ds], name)
    return str(found) if isinstance(found, int | float) else found


def _name(ds: Any) -> str:
    """PatientName as its bytes, which every reader gives alike, whatever the character set."""
    element = ds.get_item("PatientName") if hasattr(ds, "get_item") else ds.get("PatientName")
    raw = getattr(element, "value", element)
    if raw is None:
        return ""
    text = raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)
    # "Doe^Jane" and "DOE^JANE^^" are one person's name.
    return " ".join(text.casefold().replace("\0", "").rstrip("^= ").split())


def _time(found: Any) -> str:
    # Fractions of a second are left out by some programs and zeros by others.
    text = "" if found is None else str(found).strip().replace(":", "")
    return text.partition(".")[0].ljust(6, "0") if text else ""


@lru_cache(maxsize=4096)
def _digest(text: str) -> str:
    return blake2b(text.encode(), key=_KEY, digest_size=8).hexdigest() if text else ""


def all_of(exams: Sequence[Exam], field: str) -> set[Any]:
    """The values of one field that are known."""
    return {found for exam in exams if (found := getattr(exam, field)) not in ("", None)}
