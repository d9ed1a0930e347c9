"""Makers of series as careless exports, aborted scans and older scanners leave them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.uid import EnhancedMRImageStorage

from ..series import save
from .odd_enhanced import enhanced, frame_groups, mosaic_image, one
from .odd_series import CORONAL, ct, mr, noise, stack, turned, uid, write


def _written(folder: Path, images: list[FileDataset]) -> None:
    """Save as they are, their UIDs untouched."""
    folder.mkdir(parents=True, exist_ok=True)
    for n, ds in enumerate(images):
        save(ds, folder / f"I{n * 7 % len(images):03d}")


def one_uid_for_all(folder: Path) -> None:
    """A careless anonymizer: every instance has the same SOPInstanceUID."""
    images = stack(noise(6, 12, 10), ct("same uid"))
    for ds in images:
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid("all")
    _written(folder, images)


def no_numbers(folder: Path) -> None:
    """InstanceNumber is 1 everywhere, AcquisitionNumber empty."""
    images = stack(noise(6, 12, 10), ct("no numbers", AcquisitionNumber=""))
    for ds in images:
        ds.InstanceNumber = 1
    write(folder, images)


def rounded_cosines(folder: Path) -> None:
    """Orientation rounded to four digits, so that it is of unit length only nearly."""
    lean = tuple(round(v, 4) for v in turned(23, -11, 31))
    exact = turned(23, -11, 31)
    way = 4.0 * np.cross(exact[:3], exact[3:])
    write(folder, stack(noise(6, 12, 10), ct("cosines"), orientation=lean, step=way))


def jittered_cosines(folder: Path) -> None:
    """Each slice repeats the orientation with an error in the sixth digit."""
    images = stack(noise(6, 12, 10), ct("jitter"), orientation=turned(5, 3, 0))
    for k, ds in enumerate(images):
        cosines = [float(v) for v in ds.ImageOrientationPatient]
        cosines[1] += 1e-6 * (k - 3)
        ds.ImageOrientationPatient = [round(v, 9) for v in cosines]
    write(folder, images)


def phases_of_contrast(folder: Path) -> None:
    """Two acquisitions over the same slices in one CT series: before and after contrast."""
    images = []
    for n in range(2):
        tags = ct("contrast", AcquisitionNumber=n + 1, AcquisitionTime=f"10{n}101")
        images += stack(noise(5, 12, 10, seed=n), tags, first=5 * n + 1)
    write(folder, images)


def aborted_series(folder: Path) -> None:
    """Time points stopped in the middle of the last one."""
    images = []
    for t in range(4):
        tags = mr(
            "aborted", TemporalPositionIdentifier=t + 1, AcquisitionNumber=t + 1,
            AcquisitionTime=f"1001{2 * t:02d}",
        )  # fmt: skip
        part = stack(noise(5, 12, 10, seed=t), tags, first=5 * t + 1)
        images += part[:2] if t == 3 else part
    write(folder, images)


def echoes_of_magnitude_and_phase(folder: Path) -> None:
    """A field map: two echoes, each with magnitude and phase, all in one series."""
    images = []
    for n, (time, kind) in enumerate(((4.92, "M"), (4.92, "P"), (7.38, "M"), (7.38, "P"))):
        kinds = ["ORIGINAL", "PRIMARY", kind, "ND"]
        tags = mr("field map", EchoTime=time, EchoNumbers=1 + n // 2, ImageType=kinds)
        images += stack(noise(4, 12, 10, seed=n), tags, first=4 * n + 1)
    write(folder, images)


def spacing_between_slices_negative(folder: Path) -> None:
    """Older nuclear medicine and MR write a signed distance."""
    tags = mr("signed", SpacingBetweenSlices=-4.0)
    write(folder, stack(noise(5, 12, 10), tags, step=(0, 0, -4.0)))


def ge_without_between(folder: Path) -> None:
    """GE: SpacingBetweenSlices is missing, slices are numbered in two interleaved passes."""
    images = stack(noise(6, 12, 10), mr("ge", Manufacturer="GE MEDICAL SYSTEMS"))
    for ds, n in zip(images, (1, 4, 2, 5, 3, 6), strict=True):
        ds.InstanceNumber = n
    write(folder, images)


def hitachi(folder: Path) -> None:
    """Hitachi: one slice's thickness differs, cosines such as -0.0 and 1e-17."""
    tags = mr("hitachi", Manufacturer="Hitachi Medical Corporation")
    images = stack(noise(5, 12, 10), tags)
    for k, ds in enumerate(images):
        ds.ImageOrientationPatient = ["1", "-0.0", "1e-17", "-1e-17", "1", "0.0"]
        ds.SliceThickness = 4.0 + 0.001 * (k == 2)
    write(folder, images)


def coronal_both_ways(folder: Path) -> None:
    """Two stacks of one series, one the continuation of the other, with a table move between."""
    tags = ct("stations")
    write(folder, stack(noise(5, 12, 10), tags, orientation=CORONAL, origin=(0, 0, 0)))
    far = stack(noise(5, 12, 10, seed=7), tags, orientation=CORONAL, origin=(0, 0, -300), first=6)
    write(folder, far)


def enhanced_magnitude_and_phase(folder: Path) -> None:
    """Philips: magnitude and phase frames in one enhanced object, each with its rescale."""
    tags = mr("enhanced phase", sop_class=EnhancedMRImageStorage)
    frames = []
    for n, kind in enumerate(("MAGNITUDE", "PHASE")):
        for k in range(4):
            content = {
                "StackID": "1", "InStackPositionNumber": k + 1,
                "DimensionIndexValues": [1, k + 1, n + 1],
            }  # fmt: skip
            frames.append(frame_groups(
                (-40.0, 25.0, -110.0 + 4 * k), content,
                MRImageFrameTypeSequence=one(
                    FrameType=["ORIGINAL", "PRIMARY", kind[0], "NONE"], ComplexImageComponent=kind
                ),
                PixelValueTransformationSequence=one(
                    RescaleSlope=1.0 + n, RescaleIntercept=-4096.0 * n, RescaleType="US"
                ),
            ))  # fmt: skip
    write(folder, [enhanced(noise(8, 12, 10), frames, tags)])


def enhanced_localizer(folder: Path) -> None:
    """Three planes in one enhanced object: every stack with its own orientation."""
    tags = mr("enhanced planes", sop_class=EnhancedMRImageStorage)
    frames = []
    for n, plane in enumerate(((1, 0, 0, 0, 1, 0), CORONAL, (0, 1, 0, 0, 0, -1))):
        way = np.cross(plane[:3], plane[3:])
        for k in range(3):
            content = {
                "StackID": str(n + 1), "InStackPositionNumber": k + 1,
                "DimensionIndexValues": [n + 1, k + 1, 1],
            }  # fmt: skip
            frames.append(frame_groups(
                6.0 * k * way, content,
                PlaneOrientationSequence=one(ImageOrientationPatient=[float(v) for v in plane]),
            ))  # fmt: skip
    ds = enhanced(noise(9, 12, 12), frames, tags)
    del ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    write(folder, [ds])


def mosaic_without_csa(folder: Path) -> None:
    """Newer Siemens software: the number of slices is told, the CSA header is gone."""
    tags = mr(
        "mosaic xa", Manufacturer="SIEMENS", SpacingBetweenSlices=4.0,
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
    )  # fmt: skip
    ds = mosaic_image(noise(7, 12, 10), **tags)
    del ds[0x0029, 0x0010], ds[0x0029, 0x1008], ds[0x0029, 0x1010]
    write(folder, [ds])


def mosaic_coronal(folder: Path) -> None:
    """16 slices fill the grid; rows and columns differ; the normal points to the front."""
    tags = mr(
        "mosaic coronal", Manufacturer="SIEMENS", SpacingBetweenSlices=4.0,
        ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
    )  # fmt: skip
    write(folder, [mosaic_image(noise(16, 8, 14), orientation=turned(-80, 10, 5), **tags)])


def trigger_times_vary(folder: Path) -> None:
    """A cine whose phases do not begin at the same time in every slice: the heart varies."""
    images = []
    for t in range(4):
        part = stack(noise(3, 12, 10, seed=t), mr("varying"))
        for k, ds in enumerate(part):
            ds.TriggerTime = round(25.0 * t * (1 + 0.03 * k) + 0.7 * k, 3)
            ds.InstanceNumber = 4 * k + t + 1
        images += part
    write(folder, images)


def times_by_slice(folder: Path) -> None:
    """Every image has an AcquisitionTime of its own; nothing but the numbers tells the passes."""
    images = []
    for t in range(3):
        part = stack(noise(4, 12, 10, seed=t), mr("by slice"), first=4 * t + 1)
        for k, n in enumerate((0, 2, 1, 3)):  # odd slices first
            part[k].AcquisitionTime = f"1001{2 * t:02d}.{n * 4}"
            part[k].ContentTime = part[k].AcquisitionTime
        images += part
    write(folder, images)


def echoes_in_time(folder: Path) -> None:
    """Multi-echo fMRI: two echoes at each of three time points."""
    images = []
    for t in range(3):
        for n, echo in enumerate((12.0, 35.0)):
            tags = mr(
                "multi echo", EchoTime=echo, EchoNumbers=n + 1, AcquisitionNumber=t + 1,
                AcquisitionTime=f"1001{2 * t:02d}", TemporalPositionIdentifier=t + 1,
            )  # fmt: skip
            seed = 2 * t + n
            images += stack(noise(4, 12, 10, seed=seed), tags, first=4 * seed + 1)
    write(folder, images)


def slice_exported_twice(folder: Path) -> None:
    """One slice came a second time under a new UID."""
    images = stack(noise(6, 12, 10), ct("again"))
    write(folder, [*images, stack(noise(6, 12, 10), ct("again"))[2]])


CASES: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker
    for maker in (
        one_uid_for_all, no_numbers, rounded_cosines, jittered_cosines, phases_of_contrast,
        aborted_series, echoes_of_magnitude_and_phase, spacing_between_slices_negative,
        ge_without_between, hitachi, coronal_both_ways, enhanced_magnitude_and_phase,
        enhanced_localizer, mosaic_without_csa, mosaic_coronal, trigger_times_vary,
        times_by_slice, echoes_in_time, slice_exported_twice,
    )
}  # fmt: skip
