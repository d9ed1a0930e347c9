"""What sets the images of one series apart: echo, b-value, component, time and the like.

One series (one SeriesInstanceUID) often holds several volumes. These are the values by which
``split`` takes them apart and ``points`` joins them along a fourth axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .dataset import Tag, Tags
from .values import floats, number, private, seconds_of_day, sequence, value, words

#: Keywords read here; those of functional groups come with their sequences.
TAGS: tuple[Tag, ...] = (
    "Manufacturer", "ImageType", "FrameType", "ComplexImageComponent", "EchoTime", "EchoNumbers",
    "EffectiveEchoTime", "InversionTime", "FlipAngle", "ConvolutionKernel", "KVP", "ScanOptions",
    "FrameOfReferenceUID", "StackID", "DiffusionBValue", "DiffusionGradientOrientation",
    "TemporalPositionIdentifier", "TemporalPositionIndex", "TemporalPositionTimeOffset",
    "TriggerTime", "NominalCardiacTriggerDelayTime", "NominalPercentageOfCardiacPhase",
    "NominalPercentageOfRespiratoryPhase", "FrameReferenceTime", "FrameReferenceDateTime",
    "FrameAcquisitionDateTime", "AcquisitionTime", "AcquisitionDateTime", "ContentTime",
    "AcquisitionNumber", "FrameAcquisitionNumber",
)  # fmt: skip

#: Those that tell when an image was taken or made, and nothing else.
TIMES = (
    "TemporalPositionTimeOffset", "FrameReferenceTime", "FrameAcquisitionDateTime",
    "FrameReferenceDateTime", "AcquisitionDateTime", "AcquisitionTime", "ContentTime",
)  # fmt: skip

#: Private tags by the maker's name: b-value, then the gradient's direction. From the makers'
#: DICOM conformance statements; all are read with each header, so that none needs a second look.
_DIFFUSION: dict[str, tuple[Tag, tuple[Tag, ...]]] = {
    "siemens": ((0x0019, 0x100C), ((0x0019, 0x100E),)),
    "ge": ((0x0043, 0x1039), ((0x0019, 0x10BB), (0x0019, 0x10BC), (0x0019, 0x10BD))),
    "philips": ((0x2001, 0x1003), ((0x2005, 0x10B0), (0x2005, 0x10B1), (0x2005, 0x10B2))),
    "uih": ((0x0065, 0x1009), ((0x0065, 0x1037),)),
}
#: GE: 0 magnitude, 1 phase, 2 real, 3 imaginary.
_GE_COMPONENT: Tag = (0x0043, 0x102F)
#: Philips: M, P, R or I.
_PHILIPS_COMPONENT: Tag = (0x2005, 0x1011)

PRIVATE_TAGS: tuple[Tag, ...] = (
    *(tag for b, gradient in _DIFFUSION.values() for tag in (b, *gradient)),
    _GE_COMPONENT,
    _PHILIPS_COMPONENT,
)

_COMPONENTS = {
    "M": "magnitude", "MAGNITUDE": "magnitude", "P": "phase", "PHASE": "phase",
    "PHASE MAP": "phase", "PHASE_MAP": "phase", "R": "real", "REAL": "real", "REAL_IMAGE": "real",
    "I": "imaginary", "IMAGINARY": "imaginary", "IMAGINARY_IMAGE": "imaginary",
    "PHASE_IMAGE": "phase", "VELOCITY": "phase", "VELOCITY MAP": "phase", "VELOCITY_MAP": "phase",
}  # fmt: skip

#: Words that say of two images that they show different things, wherever they lie. Other words
#: of ImageType (how it was filtered, whether it was compressed) may differ within a volume.
_MARKS = frozenset((
    "LOCALIZER", "SCOUT", "ADC", "EADC", "TRACE", "TRACEW", "FA", "COLFA", "DIFFUSION_ANISO",
    "ISOTROPIC", "WATER", "FAT", "IN_PHASE", "OUT_PHASE", "OPP_PHASE", "OP", "IP", "W", "F",
    "FAT_FRACTION", "WATER_FRACTION", "T1 MAP", "T2 MAP", "T1_MAP", "T2_MAP", "T2_STAR MAP",
    "R2 MAP", "R2_STAR MAP", "B0 MAP", "B1 MAP", "T1", "T2", "RCBV", "RCBF", "CBV", "CBF", "MTT",
    "TTP", "TMAX", "PERFUSION", "SUBTRACTION", "SUB", "PROJECTION IMAGE", "MIP", "MINIP", "MPR",
    "SCREEN SAVE", "DOSE_INFO", "CSA RESAMPLED", "REFORMATTED", "MEAN", "STDEV", "PCA", "MPG",
    "POSDISP", "T-MAP", "ZMAP", "MONO", "VNC", "IODINE",
))  # fmt: skip


@dataclass(frozen=True)
class Traits:
    """Values that set images of one series apart; None or empty where the header has none.

    Parameters
    ----------
    origin
        ORIGINAL or DERIVED.
    component
        magnitude, phase, real, imaginary, mixed.
    marks, words
        Of ImageType (0008,0008): those that always, and those that may split a series.
    echo
        (number, echo time in ms).
    inversion, flip, energy
        Inversion time in ms, flip angle in degrees, tube voltage in kV.
    b_value, gradient
        s/mm² and direction.
    temporal
        Number of the time point.
    cardiac, respiratory
        Phase in percent of its cycle.
    trigger
        Milliseconds after the R wave.
    seconds
        When it was taken, in seconds from some start that one series shares.
    content
        Seconds of the day when it was made.
    """

    sop_class: str = ""
    frame_of_reference: str = ""
    stack: str = ""
    origin: str = ""
    component: str = ""
    marks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    echo: tuple[int, float] | None = None
    inversion: float | None = None
    flip: float | None = None
    energy: float | None = None
    kernel: tuple[str, ...] = ()
    b_value: float | None = None
    gradient: tuple[float, ...] = ()
    temporal: int | None = None
    cardiac: float | None = None
    respiratory: float | None = None
    trigger: float | None = None
    seconds: float | None = None
    content: float | None = None
    acquisition: int | None = None

    @property
    def scout(self) -> bool:
        """Whether it is a localizer, which never belongs to the volume beside it."""
        return "LOCALIZER" in self.marks or "SCOUT" in self.marks


def read_traits(places: Sequence[Tags]) -> Traits:
    """Traits of one image.

    Parameters
    ----------
    places
        Where to look, the nearest first: its functional groups, then the whole data set.
    """

    def first(name: str) -> float | None:
        return number(value(places, name))

    kinds = _kinds(places)
    b_value, gradient = _diffusion(places)
    component = _component(places, kinds)
    rest = tuple(kind for kind in kinds[1:] if kind not in _COMPONENTS)
    temporal = _first_of(first("TemporalPositionIndex"), first("TemporalPositionIdentifier"))
    acquisition = _first_of(first("FrameAcquisitionNumber"), first("AcquisitionNumber"))
    return Traits(
        sop_class=str(value(places, "SOPClassUID") or ""),
        frame_of_reference=str(value(places, "FrameOfReferenceUID") or ""),
        stack=str(value(places, "StackID") or ""),
        origin=kinds[0] if kinds else "",
        component=component,
        marks=tuple(kind for kind in rest if kind in _MARKS),
        words=tuple(kind for kind in rest if kind not in _MARKS),
        echo=_echo(first),
        inversion=first("InversionTime"),
        flip=first("FlipAngle"),
        energy=first("KVP"),
        kernel=words(value(places, "ConvolutionKernel")),
        b_value=b_value,
        gradient=gradient,
        temporal=None if temporal is None else int(temporal),
        cardiac=first("NominalPercentageOfCardiacPhase"),
        respiratory=first("NominalPercentageOfRespiratoryPhase"),
        trigger=_first_of(first("NominalCardiacTriggerDelayTime"), first("TriggerTime")),
        seconds=_seconds(places, first),
        content=seconds_of_day(value(places, "ContentTime")),
        acquisition=None if acquisition is None else int(acquisition),
    )


def at_other_times(traits: Traits, places: Sequence[Tags]) -> Traits:
    """Traits of an image that differs from another one in its times alone."""
    seconds = _seconds(places, lambda name: number(value(places, name)))
    content = seconds_of_day(value(places, "ContentTime"))
    if (seconds, content) == (traits.seconds, traits.content):
        return traits
    # ``dataclasses.replace`` takes ten times as long, and each image of a series has its time.
    other = object.__new__(Traits)
    other.__dict__.update(traits.__dict__, seconds=seconds, content=content)
    return other


def _first_of(*numbers: float | None) -> float | None:
    return next((n for n in numbers if n is not None), None)


def _kinds(places: Sequence[Tags]) -> tuple[str, ...]:
    # FrameType, of the frame itself, is more exact than ImageType, of the whole file.
    kinds = words(value(places, "FrameType")) or words(value(places, "ImageType"))
    return tuple(kind.strip().upper() for kind in kinds)


def _component(places: Sequence[Tags], kinds: tuple[str, ...]) -> str:
    told = str(value(places, "ComplexImageComponent") or "").strip().upper()
    if told:
        return _COMPONENTS.get(told, "mixed")
    maker = _maker(places)
    if maker == "philips":
        told = str(private(places, _PHILIPS_COMPONENT) or "").strip().upper()
        if told in _COMPONENTS:
            return _COMPONENTS[told]
    if maker == "ge":
        code = number(private(places, _GE_COMPONENT))
        if code in (0, 1, 2, 3):
            return ("magnitude", "phase", "real", "imaginary")[int(code or 0)]
    return next((_COMPONENTS[kind] for kind in kinds[2:] if kind in _COMPONENTS), "")


def _echo(first: Any) -> tuple[int, float] | None:
    time = _first_of(first("EffectiveEchoTime"), first("EchoTime"))
    count = first("EchoNumbers")
    if time is None and count is None:
        return None
    return int(count or 0), round(time or 0.0, 2)


def _maker(places: Sequence[Tags]) -> str:
    maker = str(value(places, "Manufacturer") or "").strip().lower()
    return next((name for name in _DIFFUSION if maker.startswith(name)), "")


def _diffusion(places: Sequence[Tags]) -> tuple[float | None, tuple[float, ...]]:
    b_value = number(value(places, "DiffusionBValue"))
    gradient = floats(value(places, "DiffusionGradientOrientation"))
    for item in sequence(places, "DiffusionGradientDirectionSequence"):
        gradient = gradient or floats(value([item], "DiffusionGradientOrientation"))
    maker = _maker(places)
    if maker and b_value is None:
        b_value = number(private(places, _DIFFUSION[maker][0]))
        if maker == "ge" and b_value is not None:
            b_value %= 100_000  # GE adds a flag of 10⁹ to the b-value
    if maker and b_value is not None and len(gradient) != 3:
        gradient = tuple(n for tag in _DIFFUSION[maker][1] for n in floats(private(places, tag)))
    unit = tuple(round(g, 4) + 0.0 for g in gradient) if len(gradient) == 3 and b_value else ()
    return b_value, unit


def _seconds(places: Sequence[Tags], first: Any) -> float | None:
    offset = first("TemporalPositionTimeOffset")
    if offset is not None:
        return float(offset)
    reference = first("FrameReferenceTime")
    if reference is not None:
        return float(reference) / 1000
    for name in ("FrameAcquisitionDateTime", "FrameReferenceDateTime", "AcquisitionDateTime",
                 "AcquisitionTime"):  # fmt: skip
        seconds = seconds_of_day(value(places, name))
        if seconds is not None:
            return seconds
    return None
