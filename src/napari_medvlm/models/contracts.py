"""Input contracts: what a model was trained on, as plain values. No torch.

Panels and plans read them. What a choice has to do with a contract is said in chips, see
``asking.chips``. Being outside a contract is told, never refused: people may ask what they like,
but they should know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..dialogue.question import FrameKind
from ..imaging.selection import Scaling

#: DICOM modalities by what people call them; other names are shown as they are.
MODALITY_WORDS = {
    "CT": "CT",
    "MR": "MRI",
    "CR": "radiograph",
    "DX": "radiograph",
    "XR": "radiograph",
    "MG": "mammogram",
    "RF": "fluoroscopy",
    "XA": "angiogram",
    "US": "ultrasound",
    "IVUS": "intravascular ultrasound",
    "PT": "PET",
    "NM": "nuclear medicine",
    "ES": "endoscopy",
    "SM": "microscopy",
}

#: How a part of an input lies to the training: "inside" it; "unsure", near to it or not known,
#: so that it may still work; "against" it, of another kind than all that was trained.
Tone = Literal["inside", "unsure", "against"]

#: The sign of a tone: never colour alone.
SIGNS: dict[Tone, str] = {"inside": "✓", "unsure": "!", "against": "✕"}
#: The same for people who hear it.
TONE_WORDS: dict[Tone, str] = {
    "inside": "as trained",
    "unsure": "outside of the training, or not known",
    "against": "against the training",
}


@dataclass(frozen=True)
class Chip:
    """One remark about a part of an input.

    Parameters
    ----------
    topic
        Which part: "training", "modality", "plane", "count", "scaling", "slab", "tiles",
        "region", "options".
    tone
        How it lies to the training.
    label
        A word or three.
    sentence
        The same in full.
    declarable
        Whether the file leaves it open, so that a person may say it (or has said it).
    """

    topic: str
    tone: Tone
    label: str
    sentence: str
    declarable: bool = False

    @property
    def sign(self) -> str:
        """✓, ! or ✕."""
        return SIGNS[self.tone]

    @property
    def words(self) -> str:
        """Sign and label: "✓ axial"."""
        return f"{self.sign} {self.label}"


@dataclass(frozen=True)
class InputContract:
    """What a model was trained on.

    Parameters
    ----------
    trained_on
        One sentence for people.
    known
        Whether anybody said what it was trained on.
    subject
        What it was trained on, after "was trained on": "chest radiographs".
    modalities
        DICOM modality codes; empty where it saw many kinds.
    measured
        Further codes that its authors have measured it on without training on them.
    body_part
        The only one it saw, in the words of DICOM; empty where it saw several.
    kinds
        "images", "video", or both.
    planes
        The only planes it saw; empty where there were several, or nobody said.
    volume_planes
        The planes of the volumes it saw as slices; single images may have been of any.
    max_frames
        More than this at a time it was not trained on, or nobody said that it was.
    max_video_frames
        The same of a video; None is as many as of images.
    context_frames
        More than this its trained context cannot hold; None where that says nothing.
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
    options_only
        Whether all questions that it was trained on had options.
    tiles
        Whether an image can be cut into tiles for more detail.
    volume_slices
        How many evenly spaced slices of a volume are sent where nobody chose.
    volume_exact
        Whether volumes came as that many slices and no other number.
    clip_choice
        Which frames of a clip, in the words of ``imaging.parse_frames``.
    several_turns
        Whether it was trained on conversations of several turns; None where nobody said.
    caution
        What must be known whatever is sent: label and sentence; None where there is nothing.
    """

    trained_on: str
    known: bool = True
    subject: str = ""
    modalities: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    body_part: str = ""
    kinds: tuple[FrameKind, ...] = ("images",)
    planes: tuple[str, ...] = ()
    volume_planes: tuple[str, ...] = ()
    max_frames: int = 1
    max_video_frames: int | None = None
    context_frames: int | None = None
    scaling: str = "one 8-bit window, as shown"
    slice_scaling: Scaling = "window"
    resize: str = ""
    needs_frames: bool = True
    volume: bool = False
    regions: bool = False
    masks: bool = False
    options_only: bool = False
    tiles: bool = False
    volume_slices: int = 8
    volume_exact: bool = False
    clip_choice: str = "even:8"
    several_turns: bool | None = None
    caution: tuple[str, str] | None = None

    @property
    def segments(self) -> int | None:
        """How many equal parts of a clip it was trained with; None where it was another way."""
        kind, _, number = self.clip_choice.partition(":")
        return int(number) if kind == "segments" else None
