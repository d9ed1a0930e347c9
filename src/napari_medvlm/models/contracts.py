"""Input contracts: what a model was trained on, and what about a choice lies outside it.

No torch: panels and plans read them. Being outside a contract is told, never refused: people
may ask what they like, but they should know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..dialogue.question import FrameKind
from ..imaging.selection import Scaling

#: DICOM modalities by what people call them; other names are shown as they are.
MODALITY_WORDS = {
    "CT": "CT",
    "MR": "MRI",
    "CR": "radiograph",
    "DX": "radiograph",
    "XR": "radiograph",
    "US": "ultrasound",
}


@dataclass(frozen=True)
class Chip:
    """One remark about an input: ``kept`` says whether it lies inside the contract."""

    kept: bool
    text: str


@dataclass(frozen=True)
class InputContract:
    """What a model was trained on.

    Parameters
    ----------
    trained_on
        One sentence for people.
    modalities
        DICOM modality codes; empty where anything goes.
    kinds
        "images", "video", or both.
    planes
        Planes it saw; empty where anything goes.
    max_frames
        More than this was not trained.
    max_video_frames
        The same of a video; None is as many as of images.
    scaling
        How stored values became 8 bit, in words.
    slice_scaling
        How a volume's slices are to be scaled where nobody chose.
    resize
        What becomes of the size of a frame.
    needs_frames
        Whether a question must come with at least one frame.
    volume
        Whether it takes a 3D tensor instead of frames.
    regions, masks
        Whether it was trained to read regions drawn by the user, and to give masks.
    tiles
        Whether an image can be cut into tiles for more detail.
    volume_slices
        How many evenly spaced slices of a volume are sent where nobody chose.
    clip_choice
        Which frames of a clip, in the words of ``imaging.parse_frames``.
    """

    trained_on: str
    modalities: tuple[str, ...] = ()
    kinds: tuple[FrameKind, ...] = ("images",)
    planes: tuple[str, ...] = ()
    max_frames: int = 1
    max_video_frames: int | None = None
    scaling: str = "one 8-bit window, as shown"
    slice_scaling: Scaling = "window"
    resize: str = ""
    needs_frames: bool = True
    volume: bool = False
    regions: bool = False
    masks: bool = False
    tiles: bool = False
    volume_slices: int = 8
    clip_choice: str = "even:8"

    @property
    def segments(self) -> int | None:
        """How many equal parts of a clip it was trained with; None where it was another way."""
        kind, _, number = self.clip_choice.partition(":")
        return int(number) if kind == "segments" else None

    def chips(
        self,
        *,
        modality: str = "",
        planes: Iterable[str] = (),
        frames: int = 0,
        kind: FrameKind = "images",
        windowed: bool | None = None,
    ) -> tuple[Chip, ...]:
        """Say for each part of an input whether the model was trained on its like.

        Parameters
        ----------
        modality
            DICOM code; nothing is said about an unknown one.
        planes
            Planes of the frames.
        frames
            How many frames are sent.
        kind
            As images or as a video.
        windowed
            Whether one window scaled all slices of a volume; None where that says nothing.
        """
        chips = []
        word = MODALITY_WORDS.get(modality, modality)
        if word and self.modalities:
            known = dict.fromkeys(MODALITY_WORDS.get(m, m) for m in self.modalities)
            kept = word in known
            chips.append(Chip(kept, word if kept else f"{word}: trained on {', '.join(known)}"))
        for plane in dict.fromkeys(planes):
            if self.planes and plane in ("axial", "coronal", "sagittal"):
                kept = plane in self.planes
                text = plane if kept else f"{plane}: trained on {', '.join(self.planes)}"
                chips.append(Chip(kept, text))
        if frames and kind not in self.kinds:
            chips.append(Chip(False, f"{kind}: trained on {', '.join(self.kinds)}"))
        elif frames:
            many = f"{frames} frame{'s' if frames > 1 else ''}"
            most = self.max_frames
            if kind == "video" and self.max_video_frames is not None:
                most = self.max_video_frames
            kept = frames <= most
            chips.append(Chip(kept, many if kept else f"{many}: trained on {most}"))
        if windowed is not None and frames > 1 and self.slice_scaling == "slice_extremes":
            each = "each slice scaled by its own extremes"
            text = f"one window: trained with {each}" if windowed else f"{each}, as trained"
            chips.append(Chip(not windowed, text))
        return tuple(chips)
