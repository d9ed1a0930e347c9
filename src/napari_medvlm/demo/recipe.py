"""The data recipe: which phantoms, which of their slices, which window, which questions.

Training seeds are ``0 .. TRAIN_SEEDS - 1``; held-out seeds start at :data:`HELD_OUT_SEED`, so no
held-out phantom can ever be trained on. :func:`render_study` turns a seed into a
:class:`Study` (stored values of up to eight slices and the truth on each);
:func:`draw_scene` turns a study into the images of one question.

A lesion counts as visible on a slice where its section is at least half as wide as its largest
(:data:`VISIBLE`); slices that cut it closer to its tip are ambiguous and never chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import architecture as arch
from .questions import Mark, Scene

TRAIN_SEEDS = 1_000_000
HELD_OUT_SEED = 10_000_000
VISIBLE = 0.5
SLICES = 8
IMAGES = 11
"""Most images of one question."""

CLIP_STEPS = (2, 3, 4, 4, 5, 6, 6, 8, 10, 12, 18)
HELD_OUT_STEPS = (4, 4, 6, 8)
"""Temporal steps (pairs of frames) of a clip that is sent."""
KIND_NAMES = {"chest_ct": "ct", "brain_mr": "mr", "chest_radiograph": "xr"}


@dataclass(frozen=True)
class Study:
    """What is kept of one phantom.

    Attributes
    ----------
    kind
        A key of :data:`napari_medvlm.demo.questions.KINDS`.
    values
        (frames, rows, cols): int16 stored values, or uint8 grey levels of a clip.
    window
        Centre and width to show ``values`` with.
    marks
        Visible lesions; ``Mark.image`` is the index into ``values``.
    direction
        Which way the structure of a clip moves, else ``None``.
    track
        Box of that structure in each frame, as fractions.
    """

    kind: str
    values: NDArray[Any]
    window: tuple[float, float]
    marks: tuple[Mark, ...] = ()
    direction: str | None = None
    track: tuple[tuple[float, float, float, float], ...] = ()


def render_study(kind: str, seed: int, slices: int = SLICES) -> Study:
    """Render the slices of one phantom that questions will be asked about."""
    from . import phantoms

    rng = np.random.default_rng([seed, 77])
    if kind == "us":
        clip = phantoms.ultrasound_clip(seed)
        _, rows, cols = clip.shape if len(clip.shape) == 3 else (0, *clip.shape)
        track = tuple((x0 / cols, y0 / rows, x1 / cols, y1 / rows) for x0, y0, x1, y1 in clip.boxes)
        window = (127.5, 255.0)
        return Study("us", clip.frames()[..., 0], window, (), str(clip.direction), track)
    count = int(rng.choice(3, p=(0.25, 0.5, 0.25)))
    if kind == "xr":
        phantom = phantoms.chest_radiograph(seed, n_lesions=count)
        chosen = [0]
    else:
        make = phantoms.chest_ct if kind == "ct" else phantoms.brain_mr
        phantom = make(seed, n_lesions=count)
        chosen = choose_slices(phantom, rng, slices)
    values = np.stack([np.rint(phantom.slice(k)) for k in chosen]).astype(np.int16)
    return Study(kind, values, phantom.window, marks_of(phantom, chosen))


def fractions(phantom: Any) -> NDArray[np.float64]:
    """Return how wide each lesion's section is, (lesions, slices), against its widest."""
    slices = range(phantom.shape[0])
    return np.array(
        [
            [phantom.cross_section_fraction(i, k) for k in slices]
            for i in range(len(phantom.lesions))
        ]
    ).reshape(len(phantom.lesions), phantom.shape[0])


def choose_slices(phantom: Any, rng: np.random.Generator, count: int = SLICES) -> list[int]:
    """Choose slices with and without lesions, none of them ambiguous, in order."""
    part = fractions(phantom)
    ambiguous = ((part > 0) & (part < VISIBLE)).any(axis=0)
    visible = (part >= VISIBLE).any(axis=0) & ~ambiguous
    clear = np.flatnonzero(~visible & ~ambiguous)
    shown = np.flatnonzero(visible)
    some = rng.permutation(shown)[: count // 2]
    if len(some):
        # Half of the clear slices lie beside the lesion: telling neighbours apart is the task.
        near = clear[np.argsort(np.abs(clear[:, None] - some[None]).min(axis=1))][: count // 2]
        near = rng.permutation(near)[: count // 4]
        clear = np.setdiff1d(clear, near)
    else:
        near = clear[:0]
    rest = rng.permutation(clear)[: count - len(some) - len(near)]
    return sorted(int(k) for k in (*some, *near, *rest))


def marks_of(phantom: Any, chosen: list[int]) -> tuple[Mark, ...]:
    """Return the visible lesions on the chosen slices, in reading order."""
    marks = []
    _, rows, cols = phantom.shape
    for image, k in enumerate(chosen):
        found = []
        for index, lesion in enumerate(phantom.lesions):
            part = phantom.cross_section_fraction(index, k)
            box = phantom.lesion_box(index, k)
            if box is None or part < VISIBLE:
                continue
            x0, y0, x1, y1 = (float(v) for v in box)
            share = (x0 / cols, y0 / rows, x1 / cols, y1 / rows)
            found.append(Mark(image, share, lesion.side, index, float(lesion.diameter_mm * part)))
        marks += sorted(found, key=lambda mark: mark.box[0])
    return tuple(marks)


def draw_scene(
    study: Study, rng: np.random.Generator, *, count: int, plain: bool = False
) -> tuple[NDArray[np.uint8], Scene]:
    """Draw the images of one question from a study.

    Parameters
    ----------
    study
        Where they come from.
    rng
        Decides on slices, window, crop and noise.
    count
        How many still images; a clip always has :data:`CLIP_STEPS` pairs of frames.
    plain
        Leave window, crop and noise as they are: the held-out form.

    Returns
    -------
    frames
        (images, side, side) uint8, as the model gets them.
    scene
        What is true of them.
    """
    if study.kind == "us":
        chosen = clip_frames(len(study.values), rng, plain=plain)
    else:
        chosen = _choose_frames(study, rng, count)
    values = study.values[chosen].astype(np.float32)
    grey = to_grey(values, study.window if plain else _jittered_window(study, rng))
    marks = marks_on(study, chosen)
    count = 1 if study.kind == "us" else len(chosen)
    scene = Scene(study.kind, count, marks, study.direction, steps_of(study, chosen))
    if plain:
        return np.stack([resized(frame) for frame in grey]), scene
    return _augment(grey, scene, rng)


def marks_on(study: Study, chosen: list[int]) -> tuple[Mark, ...]:
    """Return the lesions on chosen frames of a study, counted as images from 0."""
    return tuple(
        replace(mark, image=image)
        for image, frame in enumerate(chosen)
        for mark in study.marks
        if mark.image == frame
    )


def steps_of(study: Study, chosen: list[int]) -> tuple[tuple[float, float, float, float], ...]:
    """Return the place of a clip's structure in each temporal step: the mean of its two frames."""
    if not study.track:
        return ()
    pairs = np.array([study.track[frame] for frame in chosen]).reshape(-1, 2, 4).mean(axis=1)
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in pairs)


def clip_frames(total: int, rng: np.random.Generator, *, plain: bool) -> list[int]:
    """Choose evenly spaced frames of a clip, always an even number; its whole length when plain."""
    if plain:
        first, last, steps = 0.0, total - 1.0, int(rng.choice(HELD_OUT_STEPS))
    else:
        first, last = rng.uniform(0, 0.15 * total), total - 1 - rng.uniform(0, 0.15 * total)
        steps = int(rng.choice(CLIP_STEPS))
    return [round(x) for x in np.linspace(first, last, 2 * steps)]


def _choose_frames(study: Study, rng: np.random.Generator, count: int) -> list[int]:
    total = len(study.values)
    shown = sorted({mark.image for mark in study.marks})
    if count == 1 and shown and rng.random() < 0.85:
        return [int(rng.choice(shown))]
    once = [int(i) for i in rng.permutation(total)[:count]]
    # More images than slices were kept: some slices twice, as neighbours that look alike.
    return sorted([*once, *(int(i) for i in rng.integers(total, size=count - len(once)))])


def to_grey(values: NDArray[Any], window: tuple[float, float]) -> NDArray[np.uint8]:
    """Apply a window (centre, width) and round to grey levels 0..255."""
    centre, width = window
    share = (values.astype(np.float32) - (centre - width / 2)) / width
    grey: NDArray[np.uint8] = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    return grey


def _jittered_window(study: Study, rng: np.random.Generator) -> tuple[float, float]:
    centre, width = study.window
    if study.kind == "us" or rng.random() < 0.25:
        return centre, width
    if study.kind == "ct":
        if rng.random() < 0.2:
            return rng.uniform(10, 70), rng.uniform(320, 480)
        return rng.uniform(-700, -400), rng.uniform(1300, 1800)
    return centre + width * rng.uniform(-0.1, 0.1), width * rng.uniform(0.85, 1.2)


def resized(
    frame: NDArray[np.uint8], box: tuple[float, float, float, float] | None = None
) -> NDArray[np.uint8]:
    """Resize a square frame (or a part of it) as the Qwen2-VL pipeline does: PIL, bicubic."""
    from PIL import Image

    image = Image.fromarray(frame)
    return np.asarray(image.resize((arch.SIDE, arch.SIDE), Image.Resampling.BICUBIC, box=box))


def _augment(
    grey: NDArray[np.uint8], scene: Scene, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Scene]:
    """Mirror, crop, soften and grain a set of images, and move the truth along."""
    if rng.random() < 0.3:
        grey, scene = grey[..., ::-1], _mirrored(scene)
    rows, cols = grey.shape[1:]
    box = None
    if rng.random() < 0.7:
        pad = 12
        scale = rng.uniform(0.94, 1.06)
        x, y = (rng.uniform(-0.05, 0.05) for _ in range(2))
        middle = (cols * (0.5 + x), rows * (0.5 + y))
        box = (
            middle[0] - cols * scale / 2,
            middle[1] - rows * scale / 2,
            middle[0] + cols * scale / 2,
            middle[1] + rows * scale / 2,
        )
        scene = _cropped(scene, box, rows, cols)
        grey = np.pad(grey, ((0, 0), (pad, pad), (pad, pad)), mode="edge")
        x0, y0, x1, y1 = (float(v) for v in np.array(box) + pad)
        box = (max(0.0, x0), max(0.0, y0), min(cols + 2.0 * pad, x1), min(rows + 2.0 * pad, y1))
    frames = np.stack([resized(np.ascontiguousarray(frame), box) for frame in grey])
    if rng.random() < 0.6:
        frames = _grained(frames, rng)
    return frames, scene


def _grained(frames: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    gain, offset, noise = rng.uniform(0.9, 1.1), rng.uniform(-12, 12), rng.uniform(0, 6)
    out = frames * np.float32(gain) + np.float32(offset)
    out += np.float32(noise) * rng.standard_normal(frames.shape, np.float32)
    noisy: NDArray[np.uint8] = np.clip(np.rint(out), 0, 255).astype(np.uint8)
    return noisy


def _mirrored(scene: Scene) -> Scene:
    other = {"left": "right", "right": "left"}
    marks = [
        replace(
            mark,
            box=(1 - mark.box[2], mark.box[1], 1 - mark.box[0], mark.box[3]),
            side=other[mark.side],
        )
        for mark in scene.marks
    ]
    direction = other.get(scene.direction or "", scene.direction)
    track = tuple((1 - x1, y0, 1 - x0, y1) for x0, y0, x1, y1 in scene.track)
    ordered = tuple(sorted(marks, key=lambda mark: (mark.image, mark.box[0])))
    return replace(scene, marks=ordered, direction=direction, track=track)


def _cropped(scene: Scene, box: tuple[float, float, float, float], rows: int, cols: int) -> Scene:
    x0, y0, x1, y1 = box[0] / cols, box[1] / rows, box[2] / cols, box[3] / rows
    width, height = x1 - x0, y1 - y0

    def move(b: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        return (b[0] - x0) / width, (b[1] - y0) / height, (b[2] - x0) / width, (b[3] - y0) / height

    marks = tuple(replace(mark, box=move(mark.box)) for mark in scene.marks)
    return replace(scene, marks=marks, track=tuple(move(b) for b in scene.track))
