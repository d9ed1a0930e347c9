"""``medvlm ask PATH QUESTION``: the panel's way of one question, in a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..asking import (
    Composed,
    FrameBox,
    Parts,
    chips_of,
    compose,
    frame_words,
    model_offer,
    part_of_each,
    place,
    sent_question,
    size_words,
)  # fmt: skip
from ..asking.answer.ending import outside_words, remarks
from ..asking.ask.generating import remark
from ..asking.ask.typed import Typed
from ..asking.choose.chips import chip_facts, chip_words, outside
from ..asking.model.offers import TOY
from ..dialogue import Failed, Loaded, Loading, Prefill, Replied, Reply, Token
from ..dialogue.context import ParseContext
from ..dialogue.question import Mode
from ..dialogue.reply import FinishReason
from ..dialogue.streaming import PartSplitter, Piece
from ..engine import ModelThread
from ..errors import ImagingError, QuestionError
from ..imaging import Frame, Volume
from ..models import PROFILES, Profile, taken_out_words
from ..models.contracts import Chip
from ..models.generation_file import sampling_note_of
from ..models.planning import PRECISIONS
from ..safe_text import visible
from . import wording
from .choosing import add_choices, numbers, parts_of, wanted_of
from .main import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USER_ERROR


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("path", help="a scan or a clip: file, or folder of DICOM files")
    wording.add_arguments(parser)
    parser.add_argument("--model", default="demo", help="catalog name or checkpoint folder")
    add_choices(parser)
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


def _region(text: str) -> FrameBox:
    image, _, rest = text.partition(":")
    if not image.isdigit() or int(image) < 1:
        raise QuestionError(f"--region is IMAGE:X0,Y0,X1,Y1 with images from 1; got “{text}”.")
    x0, y0, x1, y1 = numbers(rest, 4, "--region")
    return FrameBox(int(image) - 1, (x0, y0, x1, y1))


def build(options: argparse.Namespace, profile: Profile = PROFILES[TOY]) -> Composed:
    """Read the paths and write the question, for a model of this profile.

    Only slices that are sent are decoded.
    """
    typed, wanted = wording.typed_of(options, profile), wanted_of(options)
    try:
        return _composed(parts_of(wanted, profile.contract, lazy=True), options, typed)
    except ImagingError:
        # One of them is broken: of the others, which are all read now.
        return _composed(parts_of(wanted, profile.contract, lazy=False), options, typed)


def _composed(parts: Parts, options: argparse.Namespace, typed: Typed) -> Composed:
    return compose(
        parts,
        typed.text,
        **typed.terms,
        regions=[_region(text) for text in options.region],
        tiles=options.tiles,
        legend=options.legend,
    )


def _say(text: str) -> None:
    print(visible(text, newlines=True), file=sys.stderr, flush=True)


def say_chips(chips: Sequence[Chip]) -> None:
    """Say what the model was trained on: all chips in a line, in full what lies outside."""
    if chips:
        _say(chip_words(chips))
    for chip in outside(chips):
        _say(f"{chip.sign} {chip.sentence}")
    if any(chip.declarable and chip.tone == "unsure" for chip in chips):
        _say("What a file does not say you can: medvlm read PATH --declare modality=…")


class _Printer:
    """Prints a streaming text to stdout under two headings, tags left out."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._splitter = PartSplitter(ParseContext(mode=mode))
        self._part = ""

    def begin_within_thought(self) -> None:
        """The prompt has opened the reasoning: the text begins within it."""
        context = ParseContext(mode=self._mode, prompt_ends_with_think=True)
        self._splitter = PartSplitter(context)

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
            sys.stdout.write(visible(piece.text, newlines=True))
        sys.stdout.flush()


def follow(
    thread: ModelThread,
    request: int,
    printer: _Printer | None,
    on_prefill: Callable[[Prefill], None] | None = None,
) -> Reply | Failed:
    """Print what comes; the text itself to stdout, everything else to stderr.

    ``on_prefill`` is told what the model was given.
    """
    for event in thread.events(request):
        if isinstance(event, Loading) and event.fraction in (None, 1.0):
            _say(f"[{event.stage or 'loading the model'}]")
        elif isinstance(event, Loaded):
            _say(f"[{event.name} on {event.device}, {event.dtype}, {event.seconds:.1f} s]")
        elif isinstance(event, Prefill):
            _say(f"[reading {event.tokens} tokens, {event.reused} of them reused]")
            if on_prefill is not None:
                on_prefill(event)
            if printer is not None and event.opens_thought:
                printer.begin_within_thought()
        elif isinstance(event, Token) and printer is not None:
            printer.feed(event.text)
        elif isinstance(event, Replied):
            if printer is not None:
                printer.finish(event.reply.finish_reason)
            return event.reply
        elif isinstance(event, Failed):
            return event
    raise AssertionError("the engine ends every request with Replied or Failed")


def box_facts(composed: Composed, reply: Reply) -> list[dict[str, Any]]:
    """The boxes of an answer as plain values, each in the coordinates of its own scan."""
    frames, parts = composed.question.frames, part_of_each(composed.parts)
    boxes = []
    for placed in place(reply, frames):
        source = parts[placed.frame].source
        fact: dict[str, Any] = {
            "label": placed.label,
            "image": placed.frame + 1,
            "source": frames[placed.frame].label,
            "index": placed.index,
            "box_px": [round(v, 3) for v in placed.box],
            "corners_kji": np.round(placed.corners, 3).tolist(),
            "size": size_words(placed, source),
            "clipped": placed.clipped,
            "raw": list(placed.raw),
        }
        if isinstance(source, Volume) and source.oriented:
            ras = np.c_[placed.corners, np.ones(len(placed.corners))] @ source.affine[:3].T
            fact["corners_ras_mm"] = np.round(ras, 3).tolist()
        boxes.append(fact)
    return boxes


def frame_facts(number: int, frame: Frame) -> dict[str, Any]:
    """One image that was sent as plain values."""
    return {
        "image": number + 1,
        "source": frame.label,
        "hash": frame.source,
        "plane": frame.plane,
        "index": frame.index,
        "time": frame.time,
        "position": frame.position,
        "unit": frame.unit,
        "window": None if frame.window is None else asdict(frame.window),
        "slab": None if frame.slab is None else asdict(frame.slab),
        "size": list(frame.size_wh),
        "declared": list(frame.declared),
    }


def reply_facts(
    composed: Composed, reply: Reply, chips: Sequence[Chip] = (), sent: str = ""
) -> dict[str, Any]:
    """Everything of one answer as plain values, for ``--json``; ``sent`` is the turn's text."""
    question = composed.question
    return {
        "question": question.text,
        "sent": sent,
        "mode": question.mode,
        "choices": [list(choice) for choice in question.choices],
        "generation": asdict(question.generation),
        "reasoning": reply.reasoning,
        "answer": reply.answer,
        "choice": reply.choice,
        "boxes": box_facts(composed, reply),
        "input": [chip_facts(chip) for chip in chips],
        "images": [frame_words(n, frame) for n, frame in enumerate(question.frames)],
        "frames": [frame_facts(n, frame) for n, frame in enumerate(question.frames)],
        "raw": reply.raw,
        "complete": reply.complete,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": reply.prompt_tokens,
        "new_tokens": reply.new_tokens,
        "seconds": round(reply.timings.total, 3),
        "outside": reply.outside,
        "remarks": [*composed.remarks, *remarks(reply, question)],
    }


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    offer = model_offer(options.model, device=options.device, dtype=options.dtype)
    composed = build(options, offer.profile)
    for number, frame in enumerate(composed.question.frames):
        _say(frame_words(number, frame))
    for note in composed.remarks:
        _say(f"Note: {note}")
    chips = chips_of(offer.profile, sent_question(composed.question, composed.parts))
    say_chips(chips)
    if other := remark(composed.question.generation, offer.profile):
        _say(f"Note: {other}")
    if drawn := sampling_note_of(offer.choice.path):
        _say(f"Note: {drawn}")
    if said := taken_out_words(composed.question, offer.profile, offer.choice.path):
        _say(f"Note: {said}")
    given: list[str] = []
    thread = ModelThread()
    try:
        printer = None if options.json else _Printer(composed.question.mode)
        request = thread.ask(composed.question, offer.choice)
        reply = follow(thread, request, printer, lambda event: given.append(event.sent))
    except KeyboardInterrupt:
        thread.stop()
        _say("\nmedvlm ask: stopped")
        return EXIT_INTERRUPTED
    finally:
        thread.close()
    if isinstance(reply, Failed):
        _say(f"medvlm ask: {reply.message} {reply.advice}".strip())
        return EXIT_USER_ERROR if reply.kind == "user" else EXIT_FAILED
    facts = reply_facts(composed, reply, chips, "".join(given[-1:]))
    if options.json:
        print(json.dumps(facts))
        return EXIT_OK
    if reply.outside:
        print(f"\n{visible(outside_words(reply), newlines=True)}", flush=True)
    for said in remarks(reply, composed.question):
        _say(f"! {said}")
    for box in facts["boxes"]:
        _say(f"box: {box['label'] or 'unnamed'} on image {box['image']}, {box['size']}")
    _say(f"[{reply.new_tokens} tokens, {reply.timings.total:.1f} s; not for diagnosis]")
    return EXIT_OK
