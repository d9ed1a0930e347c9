"""Makers of classic DICOM series, as odd as clinics hold them.

Each maker writes one case into a folder and returns nothing: what lies in it is for judges to
say. ``CASES`` names them. Voxel values are random, so that a flip or a swap cannot pass.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import FileDataset
from pydicom.uid import CTImageStorage, MRImageStorage

from ..series import AXIAL, image, save

CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)
Vector = Sequence[float] | npt.NDArray[np.float64]
Tags = Mapping[str, Any]


def uid(*parts: object) -> str:
    """The same UID for the same words, so that a case is the same in every run."""
    return f"1.2.826.0.1.3680043.8.498.{zlib.crc32(repr(parts).encode())}"


def noise(*shape: int, seed: int = 1) -> npt.NDArray[np.int16]:
    """Random stored values that 12 bits hold, their sign among them."""
    return np.random.default_rng(seed).integers(-2048, 2048, shape).astype(np.int16)


def positive(*shape: int, seed: int = 1) -> npt.NDArray[np.uint16]:
    """The same for objects without sign."""
    return (noise(*shape, seed=seed) + 2048).astype(np.uint16)


def turned(x: float, y: float, z: float) -> tuple[float, ...]:
    """Orientation cosines of the axial plane turned about x, y and z by these degrees."""
    a, b, c = np.radians([x, y, z])
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turn = rz @ ry @ rx
    return tuple(np.round(np.concatenate([turn[:, 0], turn[:, 1]]), 10))


def normal(orientation: Sequence[float]) -> npt.NDArray[np.float64]:
    return np.cross(orientation[:3], orientation[3:])


def common(case: str, modality: str) -> dict[str, Any]:
    """What every scanner writes, beside ``series.image``."""
    return {
        "Modality": modality,
        "StudyInstanceUID": uid("study", case),
        "FrameOfReferenceUID": uid("frame of reference", case),
        "SeriesInstanceUID": uid("series", case),
        "SeriesNumber": 2,
        "StudyID": "1",
        "AcquisitionNumber": 1,
        "Manufacturer": "Phantom",
        "PatientBirthDate": "19700102",
        "StudyDate": "20200101",
        "StudyTime": "100000",
        "SeriesTime": "100100",
        "AcquisitionTime": "100101",
        "PatientPosition": "HFS",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SliceThickness": 4.0,
        "PixelSpacing": [0.8, 0.7],
        "BitsStored": 12,
        "HighBit": 11,
    }


def ct(case: str, **tags: Any) -> dict[str, Any]:
    return {
        **common(case, "CT"), "RescaleSlope": 1, "RescaleIntercept": -1024,
        "KVP": 120, "sop_class": CTImageStorage, **tags,
    }  # fmt: skip


def mr(case: str, **tags: Any) -> dict[str, Any]:
    return {
        **common(case, "MR"), "sop_class": MRImageStorage, "ScanningSequence": "EP",
        "MRAcquisitionType": "2D", "EchoTime": 10, "RepetitionTime": 2000, "FlipAngle": 90,
        "MagneticFieldStrength": 3, "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
        "SequenceName": "ep2d", **tags,
    }  # fmt: skip


def stack(
    voxels: npt.NDArray[Any],
    tags: Tags,
    *,
    orientation: Sequence[float] = AXIAL,
    origin: Vector = (-40.0, 25.0, -110.0),
    step: Vector | None = None,
    first: int = 1,
) -> list[FileDataset]:
    """Slices one step apart (LPS mm; 4 mm along the normal by default), numbered in that order."""
    way = 4.0 * normal(orientation) if step is None else np.asarray(step, float)
    tags = {name: value for name, value in tags.items() if value is not None}
    return [
        image(
            pixels,
            position=tuple(np.round(np.asarray(origin) + k * way, 8)),
            orientation=tuple(orientation),
            number=first + k,
            **tags,
        )
        for k, pixels in enumerate(voxels)
    ]


def write(folder: Path, images: Sequence[FileDataset], *, seed: int = 3) -> None:
    """Save under names in random order, the instances' own UIDs made repeatable."""
    folder.mkdir(parents=True, exist_ok=True)
    start = len(list(folder.iterdir()))
    names = np.random.default_rng(seed).permutation(len(images))
    for n, ds in zip(names, images, strict=True):
        ds.SOPInstanceUID = uid(folder.name, start + int(n))
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        save(ds, folder / f"IM{start + n:04d}")


# --- CT -----------------------------------------------------------------------------------


def axial(folder: Path) -> None:
    write(folder, stack(noise(6, 12, 10), ct("axial")))


def coronal(folder: Path) -> None:
    write(folder, stack(noise(5, 12, 10), ct("coronal"), orientation=CORONAL))


def sagittal(folder: Path) -> None:
    write(folder, stack(noise(5, 12, 10), ct("sagittal"), orientation=SAGITTAL))


def oblique(folder: Path) -> None:
    write(folder, stack(noise(6, 12, 10), ct("oblique"), orientation=turned(12, -20, 7)))


def double_oblique_coronal(folder: Path) -> None:
    write(folder, stack(noise(6, 12, 10), ct("double"), orientation=turned(-70, 15, 33)))


def head_down(folder: Path) -> None:
    """Numbered from the head down, as most scanners do."""
    write(folder, stack(noise(6, 12, 10), ct("head down"), step=(0, 0, -4.0)))


def prone(folder: Path) -> None:
    """Rows run to the right, columns to the front."""
    tags = ct("prone", PatientPosition="HFP")
    write(folder, stack(noise(6, 12, 10), tags, orientation=(-1, 0, 0, 0, -1, 0)))


def feet_first(folder: Path) -> None:
    """The normal of the slices points to the feet."""
    tags = ct("feet first", PatientPosition="FFS")
    write(folder, stack(noise(6, 12, 10), tags, orientation=(-1, 0, 0, 0, 1, 0)))


def single_slice(folder: Path) -> None:
    write(folder, stack(noise(1, 12, 10), ct("single")))


def numbers_do_not_help(folder: Path) -> None:
    """InstanceNumber in an order of its own, as after an export from another archive."""
    images = stack(noise(6, 12, 10), ct("numbers"))
    for ds, n in zip(images, (4, 1, 6, 2, 5, 3), strict=True):
        ds.InstanceNumber = n
    write(folder, images)


def rounded_positions(folder: Path) -> None:
    """Positions that a scanner rounded to hundredths: 0.625 mm apart, written 0.62 and 0.63."""
    images = stack(noise(9, 12, 10), ct("rounded", SliceThickness=0.625), step=(0, 0, 0.625))
    for ds in images:
        ds.ImagePositionPatient = [round(float(v), 2) for v in ds.ImagePositionPatient]
    write(folder, images)


def thickness_is_no_spacing(folder: Path) -> None:
    """Slices of 5 mm that overlap, 2.5 mm apart, and a wrong SpacingBetweenSlices."""
    tags = ct("overlap", SliceThickness=5, SpacingBetweenSlices=5)
    write(folder, stack(noise(6, 12, 10), tags, step=(0, 0, 2.5)))


def no_thickness(folder: Path) -> None:
    write(folder, stack(noise(6, 12, 10), ct("thin", SliceThickness=None)))


def unsigned(folder: Path) -> None:
    write(folder, stack(positive(4, 12, 10), ct("unsigned")))


def rescale_by_slice(folder: Path) -> None:
    """A PET series: each slice has a slope of its own."""
    images = stack(noise(5, 12, 10), ct("pet", Modality="PT", RescaleIntercept=0))
    for k, ds in enumerate(images):
        ds.RescaleSlope = 0.25 * (k + 1)
    write(folder, images)


def gap(folder: Path) -> None:
    images = stack(noise(8, 12, 10), ct("gap"))
    del images[5]
    write(folder, images)


def duplicates(folder: Path) -> None:
    """Two files of the series lie in the folder twice."""
    images = stack(noise(6, 12, 10), ct("twice"))
    write(folder, images)
    for n in (1, 4):
        (folder / f"copy{n}").write_bytes((folder / f"IM{n:04d}").read_bytes())


def variable_spacing(folder: Path) -> None:
    """Thin slices through the middle, thick ones at both ends."""
    images = stack(noise(8, 12, 10), ct("uneven"))
    for ds, z in zip(images, (0, 6, 12, 14, 16, 18, 24, 30), strict=True):
        ds.ImagePositionPatient = [-40.0, 25.0, -110.0 + z]
    write(folder, images)


def gantry_tilt(folder: Path) -> None:
    """Slices leaning 15 degrees, the table moving straight on."""
    tags = ct("tilt", GantryDetectorTilt=15)
    lean = turned(15, 0, 0)
    write(folder, stack(noise(6, 12, 10), tags, orientation=lean, step=(0, 0, 4.0)))


def two_sizes(folder: Path) -> None:
    write(folder, stack(noise(5, 12, 10), ct("sizes")))
    write(folder, stack(noise(4, 8, 8, seed=2), ct("sizes"), first=6, origin=(0, 0, 50)))


def localizer_inside(folder: Path) -> None:
    """A scout of the same series, coronal, beside the axial slices."""
    tags = ct("scout")
    write(folder, stack(noise(6, 12, 10), tags))
    scout = {**tags, "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    write(folder, stack(noise(1, 12, 10, seed=9), scout, orientation=CORONAL, first=7))


# --- MR -----------------------------------------------------------------------------------


def three_plane_localizer(folder: Path) -> None:
    tags = mr("planes", ImageType=["ORIGINAL", "PRIMARY", "M", "NORM"])
    for n, orientation in enumerate((AXIAL, CORONAL, SAGITTAL)):
        images = stack(noise(3, 12, 12, seed=n), tags, orientation=orientation, first=3 * n + 1)
        write(folder, images)


def echoes(folder: Path) -> None:
    """Two echoes at every position, in turn."""
    images = []
    for n, time in enumerate((4.92, 7.38)):
        tags = mr("echoes", EchoTime=time, EchoNumbers=n + 1)
        images += stack(noise(5, 12, 10, seed=n), tags, first=5 * n + 1)
    write(folder, images)


def magnitude_and_phase(folder: Path) -> None:
    images = []
    for n, kind in enumerate("MP"):
        tags = mr("phase", ImageType=["ORIGINAL", "PRIMARY", kind, "ND"])
        if kind == "P":
            tags |= {"RescaleSlope": 2, "RescaleIntercept": -4096}
        images += stack(noise(5, 12, 10, seed=n), tags, first=5 * n + 1)
    write(folder, images)


_GRADIENTS = ((0, (0, 0, 0)), (1000, (1, 0, 0)), (1000, (0, 1, 0)), (1000, (0, 0.6, 0.8)))


def diffusion(folder: Path) -> None:
    """One b=0 and three directions of b=1000, in the public tags."""
    images = []
    for n, (b, way) in enumerate(_GRADIENTS):
        tags = mr(
            "dwi", DiffusionBValue=float(b), AcquisitionNumber=n + 1,
            AcquisitionTime=f"10010{n}", ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"],
            DiffusionGradientOrientation=[float(x) for x in way] if b else None,
            DiffusionDirectionality="DIRECTIONAL" if b else "NONE",
        )  # fmt: skip
        images += stack(noise(4, 12, 10, seed=n), tags, first=4 * n + 1)
    write(folder, images)


def ge_diffusion(folder: Path) -> None:
    """GE: b-values in a private tag (0043,1039), the highest ones with 10^9 added."""
    images = []
    for n, b in enumerate((0, 500, 1000)):
        tags = mr("ge dwi", Manufacturer="GE MEDICAL SYSTEMS", AcquisitionNumber=1)
        part = stack(noise(4, 12, 10, seed=n), tags, first=4 * n + 1)
        for ds in part:
            block = ds.private_block(0x0043, "GEMS_PARM_01", create=True)
            block.add_new(0x39, "IS", [1_000_000_000 + b if b else 0, 8, 0, 0])
        images += part
    write(folder, images)


def cine(folder: Path) -> None:
    """Heart: four phases at each of three positions, numbered position by position."""
    voxels = noise(4, 3, 12, 10)
    images = []
    for t in range(4):
        tags = mr("cine", TriggerTime=25.0 * t, NominalInterval=100, CardiacNumberOfImages=4)
        part = stack(voxels[t], tags, orientation=turned(30, 20, 0))
        for k, ds in enumerate(part):
            ds.InstanceNumber = 4 * k + t + 1
        images += part
    write(folder, images)


def perfusion(folder: Path) -> None:
    """Five time points two seconds apart."""
    images = []
    for t in range(5):
        tags = mr(
            "perfusion", TemporalPositionIdentifier=t + 1, NumberOfTemporalPositions=5,
            AcquisitionTime=f"1001{2 * t:02d}", AcquisitionNumber=t + 1, ContentTime=f"1002{t:02d}",
        )  # fmt: skip
        images += stack(noise(4, 12, 10, seed=t), tags, first=4 * t + 1)
    write(folder, images)


def time_by_clock_alone(folder: Path) -> None:
    """Four passes over the same slices that only their numbers and times tell apart."""
    images = []
    for t in range(4):
        clock = {"AcquisitionTime": f"1001{3 * t:02d}", "ContentTime": f"1001{3 * t:02d}"}
        tags = mr("clock", AcquisitionNumber=t + 1, **clock)
        images += stack(noise(4, 12, 10, seed=t), tags, first=4 * t + 1)
    write(folder, images)


def philips_scaling(folder: Path) -> None:
    """Philips: stored values with a rescale, and private factors for the precise ones."""
    tags = mr("philips", Manufacturer="Philips Medical Systems", RescaleSlope=1.5)
    images = stack(noise(5, 12, 10), {**tags, "RescaleIntercept": 10})
    for ds in images:
        block = ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", 0.004)
        block.add_new(0x0D, "FL", 0.0)
    write(folder, images)


CASES: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker
    for maker in (
        axial, coronal, sagittal, oblique, double_oblique_coronal, head_down, prone, feet_first,
        single_slice, numbers_do_not_help, rounded_positions, thickness_is_no_spacing,
        no_thickness, unsigned, rescale_by_slice, gap, duplicates, variable_spacing, gantry_tilt,
        two_sizes, localizer_inside, three_plane_localizer, echoes, magnitude_and_phase,
        diffusion, ge_diffusion, cine, perfusion, time_by_clock_alone, philips_scaling,
    )
}  # fmt: skip
