"""Words for frames, as the strip, the conversation and the command line say them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from ...dialogue import Question
from ...imaging import Frame, FrameSlab, Window
from ...models.catalog import PROFILES
from ..choose.legend import label_groups, legend_of, ranges, without_legend
from .placing import PlacedBox

#: A true minus sign: a hyphen is easily lost before a position.
MINUS = "\N{MINUS SIGN}"


#: How models write the name of a thing and its box within a sentence.
_NAME_TAG = re.compile(r"</?ref>|<\|/?ref\|>|<\|object_ref_(?:start|end)\|>")
_TAGGED_BOX = re.compile(
    r"<box>[^<]{0,4000}</box>|<\|box\|>[^<]{0,4000}<\|/box\|>"
    r"|<\|box_start\|>[^<]{0,4000}<\|box_end\|>"
)


def number_words(value: float, digits: int = 0) -> str:
    """A number with a true minus sign and no negative zero."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:.{digits}f}".replace("-", MINUS)


def position_words(frame: Frame) -> str:
    """Where a frame lies: "−34 mm", "1.25 s", or "" where it is not known."""
    if frame.position is None or not frame.unit:
        return ""
    digits = 2 if frame.unit == "s" else 1 if abs(frame.position) < 10 else 0
    return f"{number_words(frame.position, digits)} {frame.unit}"


def window_words(window: Window | None) -> str:
    """A window: "lung window (C −600, W 1500)"; "" where there is none."""
    if window is None:
        return ""
    name = f"{window.name} window" if window.name else "window"
    return f"{name} (C {number_words(window.centre)}, W {number_words(window.width)})"


def slab_words(slab: FrameSlab | None) -> str:
    """A slab: "mean of slices 34 to 38 (15 mm)"; "" for a single slice."""
    if slab is None:
        return ""
    thick = "" if slab.thickness is None else f" ({thickness_words(slab.thickness)})"
    return f"{slab.kind} of slices {slab.first} to {slab.last}{thick}"


def frame_words(number: int, frame: Frame) -> str:
    """One frame: "Image 3: axial slice 36, −34 mm, lung window (C −600, W 1500)".

    Parameters
    ----------
    number
        Of the frame among those sent, from 0.
    frame
        The frame. What its source is called stands first, where it has a name; time point and
        slab follow its number.
    """
    parts = (
        frame.label,
        place_words(frame),
        "" if frame.time is None else f"time point {frame.time}",
        slab_words(frame.slab),
        position_words(frame),
        window_words(frame.window),
    )
    return f"Image {number + 1}: " + ", ".join(part for part in parts if part)


def place_words(frame: Frame) -> str:
    """Plane and number: "axial slice 36", "slice 4", "frame 120"."""
    what = "frame" if frame.plane == "frame" else "slice"
    plane = "" if frame.plane in ("frame", "acquired") else f"{frame.plane} "
    cut = "reformatted " if frame.reformatted is not None else ""
    return f"{cut}{plane}{what} {frame.index}"


def plane_words(frame: Frame) -> str:
    """The plane of a frame, "" where it has no name: "axial, reformatted; 9 mm between samples"."""
    plane = "" if frame.plane in ("frame", "acquired") else frame.plane
    if frame.reformatted is None:
        return plane
    distance = f"{frame.reformatted:.3g} mm between samples"
    return f"{plane}, reformatted; {distance}" if plane else f"reformatted; {distance}"


def frames_words(frames: Sequence[Frame]) -> str:
    """What all of them have in common, or that they have not.

    "5 images · axial · 256 × 256 pixels · mean 15 mm · lung window (C −600, W 1500)"
    """
    if not frames:
        return ""
    count = "1 image" if len(frames) == 1 else f"{len(frames)} images"
    planes = dict.fromkeys(plane for frame in frames if (plane := plane_words(frame)))
    sizes = {frame.size_wh for frame in frames}
    size = "{} × {} pixels".format(*sizes.pop()) if len(sizes) == 1 else "of several sizes"
    slabs = {_short_slab(frame.slab) for frame in frames}
    slab = slabs.pop() if len(slabs) == 1 else "of several thicknesses"
    windows = {window_words(frame.window) for frame in frames}
    window = windows.pop() if len(windows) == 1 else "each in its own window"
    parts = (count, " and ".join(planes), size, slab, window)
    return " · ".join(part for part in parts if part)


def strip_captions(frames: Sequence[Frame]) -> tuple[str, ...]:
    """What stands below each thumbnail, in short lines.

    Number and position always; plane, time point, slab, window and the name of the source only
    where they are not the same for all, see `frames_words`.
    """

    def differ(word: Callable[[Frame], object]) -> bool:
        return len({word(frame) for frame in frames}) > 1

    planes, times = differ(lambda f: f.plane), differ(lambda f: f.time)
    slabs, windows = differ(lambda f: _short_slab(f.slab)), differ(lambda f: f.window)
    captions = []
    for frame in frames:
        plane = f"{frame.plane} " if planes and frame.plane in _PATIENT_PLANES else ""
        lines = [
            f"{plane}{frame.index}",
            position_words(frame),
            f"time {frame.time}" if times and frame.time is not None else "",
            _short_slab(frame.slab).replace("maximum", "max") if slabs else "",
            _short_window(frame.window) if windows else "",
            frame.label,
        ]
        captions.append("\n".join(line for line in lines if line))
    return tuple(captions)


_PATIENT_PLANES = ("axial", "coronal", "sagittal")


def thickness_words(millimetres: float) -> str:
    """A thickness to a tenth of a millimetre: "12.5 mm", "3 mm"."""
    return f"{number_words(millimetres, 1).removesuffix('.0')} mm"


def _short_slab(slab: FrameSlab | None) -> str:
    if slab is None:
        return ""
    thick = f"{slab.slices} slices" if slab.thickness is None else thickness_words(slab.thickness)
    return f"{slab.kind} {thick}"


def _short_window(window: Window | None) -> str:
    if window is None:
        return ""
    return window.name or f"{number_words(window.centre)}/{number_words(window.width)}"


def asked_words(question: Question, model: str = "") -> str:
    """What was asked: the words, or those of the task that asks by itself.

    Parameters
    ----------
    question
        What was asked.
    model
        Label of the model that was asked.
    """
    typed = without_legend(question)
    if typed:
        return question.text
    own = _task_words(question, model)
    return f"{own}\n{legend_of(question)}" if question.text else own


def _task_words(question: Question, model: str) -> str:
    known = (profile for profile in PROFILES.values() if model.startswith(profile.title))
    for task in (task for profile in known for task in profile.tasks):
        if task.key == question.task:
            return task.template
    return question.task


def label_words(frames: Sequence[Frame]) -> str:
    """Which frames are of which source: "1-2 prior, 3-4 current"; "" where it is one."""
    groups = label_groups(frames)
    if len(groups) < 2:
        return ""
    return ", ".join(f"{ranges(numbers)} {label}" for label, numbers in groups.items())


def sent_words(question: Question, model: str = "") -> str:
    """What went with a question: "demo (toy) · 5 images · 1 region · reasoning".

    Images of several sources are told apart: "4 images (1-2 prior, 3-4 current)".
    """
    count = len(question.frames)
    noun = "frame" if question.frame_kind == "video" else "image"
    labels = label_words(question.frames)
    many = f"{count} {noun}" + ("" if count == 1 else "s")
    words = [model, f"{many} ({labels})" if labels else many]
    words += [
        f"▣ {region.label or f'region {number}'} on image {region.frame + 1}"
        for number, region in enumerate(question.regions, start=1)
    ]
    if question.history:
        words.append("follow-up")
    words.append(question.mode)
    return " · ".join(word for word in words if word)


def answer_words(answer: str, boxes: Sequence[PlacedBox]) -> str:
    """An answer for people: a bare JSON list of boxes becomes "nodule on images 2, 3".

    Parameters
    ----------
    answer
        As the model wrote it. Tags around names are left out and tagged boxes become "▣";
        anything else that is not JSON is returned unchanged.
    boxes
        Those of its boxes that have a place; without any, the answer is returned unchanged.
    """
    text = answer.strip()
    if not boxes:
        return text
    if not _is_json(text):
        return _NAME_TAG.sub("", _TAGGED_BOX.sub(" ▣", text)).strip()
    images: dict[str, list[int]] = {}
    for box in boxes:
        images.setdefault(box.label or "box", []).append(box.frame + 1)
    return "; ".join(f"{label} on {_image_words(seen)}" for label, seen in images.items())


def _is_json(text: str) -> bool:
    bare = text.removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        return isinstance(json.loads(bare), list | dict)
    except (ValueError, RecursionError):
        return False


def _image_words(numbers: Sequence[int]) -> str:
    listed = ", ".join(str(number) for number in sorted(set(numbers)))
    return f"image {listed}" if len(set(numbers)) == 1 else f"images {listed}"
