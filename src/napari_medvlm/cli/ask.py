"""``medvlm ask PATH QUESTION``: the panel's way of one question, in a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..asking import (
    Composed,
    FrameBox,
    Part,
    chips_of,
    compose,
    frame_words,
    model_offer,
    place,
    scaling_of,
    sent_question,
    size_words,
)  # fmt: skip
from ..asking.chips import chip_facts, chip_words, outside
from ..asking.generating import remark
from ..asking.offers import TOY
from ..asking.typed import Typed
from ..dialogue import Failed, Loaded, Loading, Prefill, Replied, Reply, Token
from ..dialogue.context import ParseContext
from ..dialogue.question import Mode
from ..dialogue.reply import FinishReason
from ..dialogue.streaming import PartSplitter, Piece
from ..engine import ModelThread
from ..errors import ImagingError, QuestionError, SelectionError
from ..imaging import (
    PLANES,
    Clip,
    Plane,
    Selection,
    Volume,
    Window,
    parse_frames,
    parse_slices,
    read,
)  # fmt: skip
from ..imaging import slice_count as count_slices
from ..imaging.scan import Entry, scan
from ..models import PROFILES, Profile, sent_text
from ..models.contracts import Chip, InputContract
from ..models.planning import PRECISIONS
from . import wording
from .main import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USER_ERROR


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("path", help="a scan or a clip: file, or folder of DICOM files")
    wording.add_arguments(parser)
    parser.add_argument("--model", default="demo", help="catalog name or checkpoint folder")
    parser.add_argument("--entry", type=int, default=None, help="which series of a folder, from 0")
    parser.add_argument(
        "--slices",
        default=None,
        help="even:11 | mm:11 | even:11@10-40 | 12,40 | 10-20 | current (the middle one) | all; "
        "of a clip also segments:32 | per-second; without it what the model was trained on",
    )
    parser.add_argument(
        "--seconds", default=None, metavar="FROM,TO", help="a stretch of a clip, in seconds"
    )
    parser.add_argument("--plane", choices=PLANES, default=None, help="default axial, if known")
    parser.add_argument(
        "--window", default=None, metavar="C,W", help="as in --window=-600,1500; the file's"
    )
    parser.add_argument(
        "--scaling",
        choices=["window", "slice_extremes"],
        default=None,
        help="one window for all slices, or each by its own extremes; as the model was trained",
    )
    parser.add_argument(
        "--tiles", action="store_true", help="cut each image into tiles, for more detail"
    )
    parser.add_argument(
        "--region",
        action="append",
        default=[],
        metavar="IMAGE:X0,Y0,X1,Y1",
        help="a box on a sent image (from 1), in its pixels",
    )
    parser.add_argument("--device", default=None, help="cpu, cuda, cuda:1; a GPU if there is one")
    parser.add_argument("--dtype", default=None, choices=PRECISIONS, help="int8: weights in 8 bit")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")


def _choose_entry(entries: Sequence[Entry], number: int | None) -> Entry:
    if number is None and len(entries) > 1:
        names = "; ".join(f"{i}: {e.name}" for i, e in enumerate(entries))
        raise SelectionError(f"There are {len(entries)} entries here ({names}).", "Use --entry N.")
    number = number or 0
    if not 0 <= number < len(entries):
        raise SelectionError(f"Entries are numbered 0 to {len(entries) - 1}; got {number}.")
    return entries[number]


def _numbers(text: str, count: int, what: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise QuestionError(f"{what} needs {count} numbers with commas between; got “{text}”.")
    return values


def _window(text: str | None) -> Window | None:
    if text is None:
        return None
    centre, width = _numbers(text, 2, "--window")
    if width < 1:
        raise QuestionError(f"A window's width is at least 1; got {width:g}.")
    return Window(centre, width)


def _region(text: str) -> FrameBox:
    image, _, rest = text.partition(":")
    if not image.isdigit() or int(image) < 1:
        raise QuestionError(f"--region is IMAGE:X0,Y0,X1,Y1 with images from 1; got “{text}”.")
    x0, y0, x1, y1 = _numbers(rest, 4, "--region")
    return FrameBox(int(image) - 1, (x0, y0, x1, y1))


def select(
    source: Volume | Clip, options: argparse.Namespace, contract: InputContract | None = None
) -> Selection:
    """Turn ``--slices --seconds --plane --window --scaling`` into a Selection.

    What is not said is chosen as the model was trained: how many slices or frames, and how
    slices become 8 bit. One image is sent itself, as it is displayed.
    """
    contract = contract or InputContract(trained_on="")
    if isinstance(source, Clip):
        return Selection(_clip_frames(source, options, contract), "acquired")
    if options.seconds is not None:
        raise SelectionError("--seconds chooses frames of a clip; this is a volume.")
    several = source.spatial_shape[0] > 1
    plane: Plane = options.plane or ("axial" if source.oriented and several else "acquired")
    count = count_slices(source, plane)
    spec = options.slices or f"even:{contract.volume_slices}"
    indices = parse_slices(spec, count, current=count // 2)
    window = _window(options.window)
    # A window that is asked for is meant to be seen.
    trained = scaling_of(source, contract) if window is None else "window"
    return Selection(indices, plane, window, options.scaling or trained)


def _clip_frames(
    clip: Clip, options: argparse.Namespace, contract: InputContract
) -> tuple[int, ...]:
    stretch = None
    if options.seconds is not None:
        first, last = _numbers(options.seconds, 2, "--seconds")
        stretch = (first, last)
    spec = options.slices or contract.clip_choice
    return parse_frames(spec, len(clip), clip.fps, stretch, current=len(clip) // 2)


def build(
    options: argparse.Namespace, profile: Profile = PROFILES[TOY]
) -> tuple[Volume | Clip, Composed]:
    """Read the path and write the question, for a model of this profile.

    Only slices that are sent are decoded.
    """
    typed = wording.typed_of(options, profile)
    entries = scan(options.path).entries
    if not entries:
        read(options.path)  # says why there are none
    entry = _choose_entry(entries, options.entry)
    try:
        return _composed(entry.open(lazy=True), options, profile.contract, typed)
    except ImagingError:
        # One of them is broken: of the others, which are all read now.
        return _composed(entry.open(), options, profile.contract, typed)


def _composed(
    source: Volume | Clip, options: argparse.Namespace, contract: InputContract, typed: Typed
) -> tuple[Volume | Clip, Composed]:
    composed = compose(
        [Part(source, select(source, options, contract))],
        typed.text,
        **typed.terms,
        regions=[_region(text) for text in options.region],
        tiles=options.tiles,
    )
    return source, composed


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def say_chips(chips: Sequence[Chip]) -> None:
    """Say what the model was trained on: all chips in a line, in full what lies outside."""
    if chips:
        _say(chip_words(chips))
    for chip in outside(chips):
        _say(f"{chip.sign} {chip.sentence}")


class _Printer:
    """Prints a streaming text to stdout under two headings, tags left out."""

    def __init__(self, mode: Mode) -> None:
        self._splitter = PartSplitter(ParseContext(mode=mode))
        self._part = ""

    def feed(self, text: str) -> None:
        self._show(self._splitter.feed(text))

    def finish(self, reason: FinishReason) -> None:
        self._show(self._splitter.finish(reason))
        print(flush=True)

    def _show(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if piece.part != self._part or piece.restart:
                gap = "\n\n" if self._part else ""
                sys.stdout.write(f"{gap}{piece.part.capitalize()}: ")
                self._part = piece.part
            sys.stdout.write(piece.text)
        sys.stdout.flush()


def follow(thread: ModelThread, request: int, printer: _Printer | None) -> Reply | Failed:
    """Print what comes; the text itself to stdout, everything else to stderr."""
    for event in thread.events(request):
        if isinstance(event, Loading) and event.fraction in (None, 1.0):
            _say(f"[{event.stage or 'loading the model'}]")
        elif isinstance(event, Loaded):
            _say(f"[{event.name} on {event.device}, {event.dtype}, {event.seconds:.1f} s]")
        elif isinstance(event, Prefill):
            _say(f"[reading {event.tokens} tokens, {event.reused} of them reused]")
        elif isinstance(event, Token) and printer is not None:
            printer.feed(event.text)
        elif isinstance(event, Replied):
            if printer is not None:
                printer.finish(event.reply.finish_reason)
            return event.reply
        elif isinstance(event, Failed):
            return event
    raise AssertionError("the engine ends every request with Replied or Failed")


def reply_facts(
    source: Volume | Clip,
    composed: Composed,
    reply: Reply,
    chips: Sequence[Chip] = (),
    sent: str = "",
) -> dict[str, Any]:
    """Everything of one answer as plain values, for ``--json``; ``sent`` is the turn's text."""
    question = composed.question
    affine = source.affine if isinstance(source, Volume) and source.oriented else None
    boxes = []
    for placed in place(reply, question.frames):
        fact: dict[str, Any] = {
            "label": placed.label,
            "image": placed.frame + 1,
            "index": placed.index,
            "box_px": [round(v, 3) for v in placed.box],
            "corners_kji": np.round(placed.corners, 3).tolist(),
            "size": size_words(placed, source),
            "clipped": placed.clipped,
            "raw": list(placed.raw),
        }
        if affine is not None:
            ras = np.c_[placed.corners, np.ones(len(placed.corners))] @ affine[:3].T
            fact["corners_ras_mm"] = np.round(ras, 3).tolist()
        boxes.append(fact)
    return {
        "question": question.text,
        "sent": sent,
        "mode": question.mode,
        "choices": [list(choice) for choice in question.choices],
        "generation": asdict(question.generation),
        "reasoning": reply.reasoning,
        "answer": reply.answer,
        "choice": reply.choice,
        "boxes": boxes,
        "input": [chip_facts(chip) for chip in chips],
        "images": [frame_words(n, frame) for n, frame in enumerate(question.frames)],
        "raw": reply.raw,
        "complete": reply.complete,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": reply.prompt_tokens,
        "new_tokens": reply.new_tokens,
        "seconds": round(reply.timings.total, 3),
        "remarks": list(composed.remarks),
    }


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    offer = model_offer(options.model, device=options.device, dtype=options.dtype)
    source, composed = build(options, offer.profile)
    for number, frame in enumerate(composed.question.frames):
        _say(frame_words(number, frame))
    for note in composed.remarks:
        _say(f"Note: {note}")
    chips = chips_of(offer.profile, sent_question(composed.question, composed.parts))
    say_chips(chips)
    if other := remark(composed.question.generation, offer.profile):
        _say(f"Note: {other}")
    thread = ModelThread()
    try:
        printer = None if options.json else _Printer(composed.question.mode)
        reply = follow(thread, thread.ask(composed.question, offer.choice), printer)
    except KeyboardInterrupt:
        thread.stop()
        _say("\nmedvlm ask: stopped")
        return EXIT_INTERRUPTED
    finally:
        thread.close()
    if isinstance(reply, Failed):
        _say(f"medvlm ask: {reply.message} {reply.advice}".strip())
        return EXIT_USER_ERROR if reply.kind == "user" else EXIT_FAILED
    sent = sent_text(composed.question, offer.profile)
    facts = reply_facts(source, composed, reply, chips, sent)
    if options.json:
        print(json.dumps(facts))
        return EXIT_OK
    for box in facts["boxes"]:
        _say(f"box: {box['label'] or 'unnamed'} on image {box['image']}, {box['size']}")
    _say(f"[{reply.new_tokens} tokens, {reply.timings.total:.1f} s; not for diagnosis]")
    return EXIT_OK
