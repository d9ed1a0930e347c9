"""Fleming-VL's family against the authors' way, on the same small checkpoint and inputs.

The authors' way is put together from the libraries that their script calls: Pillow and the
CLIP image processor for each picture by itself, one vision pass over all of them, and
transformers' ``generate`` over the whole prompt for every question. Both run in this process,
turn about; equal results are asserted before anything is reported. Figures are ratios of the CPU
time of this process, on one thread, which other work on the machine disturbs least.

    python benchmarks/bench_fleming.py
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_medvlm.demo.files import sample_path
from napari_medvlm.dialogue import Generation, Question
from napari_medvlm.imaging import Selection, even, read, take
from napari_medvlm.models import open_model
from napari_medvlm.models.internvl.pixels import Normaliser, whole

ORACLE = Path(__file__).resolve().parent.parent / "tests" / "oracles" / "fleming_vl" / "checkpoint"
SIDE = 448
ROUNDS = 9


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, and what it gave."""
    start = time.process_time()
    value = call()
    return time.process_time() - start, value


def versus(theirs: Callable[[], Any], ours: Callable[[], Any], rounds: int = ROUNDS) -> list[float]:
    """Run both turn about; how many times faster ours was, round by round."""
    ratios = []
    for _ in range(rounds):
        slow, _ = timed(theirs)
        fast, _ = timed(ours)
        ratios.append(slow / fast)
    return ratios


def say(what: str, ratios: list[float], aim: str) -> None:
    """Print one line of the table."""
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"{what}: {middle:.2f} (from {low:.2f} to {high:.2f}; aim {aim})", flush=True)


# ------------------------------------------------------------------ pictures


def authors_pixels(slices: list[Any], side: int) -> Any:
    """One picture after the other through the library's processor."""
    from PIL import Image
    from transformers import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil(
        size={"shortest_edge": side},
        crop_size={"height": side, "width": side},
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
        resample=3,
    )
    made = []
    for pixels in slices:
        picture = Image.fromarray(pixels).convert("RGB")
        made.append(processor(images=picture, return_tensors="np").pixel_values)
    return np.concatenate(made)


def preprocessing() -> None:
    """32 slices of 256 x 256 to what the vision tower takes."""
    (volume,) = read(sample_path("chest_ct_32.npy"))
    frames = take(volume, Selection(tuple(range(32)), "acquired", scaling="slice_extremes"))
    slices = [frame.pixels for frame in frames]

    def authors() -> Any:
        return authors_pixels(slices, SIDE)

    normalise = Normaliser.of({}, SIDE)

    def exact() -> Any:
        return normalise([whole(pixels, SIDE) for pixels in slices])

    def torch_backend() -> Any:
        return normalise([whole(pixels, SIDE, backend="torch") for pixels in slices])

    expected, found, near = authors(), exact(), torch_backend()
    assert np.abs(expected - found).max() < 2e-6, "another preprocessing"
    levels = np.abs(expected - near).max() * 255 * 0.229
    assert levels < 2.5, f"the torch backend differs by {levels:.1f} levels"
    say("32 slices to pixels, bit for bit: authors / ours", versus(authors, exact), "2 or more")
    say(
        "32 slices to pixels, torch's resize: authors / ours",
        versus(authors, torch_backend),
        "5 or more",
    )


# ------------------------------------------------------------------ questions


def deep_copy_of_oracle(folder: Path, layers: int) -> Path:
    """Write a random model of the family with many narrow layers."""
    import torch
    import transformers

    from napari_medvlm.models.internvl.layout import read_layout

    config = json.loads((ORACLE / "config.json").read_text())
    config["llm_config"] |= {"num_hidden_layers": layers}
    torch.manual_seed(0)
    values = dict(read_layout(config).values)
    module = transformers.InternVLForConditionalGeneration(
        transformers.InternVLConfig.from_dict(values)
    )
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.08)
    module.save_pretrained(folder)
    for path in ORACLE.iterdir():
        if path.suffix in (".json", ".txt") and path.name != "config.json":
            shutil.copy(path, folder / path.name)
    return folder


def authors_answer(model: Any, question: Question, new_tokens: int) -> list[int]:
    """Encode everything and generate, as for every question of the authors' script."""
    import torch

    network = model._network
    network.module.config.image_token_id = model._context_id
    prompt = model.encode(question)
    ids = torch.from_numpy(prompt.input_ids)[None]
    pixels = authors_pixels([f.pixels for f in question.frames], model.layout.image_size)
    with torch.inference_mode():
        out = network.module.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=torch.from_numpy(pixels),
            max_new_tokens=new_tokens,
            min_new_tokens=new_tokens,
            do_sample=False,
            eos_token_id=list(model.stop_ids),
            pad_token_id=0,
        )
    return out[0, ids.shape[1] :].tolist()


def second_question() -> None:
    """Time to the first token of a second question about the same 11 slices."""
    model = open_model(ORACLE)
    (volume,) = read(sample_path("chest_ct"))
    frames = take(volume, Selection(even(40, 11), scaling="slice_extremes"))
    first = Question(text="Is there a nodule?", frames=frames)
    second = Question(text="On which images is it seen best?", frames=frames)
    model.generate_ids(model.encode(first), Generation(1), reuse=True)
    ours = model.generate_ids(model.encode(second), Generation(8), reuse=True)
    theirs = authors_answer(model, second, 8)
    length = min(len(ours), len(theirs))
    assert ours[:length] == theirs[:length], "reuse changed the answer"

    ratios = []
    for _ in range(ROUNDS):
        slow, _ = timed(lambda: authors_answer(model, second, 1))
        model.forget()
        model.generate_ids(model.encode(first), Generation(1), reuse=True)
        fast, _ = timed(lambda: model.generate_ids(model.encode(second), Generation(1), reuse=True))
        ratios.append(slow / fast)
    say("second question about 11 slices, first token: authors / ours", ratios, "8 or more")


def each_token(layers: int = 28, tokens: int = 48) -> None:
    """Seconds a token of the answer, many narrow layers."""
    with tempfile.TemporaryDirectory() as place:
        model = open_model(deep_copy_of_oracle(Path(place), layers), profile="internvl")
    (volume,) = read(sample_path("chest_ct"))
    question = Question(text="Describe it.", frames=take(volume, Selection((20,))))
    prompt = model.encode(question)
    ours = model.generate_ids(prompt, Generation(tokens))
    assert len(ours) == tokens, "the answer ended early: use another seed"
    assert authors_answer(model, question, tokens) == ours, "other tokens than generate"

    def by_generate(count: int) -> float:
        return timed(lambda: authors_answer(model, question, count))[0]

    def by_ours(count: int) -> float:
        return timed(lambda: model.generate_ids(prompt, Generation(count)))[0]

    ratios = []
    for _ in range(ROUNDS):
        slow = by_generate(tokens) - by_generate(1)
        fast = by_ours(tokens) - by_ours(1)
        ratios.append(fast / slow)
    say(f"time a token, {layers} layers: ours / generate", ratios, "0.7 or less")


def main() -> None:
    """Measure and print."""
    import torch

    torch.set_num_threads(1)
    preprocessing()
    second_question()
    each_token()


if __name__ == "__main__":
    main()
