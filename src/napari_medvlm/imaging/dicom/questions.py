"""The questions that decide which images of a series make one volume, in their order.

Identity goes before position: who, when, in which space, what and how it was made. Where images
lie is asked last. docs/reading.md shows this table; a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from .frame_roles import Axis
from .header import ImageHeader


class Rule(Enum):
    """What it means that images differ in an answer."""

    ALWAYS = "always two volumes"
    NOT_BY_SLICE = "two volumes, unless each slice has an answer of its own"
    NOT_IN_TIME = "the same, unless more than 8 answers at one place make a fourth axis"
    COMPLETE = "two volumes where each is a whole stack, lying between the other's slices"


#: What is not known: an absent tag agrees with anything.
Unknown = (None, "", ())

Key = Callable[[ImageHeader], Hashable]


@dataclass(frozen=True)
class Question:
    """One thing that is asked of each image.

    Parameters
    ----------
    name
        What is asked, for people; begins the remark where each slice has its own answer.
    tags
        Where the answer stands.
    key
        The answer; one of ``Unknown`` where the header does not give it.
    rule
        What follows from different answers.
    label
        The answer in words that may be kept, which are numbers and known terms and never free
        text. None: volumes are numbered ("patient 1 of 2").
    """

    name: str
    tags: str
    key: Key
    rule: Rule
    label: Callable[[ImageHeader], str] | None = None


def _milliseconds(name: str, time: float | None) -> str:
    return f"{name} {time:.5g} ms" if time else ""


def _echo(h: ImageHeader) -> str:
    return _milliseconds("echo time", h.traits.echo[1] if h.traits.echo else None)


def _kernel(h: ImageHeader) -> str:
    return f"kernel {' '.join(h.traits.kernel)}" if h.traits.kernel else ""


#: Asked one after another of what the last one left together.
QUESTIONS = (
    Question("patient", "PatientID (0010,0020)", lambda h: h.exam.patient, Rule.ALWAYS),
    Question("patient's name", "PatientName (0010,0010)", lambda h: h.exam.name, Rule.ALWAYS),
    Question("birth date", "PatientBirthDate (0010,0030)", lambda h: h.exam.birth, Rule.ALWAYS),
    Question("study date", "StudyDate (0008,0020)", lambda h: h.exam.date, Rule.ALWAYS),
    Question("study time", "StudyTime (0008,0030)", lambda h: h.exam.time, Rule.NOT_BY_SLICE),
    Question("accession number", "AccessionNumber (0008,0050)", lambda h: h.exam.accession,
             Rule.NOT_BY_SLICE),
    Question("series number", "SeriesNumber (0020,0011)", lambda h: h.exam.number,
             Rule.NOT_BY_SLICE),
    Question("series description", "SeriesDescription (0008,103E)",
             lambda h: h.exam.description, Rule.NOT_BY_SLICE),
    Question("protocol", "ProtocolName (0018,1030)", lambda h: h.exam.protocol,
             Rule.NOT_BY_SLICE),
    Question("frame of reference", "FrameOfReferenceUID (0020,0052)",
             lambda h: h.traits.frame_of_reference, Rule.NOT_BY_SLICE),
    Question("contrast agent", "ContrastBolusAgent (0018,0010)", lambda h: h.exam.contrast,
             Rule.NOT_BY_SLICE),
    Question("kernel", "ConvolutionKernel (0018,1210)", lambda h: h.traits.kernel,
             Rule.NOT_BY_SLICE, _kernel),
    Question("tube voltage", "KVP (0018,0060)", lambda h: h.traits.energy, Rule.NOT_BY_SLICE,
             lambda h: f"{h.traits.energy:.4g} kV" if h.traits.energy else ""),
    Question("slice thickness", "SliceThickness (0018,0050)", lambda h: h.thickness,
             Rule.NOT_BY_SLICE,
             lambda h: f"slice thickness {h.thickness:.4g} mm" if h.thickness else ""),
    Question("echo", "EchoNumbers (0018,0086), EchoTime (0018,0081)", lambda h: h.traits.echo,
             Rule.NOT_BY_SLICE, _echo),
    Question("inversion time", "InversionTime (0018,0082)", lambda h: h.traits.inversion,
             Rule.NOT_IN_TIME, lambda h: _milliseconds("inversion time", h.traits.inversion)),
    Question("flip angle", "FlipAngle (0018,1314)", lambda h: h.traits.flip, Rule.NOT_IN_TIME,
             lambda h: f"flip angle {h.traits.flip:.4g} degrees" if h.traits.flip else ""),
    Question("time point", "TemporalPositionIdentifier (0020,0100)",
             lambda h: h.traits.temporal, Rule.COMPLETE,
             lambda h: f"time point {h.traits.temporal}" if h.traits.temporal is not None else ""),
    Question("b-value", "DiffusionBValue (0018,9087), or the maker's",
             lambda h: h.traits.b_value, Rule.COMPLETE,
             lambda h: f"b-value {h.traits.b_value:g}" if h.traits.b_value is not None else ""),
    Question("phase of the heart", "NominalPercentageOfCardiacPhase (0020,9241), TriggerTime "
             "(0018,1060)", lambda h: _known(h.traits.cardiac, h.traits.trigger), Rule.COMPLETE),
    Question("phase of breathing", "NominalPercentageOfRespiratoryPhase (0020,9245)",
             lambda h: h.traits.respiratory, Rule.COMPLETE),
    Question("acquisition", "AcquisitionNumber (0020,0012)", lambda h: h.traits.acquisition,
             Rule.COMPLETE,
             lambda h: f"acquisition {h.traits.acquisition}"
             if h.traits.acquisition is not None else ""),
    Question("irradiation event", "IrradiationEventUID (0008,3010)", lambda h: h.exam.event,
             Rule.COMPLETE),
    Question("time of acquisition", "AcquisitionTime (0008,0032)", lambda h: h.traits.seconds,
             Rule.COMPLETE),
)  # fmt: skip


def _known(*answers: float | None) -> tuple[float | None, ...] | None:
    return None if all(answer is None for answer in answers) else answers


def what(header: ImageHeader) -> Hashable:
    """What an image is. Unlike other answers, an empty one is an answer too."""
    t = header.traits
    return (
        t.sop_class, header.modality, header.shape, header.photometric == "PALETTE COLOR",
        t.stack, t.origin, t.component, t.marks, header.cine,
        header.role.axis, header.role.group,
    )  # fmt: skip


def what_labels(head: ImageHeader) -> tuple[str, ...]:
    """What an image is and which way it lies, in words that may be kept."""
    t = head.traits
    return (
        head.role.label,
        "localizer" if t.scout else "",
        _plane(head),
        f"{head.shape[0]} x {head.shape[1]} pixels",
        f"pixels of {head.spacing[0]:.4g} x {head.spacing[1]:.4g} mm" if head.spacing else "",
        "colour" if head.shape[2] > 1 else "grey",
        t.origin.lower() if t.origin in ("ORIGINAL", "DERIVED") else "",
        t.component,
        " ".join(mark for mark in t.marks).lower(),
        f"stack {t.stack}" if t.stack.isdecimal() else "",
    )


def _plane(head: ImageHeader) -> str:
    if head.orientation is None or head.position is None or head.role.axis is Axis.VOLUME:
        return ""
    normal = np.abs(np.cross(head.orientation[:3], head.orientation[3:]))
    return ("sagittal", "coronal", "axial")[int(np.argmax(normal))]
