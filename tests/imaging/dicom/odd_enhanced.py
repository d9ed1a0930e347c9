"""Makers of multi-frame DICOM objects with functional groups, and of Siemens mosaics."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
)

from ..series import AXIAL, image
from .odd_series import ct, mr, noise, normal, stack, turned, uid, write

_ORIGIN = (-40.0, 25.0, -110.0)


def item(**values: Any) -> Dataset:
    """A sequence item of these attributes."""
    inner = Dataset()
    for name, value in values.items():
        setattr(inner, name, value)
    return inner


def one(**values: Any) -> Items:
    """A sequence of one item."""
    return Items([item(**values)])


def frame_groups(position: Sequence[float], content: Mapping[str, Any], **groups: Items) -> Dataset:
    """The functional groups of one frame (PS3.3 C.7.6.16)."""
    return item(
        FrameContentSequence=one(**content),
        PlanePositionSequence=one(ImagePositionPatient=[float(v) for v in position]),
        **groups,
    )


def enhanced(
    frames: npt.NDArray[Any],
    per_frame: Sequence[Dataset],
    tags: Mapping[str, Any],
    *,
    orientation: Sequence[float] = AXIAL,
    **shared: Items,
) -> FileDataset:
    """An enhanced object; plane and pixel measures are shared by its frames."""
    flat = {name: value for name, value in tags.items() if name not in _IN_GROUPS}
    ds = image(
        frames, position=None, orientation=None, PixelSpacing=None,
        NumberOfFrames=len(frames), **flat,
    )  # fmt: skip
    groups: dict[str, Items] = {
        "PlaneOrientationSequence": one(ImageOrientationPatient=list(orientation)),
        "PixelMeasuresSequence": one(
            PixelSpacing=[0.8, 0.7], SliceThickness=4.0, SpacingBetweenSlices=4.0
        ),
        **shared,
    }
    ds.SharedFunctionalGroupsSequence = Items([item(**groups)])
    ds.PerFrameFunctionalGroupsSequence = Items(list(per_frame))
    ds.DimensionOrganizationSequence = one(DimensionOrganizationUID=uid("dimension"))
    ds.DimensionIndexSequence = Items(
        [
            item(DimensionIndexPointer=tag, FunctionalGroupPointer=0x00209111)
            for tag in (0x00209056, 0x00209057, 0x00209128)
        ]
    )
    return ds


#: Attributes that live in functional groups of an enhanced object.
_IN_GROUPS = ("PixelSpacing", "SliceThickness", "EchoTime", "RescaleSlope", "RescaleIntercept",
              "RepetitionTime", "FlipAngle")  # fmt: skip


def _content(k: int, time: int = 1, n: int = 0) -> dict[str, Any]:
    return {
        "StackID": "1", "InStackPositionNumber": k + 1, "TemporalPositionIndex": time,
        "DimensionIndexValues": [1, k + 1, time],
        "FrameAcquisitionDateTime": f"202001011001{n:02d}",
        "FrameAcquisitionNumber": n + 1,
    }  # fmt: skip


def _place(k: int, orientation: Sequence[float] = AXIAL) -> npt.NDArray[np.float64]:
    return np.round(np.asarray(_ORIGIN) + 4.0 * k * normal(orientation), 8)


def _hu(slope: float = 1, intercept: float = -1024) -> dict[str, Items]:
    return {
        "PixelValueTransformationSequence": one(
            RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="HU"
        )
    }


def enhanced_ct(folder: Path) -> None:
    tags = ct("enhanced ct", sop_class=EnhancedCTImageStorage)
    frames = [frame_groups(_place(k), _content(k)) for k in range(6)]
    write(folder, [enhanced(noise(6, 12, 10), frames, tags, **_hu())])


def enhanced_ct_oblique_head_down(folder: Path) -> None:
    """Frames stored from the head down, leaning, each with a rescale of its own."""
    tags = ct("enhanced oblique", sop_class=EnhancedCTImageStorage)
    lean = turned(-20, 10, 5)
    frames = [
        frame_groups(_place(k, lean), _content(k), **_hu(1, -1000)) for k in reversed(range(6))
    ]
    write(folder, [enhanced(noise(6, 12, 10), frames, tags, orientation=lean)])


def _mr_groups(**more: Items) -> dict[str, Items]:
    return {
        "MREchoSequence": one(EffectiveEchoTime=10.0),
        "MRTimingAndRelatedParametersSequence": one(RepetitionTime=2000.0, FlipAngle=90.0),
        "MRImageFrameTypeSequence": one(
            FrameType=["ORIGINAL", "PRIMARY", "M", "NONE"], ComplexImageComponent="MAGNITUDE"
        ),
        **more,
    }


def enhanced_mr(folder: Path) -> None:
    """Coronal-oblique, the frames shuffled: their order in the file means nothing."""
    tags = mr("enhanced mr", sop_class=EnhancedMRImageStorage)
    lean = turned(-75, 8, 0)
    order = (3, 0, 5, 1, 4, 2)
    frames = [frame_groups(_place(k, lean), _content(k)) for k in order]
    ds = enhanced(noise(6, 12, 10), frames, tags, orientation=lean, **_mr_groups(), **_hu(2, 5))
    write(folder, [ds])


def enhanced_mr_in_time(folder: Path) -> None:
    """4-D: three time points of four slices, position by position."""
    tags = mr("enhanced 4d", sop_class=EnhancedMRImageStorage)
    frames = [
        frame_groups(
            _place(k), _content(k, t + 1, t),
            TemporalPositionSequence=one(TemporalPositionTimeOffset=2.0 * t),
        )
        for k in range(4) for t in range(3)
    ]  # fmt: skip
    ds = enhanced(noise(12, 12, 10), frames, tags, **_mr_groups(), **_hu(1, 0))
    write(folder, [ds])


def enhanced_mr_diffusion(folder: Path) -> None:
    """b=0 and two directions of b=800 in one object."""
    tags = mr("enhanced dwi", sop_class=EnhancedMRImageStorage)
    frames = []
    for n, (b, way) in enumerate(((0, None), (800, (1, 0, 0)), (800, (0, 0.6, 0.8)))):
        for k in range(4):
            weighting = item(
                DiffusionBValue=float(b), DiffusionDirectionality="DIRECTIONAL" if b else "NONE"
            )
            if way is not None:
                weighting.DiffusionGradientDirectionSequence = one(
                    DiffusionGradientOrientation=[float(v) for v in way]
                )
            groups = frame_groups(
                _place(k), _content(k, n + 1, n), MRDiffusionSequence=Items([weighting])
            )
            frames.append(groups)
    write(folder, [enhanced(noise(12, 12, 10), frames, tags, **_mr_groups(), **_hu(1, 0))])


def enhanced_in_two_files(folder: Path) -> None:
    """One object for each time point, of one series, as some scanners write 4-D."""
    images = []
    for t in range(2):
        tags = mr("enhanced files", sop_class=EnhancedMRImageStorage, AcquisitionNumber=t + 1)
        frames = [
            frame_groups(
                _place(k), _content(k, t + 1, t),
                TemporalPositionSequence=one(TemporalPositionTimeOffset=2.0 * t),
            )
            for k in range(4)
        ]  # fmt: skip
        ds = enhanced(noise(4, 12, 10, seed=t), frames, tags, **_mr_groups(), **_hu(1, 0))
        ds.InstanceNumber = t + 1
        images.append(ds)
    write(folder, images)


def _legacy(case: str, tags: dict[str, Any]) -> FileDataset:
    classic = stack(noise(5, 12, 10), tags)
    frames = []
    for k, ds in enumerate(classic):
        groups = frame_groups(
            ds.ImagePositionPatient, {"FrameAcquisitionNumber": 1},
            UnassignedPerFrameConvertedAttributesSequence=one(InstanceNumber=k + 1),
            ConversionSourceAttributesSequence=one(
                ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=uid(case, k)
            ),
        )  # fmt: skip
        frames.append(groups)
    shared = {"UnassignedSharedConvertedAttributesSequence": one(PatientPosition="HFS")}
    return enhanced(noise(5, 12, 10), frames, tags, **shared, **_hu(1, -1024))


def legacy_converted_ct(folder: Path) -> None:
    tags = ct("legacy ct", sop_class=LegacyConvertedEnhancedCTImageStorage)
    write(folder, [_legacy("legacy ct", tags)])


def legacy_converted_mr(folder: Path) -> None:
    tags = mr("legacy mr", sop_class=LegacyConvertedEnhancedMRImageStorage)
    write(folder, [_legacy("legacy mr", tags)])


# --- Siemens mosaic -----------------------------------------------------------------------


def csa_header(elements: Mapping[str, tuple[str, Sequence[str]]]) -> bytes:
    """A CSA header of version 2 ("SV10"), as Siemens scanners write it.

    Layout: https://nipy.org/nibabel/dicom/siemens_csa.html. Names map to a value
    representation and the values as text.
    """
    out = b"SV10\4\3\2\1" + struct.pack("<II", len(elements), 77)
    for name, (vr, values) in elements.items():
        # Siemens writes at least six items, the unused ones empty.
        count = max(6, len(values))
        out += struct.pack(
            "<64si4siii", name.encode(), len(values), vr.encode() + b"\0", 0, count, 77
        )
        for n in range(count):
            data = values[n].encode() + b"\0" if n < len(values) else b""
            out += struct.pack("<4i", len(data), len(data), 77, len(data))
            out += data + b"\0" * (-len(data) % 4)
    return out


def tiled(voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Slices side by side on the smallest square grid that holds them."""
    count, rows, columns = voxels.shape
    side = int(np.ceil(np.sqrt(count)))
    grid = np.zeros((side, rows, side, columns), voxels.dtype)
    for n, pixels in enumerate(voxels):
        grid[n // side, :, n % side] = pixels
    return grid.reshape(side * rows, side * columns)


def mosaic_image(
    voxels: npt.NDArray[Any],
    *,
    orientation: Sequence[float] = AXIAL,
    down: bool = False,
    **tags: Any,
) -> FileDataset:
    """A mosaic of slices 4 mm apart; ``down`` turns the CSA header's slice normal round.

    ImagePositionPatient is that of a picture of the whole mosaic's size, centred where the
    first slice is, which is what the scanner writes.
    """
    count, rows, columns = voxels.shape
    sense = -1.0 if down else 1.0
    way = normal(orientation) * sense
    pixels = tiled(voxels)
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    extra = np.array(pixels.shape) - (rows, columns)
    corner = np.asarray(_ORIGIN) - column * extra[0] / 2 * 0.8 - row * extra[1] / 2 * 0.7
    ds = image(pixels, position=tuple(np.round(corner, 8)), orientation=tuple(orientation), **tags)
    vector = [f"{float(v):.8f}" for v in way]
    elements = {
        "NumberOfImagesInMosaic": ("US", [str(count)]),
        "SliceNormalVector": ("FD", vector),
        "ProtocolSliceNumber": ("IS", ["0"]),
        "MosaicRefAcqTimes": ("FD", [f"{50.0 * k:.1f}" for k in range(count)]),
        "PhaseEncodingDirectionPositive": ("IS", ["1"]),
    }
    block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x08, "CS", "IMAGE NUM 4")
    block.add_new(0x10, "OB", csa_header(elements))
    counts = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    counts.add_new(0x0A, "US", count)
    return ds


def _siemens(case: str, **tags: Any) -> dict[str, Any]:
    return mr(
        case, Manufacturer="SIEMENS", SpacingBetweenSlices=4.0, SliceThickness=3.5,
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], **tags,
    )  # fmt: skip


def mosaic(folder: Path) -> None:
    write(folder, [mosaic_image(noise(7, 12, 10), **_siemens("mosaic"))])


def mosaic_oblique_down(folder: Path) -> None:
    lean = turned(18, -9, 4)
    ds = mosaic_image(noise(7, 12, 10), orientation=lean, down=True, **_siemens("mosaic down"))
    write(folder, [ds])


def mosaic_in_time(folder: Path) -> None:
    """A functional series: one mosaic for each of four time points."""
    images = []
    for t in range(4):
        tags = _siemens(
            "fmri", InstanceNumber=t + 1, AcquisitionNumber=t + 1,
            AcquisitionTime=f"1001{2 * t:02d}", ContentTime=f"1001{2 * t:02d}",
        )  # fmt: skip
        images.append(mosaic_image(noise(7, 12, 10, seed=t), **tags))
    write(folder, images)


CASES: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker
    for maker in (
        enhanced_ct, enhanced_ct_oblique_head_down, enhanced_mr, enhanced_mr_in_time,
        enhanced_mr_diffusion, enhanced_in_two_files, legacy_converted_ct, legacy_converted_mr,
        mosaic, mosaic_oblique_down, mosaic_in_time,
    )
}  # fmt: skip
