"""The sample data: phantoms in the file formats that readers meet, and the truth about them.

``python -m napari_medvlm.demo.sample_data FOLDER`` writes all of it. The same package versions
write the same bytes: seeds, dates and identifiers are fixed.
"""

from __future__ import annotations

import gzip
import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from napari_medvlm.demo.phantoms import (
    ClipPhantom,
    Phantom,
    brain_mr,
    chest_ct,
    chest_radiograph,
    ultrasound_clip,
)
from napari_medvlm.demo.sample_dicom import write_series

FIRST_SEED = 900_000
"""All sample data come from seeds above this one: keep training below it."""

_README = """\
# Sample data

Everything in this folder is synthetic. No patient, no scanner and no hospital stands behind it;
names and identifiers are made up. It was made by

    python -m napari_medvlm.demo.sample_data sample_data

- `chest_ct/`: DICOM CT series, 40 axial slices of 128 x 128, a nodule in the right lung. The file
  names are not in the order of the slices.
- `brain_mr.nii.gz`: NIfTI, a FLAIR-like brain MR, 128 x 128 x 32, a bright lesion on the left.
- `chest_ct_32.npy`: NumPy array (32, 256, 256) int16, the Hounsfield units of another chest, a
  nodule in the left lung. Slices run from feet to head, rows to the back, columns to the patient's
  left; the file itself carries no geometry.
- `radiograph.png`: frontal chest radiograph, 8-bit grey, the patient's right on the left of the
  picture, a nodule in the right lung.
- `ultrasound.mp4`: 36 frames at 12 frames per second, a dark chamber that moves across the picture.
- `truth.json`: where the findings are. Boxes are (x0, y0, x1, y1) in pixel-edge coordinates: x to
  the right, y down, pixel i covers [i, i + 1]. Places are in RAS+ millimetres, sides the patient's.
"""


def phantoms() -> dict[str, Phantom]:
    """The still phantoms by the name of their sample."""
    return {
        "chest_ct": chest_ct(FIRST_SEED + 14),
        "brain_mr.nii.gz": brain_mr(FIRST_SEED + 20),
        "chest_ct_32.npy": chest_ct(FIRST_SEED + 38, shape=(32, 256, 256)),
        "radiograph.png": chest_radiograph(FIRST_SEED + 33, shape=(1, 384, 384)),
    }


def clip() -> ClipPhantom:
    """The phantom of the ultrasound clip."""
    return ultrasound_clip(FIRST_SEED + 1, frames=36, shape=(256, 256))


def write(folder: Path) -> list[Path]:
    """Write all sample data into ``folder``.

    Parameters
    ----------
    folder : Path
        Made if absent; files of the same names are replaced.

    Returns
    -------
    list of Path
        Every file that was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made, video = phantoms(), clip()
    paths = write_series(made["chest_ct"], folder / "chest_ct")
    paths.append(_write_nifti(made["brain_mr.nii.gz"], folder / "brain_mr.nii.gz"))
    paths.append(folder / "chest_ct_32.npy")
    np.save(paths[-1], made["chest_ct_32.npy"].voxels(), allow_pickle=False)
    paths.append(_write_png(made["radiograph.png"], folder / "radiograph.png"))
    paths.append(_write_video(video, folder / "ultrasound.mp4"))
    truth: dict[str, object] = {name: still_truth(phantom) for name, phantom in made.items()}
    truth["ultrasound.mp4"] = clip_truth(video)
    for name, text in (("truth.json", json.dumps(truth, indent=1) + "\n"), ("README.md", _README)):
        paths.append(folder / name)
        paths[-1].write_text(text, encoding="utf-8", newline="\n")
    return paths


def still_truth(phantom: Phantom) -> dict[str, object]:
    """What is known about a still phantom, as plain JSON values."""
    return {
        "synthetic": True,
        "modality": phantom.modality,
        "body_part": phantom.body_part,
        "shape": list(phantom.shape),
        "spacing_mm": _rounded(phantom.spacing_mm),
        "affine_kji_to_ras_mm": [_rounded(row) for row in phantom.affine],
        "window": list(phantom.window),
        "lesions": [_lesion_truth(phantom, n) for n in range(len(phantom.lesions))],
    }


def _lesion_truth(phantom: Phantom, index: int) -> dict[str, object]:
    lesion = phantom.lesions[index]
    first, last = lesion.slice_range
    boxes = {k: phantom.lesion_box(index, k) for k in range(first, last + 1)}
    return {
        "label": lesion.label,
        "side": lesion.side,
        "centre_ras_mm": _rounded(lesion.centre_ras_mm),
        "diameter_mm": round(lesion.diameter_mm, 3),
        "slice_range": [first, last],
        "boxes": [
            {"slice": k, "box": _rounded(box)} for k, box in boxes.items() if box is not None
        ],
    }


def clip_truth(video: ClipPhantom) -> dict[str, object]:
    """What is known about the clip, as plain JSON values."""
    return {
        "synthetic": True,
        "modality": video.modality,
        "body_part": video.body_part,
        "shape": [video.count, *video.shape],
        "fps": video.fps,
        "label": video.label,
        "direction": video.direction,
        "boxes": [{"frame": t, "box": _rounded(box)} for t, box in enumerate(video.boxes)],
    }


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 3) for value in values]


def _write_nifti(phantom: Phantom, path: Path) -> Path:
    """Write NIfTI-1, whose array runs (i, j, k): the axes and the affine's columns turn round."""
    import nibabel

    image = nibabel.Nifti1Image(
        phantom.voxels().transpose(2, 1, 0), phantom.affine[:, [2, 1, 0, 3]]
    )
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"synthetic phantom, not a patient"
    image.header["cal_min"] = phantom.window[0] - phantom.window[1] / 2
    image.header["cal_max"] = phantom.window[0] + phantom.window[1] / 2
    path.write_bytes(gzip.compress(image.to_bytes(), mtime=0))
    return path


def _write_png(phantom: Phantom, path: Path) -> Path:
    from PIL import Image

    centre, width = phantom.window
    grey = np.clip((phantom.slice(0) - (centre - width / 2)) / width, 0, 1) * 255
    Image.fromarray(np.rint(grey).astype(np.uint8)).save(path, optimize=True)
    return path


def _write_video(video: ClipPhantom, path: Path) -> Path:
    """Write H.264; one thread and no version strings, so that the bytes repeat."""
    import av

    rate = Fraction(video.fps).limit_denominator(1000)
    options = {"crf": "24", "preset": "medium", "threads": "1", "flags": "+bitexact"}
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width = video.shape
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for pixels in video.frames():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def main(arguments: list[str]) -> int:
    """Write the sample data into the folder named on the command line."""
    if len(arguments) != 1:
        print("usage: python -m napari_medvlm.demo.sample_data FOLDER", file=sys.stderr)
        return 2
    paths = write(Path(arguments[0]))
    size = sum(path.stat().st_size for path in paths)
    print(f"{len(paths)} files, {size / 1e6:.1f} MB, in {arguments[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
