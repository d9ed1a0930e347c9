"""``medvlm plan``: the memory that a question needs, before anything is loaded."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..asking.choose.budget import plan_words, plans, sized
from ..asking.choose.chips import Sent, chip_facts, chip_words, chips_of, outside
from ..asking.model.engine_words import device_words, size_in_bytes
from ..engine.hardware import DeviceMemory, cpu_memory, device_memory
from ..errors import QuestionError
from ..imaging import PLANES
from ..models.contracts import Chip
from ..models.planning import PRECISIONS, Plan, Precision
from ..models.profiles import Profile
from ..safe_text import visible
from .main import EXIT_OK

#: On a GPU the least that is computed with is 16 bit; on the CPU 32 bit is the default.
_ON_GPU: tuple[Precision, ...] = ("bfloat16", "int8", "int4")
_ON_CPU: tuple[Precision, ...] = ("float32", *_ON_GPU)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--model", required=True, help="catalog name or checkpoint folder")
    parser.add_argument("--slices", type=int, default=11, help="images, frames or tiles sent")
    parser.add_argument("--size", default="512x512", metavar="ROWSxCOLUMNS", help="of each image")
    parser.add_argument("--modality", default="", help="DICOM's code of what is sent, such as CT")
    parser.add_argument("--plane", default="", choices=PLANES, help="of the slices that are sent")
    parser.add_argument("--video", action="store_true", help="frames of a clip, not images")
    parser.add_argument("--new-tokens", type=int, default=None, help="the longest answer")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1; a GPU if any")
    parser.add_argument("--dtype", action="append", choices=PRECISIONS, help="bfloat16, int8, int4")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _size(text: str) -> tuple[int, int]:
    rows, _, columns = text.lower().partition("x")
    if not (rows.isdigit() and columns.isdigit() and int(rows) and int(columns)):
        raise QuestionError(f"--size is ROWSxCOLUMNS such as 512x512; got “{text}”.")
    return int(rows), int(columns)


def _chips(options: argparse.Namespace, profile: Profile) -> tuple[Chip, ...]:
    """What is to be said about a question of which no more than this is known."""
    several = options.slices > 1 and not options.video
    sent = Sent(
        frames=options.slices,
        kind="video" if options.video and options.slices > 1 else "images",
        slices=several and bool(options.plane),
        modalities=(options.modality.strip().upper(),) if options.modality.strip() else (),
        planes=(options.plane,) if options.plane else (),
    )
    return chips_of(profile, sent)


def plan_facts(one: Plan) -> dict[str, Any]:
    """One plan as plain values, in bytes."""
    return {
        "precision": one.precision,
        "weights": one.need.weights,
        "cache": one.need.cache,
        "vision": one.need.vision,
        "prefill": one.need.prefill,
        "overhead": one.need.overhead,
        "total": one.need.total,
        "free": one.free,
        "verdict": one.verdict,
        "advice": one.advice,
    }


def _table(found: tuple[Plan, ...], memory: DeviceMemory | None) -> list[str]:
    where = "an unknown device"
    if memory is not None:
        words = dict.fromkeys((device_words(memory.device), memory.name))
        where = f"{', '.join(words)}: {size_in_bytes(memory.free)} free"
        where += f" of {size_in_bytes(memory.total)}"
    lines = [f"On {where}", f"{'':10}{'weights':>10}{'cache':>10}{'working':>10}{'in all':>10}"]
    for one in found:
        working = max(one.need.vision, one.need.prefill) + one.need.overhead
        figures = (one.need.weights, one.need.cache, working, one.need.total)
        cells = "".join(f"{size_in_bytes(figure):>10}" for figure in figures)
        lines.append(f"{one.precision:10}{cells}  {one.verdict}. {one.advice}".rstrip())
    return lines


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    if options.slices < 0:
        raise QuestionError(f"Expected no or some images, got {options.slices}.")
    rows, columns = _size(options.size)
    on_cpu = (device_memory(options.device) or cpu_memory()).device == "cpu"
    precisions: tuple[Precision, ...] = _ON_CPU if on_cpu else _ON_GPU
    memory, found = plans(
        options.model,
        options.slices,
        rows,
        columns,
        device=options.device,
        precisions=tuple(options.dtype) if options.dtype else precisions,
        new_tokens=options.new_tokens,
    )
    model, load = sized(options.model), found[0].load
    chips = _chips(options, model.profile)
    if options.json:
        facts = {
            "model": model.label,
            "device": None if memory is None else memory.device,
            "input": [chip_facts(chip) for chip in chips],
            "images": load.images,
            "image_tokens": load.image_tokens,
            "prompt_tokens": load.prompt_tokens,
            "new_tokens": load.new_tokens,
            "kv_bytes_per_token": model.footprint.kv_bytes_per_token,
            "plans": [plan_facts(one) for one in found],
        }
        print(json.dumps(facts))
        return EXIT_OK
    print(f"{visible(model.label)}: {plan_words(found[0], memory)} in {found[0].precision}")
    print(
        f"{load.prompt_tokens:,} tokens of prompt, at most {load.new_tokens:,} of answer; "
        f"{model.footprint.kv_bytes_per_token / 1024:.0f} KiB of cache a token in 16 bit"
    )
    for line in (chip_words(chips), *(f"{c.sign} {c.sentence}" for c in outside(chips))):
        print(line)
    print("\n".join(_table(found, memory)))
    print("Weights and cache are counted; working memory is an upper estimate.")
    return EXIT_OK
