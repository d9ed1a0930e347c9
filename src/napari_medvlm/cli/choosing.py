"""Which images of which scans and clips a command sends: its arguments, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..asking import Part, Parts, scaling_of
from ..asking.declared import as_declared
from ..errors import QuestionError, SelectionError
from ..imaging import (
    PLANES,
    Clip,
    Plane,
    Scaling,
    Selection,
    Volume,
    Window,
    default_plane,
    parse_frames,
    parse_slab,
    parse_slices,
    read,
    slice_places,
)  # fmt: skip
from ..imaging.orientation import plane_axes
from ..imaging.scan import Entry, scan
from ..models.contracts import InputContract

#: Written for a path about which an option says nothing.
_UNSAID = "-"
#: Entries of a folder that an error names.
_LISTED = 20


@dataclass(frozen=True)
class Wanted:
    """What is wanted of one path, as written; None where nothing was said."""

    path: str
    entry: int | None = None
    slices: str | None = None
    seconds: str | None = None
    plane: Plane | None = None
    window: str | None = None
    slab: str | None = None
    time: int = 0
    label: str | None = None
    scaling: Scaling | None = None


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose images."""
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="PATH",
        help="another scan or clip whose images follow, such as a prior; may be repeated. The "
        "options below may then be given once for all, or once for each in their order, with - for "
        "what is not said",
    )
    each = parser.add_argument_group("which images, of each scan or clip")
    each.add_argument("--entry", action="append", type=int, help="which series of a folder, from 0")
    each.add_argument(
        "--slices",
        action="append",
        help="even:11 | mm:11 | even:11@10-40 | 12,40 | 10-20 | current (the middle one) | all; "
        "of a clip also segments:32 | per-second; without it what the model was trained on",
    )
    each.add_argument(
        "--seconds", action="append", metavar="FROM,TO", help="a stretch of a clip, in seconds"
    )
    each.add_argument(
        "--plane", action="append", choices=(*PLANES, _UNSAID), help="default the acquired one"
    )
    each.add_argument(
        "--window", action="append", metavar="C,W", help="as in --window=-600,1500; the file's"
    )
    each.add_argument(
        "--slab",
        action="append",
        metavar="N",
        help="5 | mean:5 | maximum:5: each image made of so many neighbouring slices",
    )
    each.add_argument("--time", action="append", type=int, help="time point of a 4D scan, from 0")
    each.add_argument(
        "--label", action="append", help="what it is called: prior, current; its pseudonym"
    )
    each.add_argument(
        "--scaling",
        action="append",
        choices=["window", "slice_extremes", _UNSAID],
        help="one window for all slices, or each by its own extremes; as the model was trained",
    )
    parser.add_argument(
        "--legend",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="with several scans, end the question by saying which images are of which",
    )


def wanted_of(options: argparse.Namespace) -> tuple[Wanted, ...]:
    """What is wanted of each path, in their order.

    Raises
    ------
    QuestionError
        If an option was given more than once, but not once for each path.
    """
    paths = [options.path, *options.also]
    names = ("entry", "slices", "seconds", "plane", "window", "slab", "time", "label", "scaling")
    given = {name: _of_each(name, getattr(options, name), len(paths)) for name in names}
    return tuple(
        Wanted(path, **{name: values[place] for name, values in given.items() if values})
        for place, path in enumerate(paths)
    )


def parts_of(wanted: Sequence[Wanted], contract: InputContract, *, lazy: bool) -> Parts:
    """Open each path and choose its images.

    Parameters
    ----------
    wanted
        Of each path.
    contract
        Of the model: what is not said is chosen as it was trained.
    lazy
        Whether slices are decoded only where they are sent.

    Raises
    ------
    MedvlmError
        If a path cannot be read, or has not what is wanted of it.
    """
    opened = {path: scan(path).entries for path in {one.path for one in wanted}}
    parts = []
    for key, one in enumerate(wanted):
        if not opened[one.path]:
            read(one.path)  # says why there are none
        source = as_declared(_choose_entry(opened[one.path], one.entry).open(lazy=lazy))
        label = source.name if one.label is None else one.label
        parts.append(Part(source, select(source, one, contract), label, key))
    return _told_apart(parts)


def select(
    source: Volume | Clip, wanted: Wanted, contract: InputContract | None = None
) -> Selection:
    """Turn what is wanted of a source into a Selection.

    What is not said is chosen as the model was trained: how many slices or frames, and how
    slices become 8 bit. One image is sent itself, as it is displayed.
    """
    contract = contract or InputContract(trained_on="")
    if isinstance(source, Clip):
        if wanted.slab is not None:
            raise SelectionError("--slab thickens slices of a volume; this is a clip.")
        return Selection(_clip_frames(source, wanted, contract), "acquired")
    if wanted.seconds is not None:
        raise SelectionError("--seconds chooses frames of a clip; this is a volume.")
    plane: Plane = wanted.plane or default_plane(source)
    places = slice_places(source, plane_axes(source, plane)).tolist()
    spec = wanted.slices or f"even:{contract.volume_slices}"
    indices = parse_slices(spec, len(places), len(places) // 2, places)
    window = _window(wanted.window)
    # A window that is asked for is meant to be seen.
    trained = scaling_of(source, contract) if window is None else "window"
    slab = None if wanted.slab is None else parse_slab(wanted.slab)
    return Selection(indices, plane, window, wanted.scaling or trained, wanted.time, slab)


def numbers(text: str, count: int, what: str) -> list[float]:
    """Read so many numbers with commas between.

    Raises
    ------
    QuestionError
        If that is not what is written; ``what`` says where.
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise QuestionError(f"{what} needs {count} numbers with commas between; got “{text}”.")
    return values


def _of_each(name: str, values: list[Any] | None, count: int) -> list[Any]:
    if not values:
        return []
    if len(values) not in (1, count):
        raise QuestionError(
            f"--{name} was given {len(values)} times for {count} paths.",
            "Give it once for all, or once for each path.",
        )
    values = [None if value == _UNSAID else value for value in values]
    return values * count if len(values) == 1 else values


def _choose_entry(entries: Sequence[Entry], number: int | None) -> Entry:
    if number is None and len(entries) > 1:
        listed = [f"{i}: {e.title}" for i, e in enumerate(entries[:_LISTED])]
        listed += ["…"] if len(entries) > _LISTED else []
        raise SelectionError(
            f"There are {len(entries)} entries here ({'; '.join(listed)}).",
            "Use --entry N; medvlm read lists them all.",
        )
    number = number or 0
    if not 0 <= number < len(entries):
        raise SelectionError(f"Entries are numbered 0 to {len(entries) - 1}; got {number}.")
    return entries[number]


def _window(text: str | None) -> Window | None:
    if text is None:
        return None
    centre, width = numbers(text, 2, "--window")
    if width < 1:
        raise QuestionError(f"A window's width is at least 1; got {width:g}.")
    return Window(centre, width)


def _clip_frames(clip: Clip, wanted: Wanted, contract: InputContract) -> tuple[int, ...]:
    stretch = None
    if wanted.seconds is not None:
        first, last = numbers(wanted.seconds, 2, "--seconds")
        stretch = (first, last)
    spec = wanted.slices or contract.clip_choice
    return parse_frames(spec, len(clip), clip.fps, stretch, current=len(clip) // 2)


def _told_apart(parts: Sequence[Part]) -> Parts:
    """Two of the same name get a number behind it."""
    labels = [part.label for part in parts]
    return tuple(
        Part(part.source, part.selection, f"{part.label} ({place + 1})", part.key)
        if labels.count(part.label) > 1
        else part
        for place, part in enumerate(parts)
    )
