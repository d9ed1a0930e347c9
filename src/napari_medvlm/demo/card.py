"""The model card: measured, then written beside the weights.

``python -m napari_medvlm.demo.card FOLDER --curve FOLDER/state/progress.json`` measures a trained
folder on held-out phantoms and writes its ``README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .recipe import HELD_OUT_SEED, TRAIN_SEEDS

_HEAD = """# demo (toy)

**TOY: trained on synthetic phantoms, for trying out the software; knows nothing of real patients.**
It is not a medical device and must not be used on patients. Whatever it says about a real scan
is meaningless.

A Qwen2.5-VL in small ({parameters:.2f} million parameters: vision tower 4 layers of 128, text model
4 layers of 192, own tokenizer of 1,772 tokens in which every number from 0 to 999 is one), float16,
{size:.1f} MB, in the published folder layout, so that the same code loads it that loads CheXOne.
Licence: BSD-3-Clause, as the program.

## What it answers

About one to eleven square images (140 x 140 pixels after resizing) of the program's own phantoms:
which modality and body part; is there a nodule or lesion; on which side of the patient; on which
of the images; how large in mm; where (JSON, `bbox_2d` in thousandths of the image); what is in a
region that the user drew; a finding in one sentence; and of a clip (4 to 36 frames), which way the
structure moves. With ` Think first.` after the question it reasons in `<think>`, naming the
images by number, before its `<answer>`. It says "none" (or "no") where there is nothing.

## How it was trained

From scratch, on two CPU cores, in {minutes:.0f} minutes ({steps} steps) after about twelve of
rendering, by

    python -m napari_medvlm.demo.train --minutes {minutes:.0f} --out FOLDER

Seed 1. Training phantoms have seeds below {train:,}; held-out ones start at {held_out:,}, so none
was ever trained on. {note}

- Data: chest CT, brain MR, chest radiographs and ultrasound clips, rendered once (up to eight
  slices each), then shown with a random window, crop, zoom, mirror image, contrast and grain.
  Slices that cut a lesion at less than half of its width are ambiguous and left out.
- A step: 12 single images, 12 sets of two to eleven, 2 clips; two or three questions about each,
  packed behind one prefix. AdamW, 1.2e-3 falling along a cosine, weight decay 0.05, clipping at 1.
- Loss: cross entropy of the answer's tokens; a measured number's target is a Gaussian around its
  exact value. During training only, heads on the vision tower tell where lesions are.
- The first 200 steps train the vision tower alone.
"""


def card(
    folder: Path,
    figures: dict[str, float],
    progress: dict[str, Any],
    note: str = "",
) -> str:
    """Return the text of the model card.

    Parameters
    ----------
    folder
        The checkpoint folder.
    figures
        What :func:`~napari_medvlm.demo.evaluate.evaluate` returned.
    progress
        What training kept: steps, seconds, curve.
    note
        A sentence about this very run.
    """
    weights = folder / "model.safetensors"
    head = _HEAD.format(
        parameters=_parameters(weights) / 1e6,
        size=weights.stat().st_size / 1e6,
        minutes=progress["seconds"] / 60,
        steps=progress["step"],
        train=TRAIN_SEEDS,
        held_out=HELD_OUT_SEED,
        note=note,
    )
    return f"{head}\n{_curve(progress['curve'])}\n{_figures(figures)}"


def _parameters(weights: Path) -> int:
    from safetensors import safe_open

    with safe_open(weights, framework="numpy") as tensors:
        sizes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
    total = 0
    for shape in sizes:
        count = 1
        for side in shape:
            count *= side
        total += count
    return total


def _curve(curve: Sequence[dict[str, float]]) -> str:
    names = ("minutes", "step", "answer", "closed", "iou_one", "iou_several")
    heads = ("minutes", "step", "loss", "closed questions", "IoU, one image", "IoU, several")
    rows = [" | ".join(heads), " | ".join("---" for _ in heads)]
    rows += [
        " | ".join("" if name not in entry else f"{entry[name]:g}" for name in names)
        for entry in curve
    ]
    table = "\n".join(f"| {row} |" for row in rows)
    return f"## Training curve\n\nOn 60 held-out phantoms, greedy.\n\n{table}\n"


def _figures(figures: dict[str, float]) -> str:
    lines = [
        f"| {name} | {value:.4g} |"
        for name, value in figures.items()
        if name not in ("seconds", "first_seed")
    ]
    table = "\n".join(["| figure | value |", "| --- | --- |", *lines])
    command = f"medvlm bench demo-model -n {figures['studies']:.0f}"
    return (
        f"## Held-out figures\n\n`{command}` (phantoms from seed {figures['first_seed']:.0f} on, "
        "free-running greedy answers through the plugin's own model family). Closed questions "
        "(modality and body part, presence, what, side, which images, direction) count only when "
        "the answer is right to the letter. A missed box and one too many count "
        f"as IoU 0.\n\n{table}\n"
    )


def main(argv: list[str] | None = None) -> None:
    """Measure a folder and write its card."""
    from .evaluate import evaluate

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--curve", type=Path, required=True, help="progress.json of the run")
    parser.add_argument("-n", type=int, default=400, help="held-out studies")
    parser.add_argument("--note", default="", help="a sentence about this run")
    args = parser.parse_args(argv)
    progress = json.loads(args.curve.read_text(encoding="utf-8"))
    figures = evaluate(args.folder, n=args.n)
    text = card(args.folder, figures, progress, args.note)
    part = args.folder / f"README.{os.getpid()}"
    part.write_text(text, encoding="utf-8")
    part.replace(args.folder / "README.md")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
