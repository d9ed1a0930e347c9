"""A second question about the same frames: prefix and image reuse against computing afresh.

Both ways run in this process, turn about, on the toy model and eight slices of the phantom.
The new tokens have to be equal before anything is reported. The figures are ratios: absolute
times of a shared machine say little.

    python benchmarks/bench_followup.py
"""

from __future__ import annotations

import statistics
import time

from napari_medvlm.demo.files import sample_path
from napari_medvlm.dialogue import Generation, Question
from napari_medvlm.imaging import Selection, even, read, take
from napari_medvlm.models import open_model
from napari_medvlm.models.store import DEMO_FOLDER

ROUNDS = 7
FIRST, SECOND = "Is there a nodule?", "Which images show the nodule?"


def seconds_to_first_token(model, question: Question, *, reuse: bool) -> float:
    """Seconds from the question to its first token."""
    once = Question(text=question.text, frames=question.frames, generation=Generation(1))
    start = time.perf_counter()
    model.generate_ids(model.encode(once), once.generation, reuse=reuse)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    (volume,) = read(sample_path("chest_ct"))
    frames = take(volume, Selection(even(40, 8)))
    model = open_model(DEMO_FOLDER, profile="demo")
    first = Question(text=FIRST, frames=frames)
    second = Question(text=SECOND, frames=frames)
    prompt = model.encode(second)
    model.generate_ids(model.encode(first), reuse=True)
    afresh = model.generate_ids(prompt)
    assert model.generate_ids(prompt, reuse=True) == afresh, "reuse changed the answer"

    reused, plain = [], []
    for _ in range(ROUNDS):
        model.forget()
        model.generate_ids(model.encode(first), Generation(1), reuse=True)
        reused.append(seconds_to_first_token(model, second, reuse=True))
        plain.append(seconds_to_first_token(model, second, reuse=False))
    ratios = [p / r for p, r in zip(plain, reused, strict=True)]
    print(f"prompt {len(prompt.input_ids)} tokens, {len(frames)} frames, answers equal")
    print(
        "time to first token of the second question, afresh / reused: "
        f"median {statistics.median(ratios):.1f} (from {min(ratios):.1f} to {max(ratios):.1f})"
    )


if __name__ == "__main__":
    main()
