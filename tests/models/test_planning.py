from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.errors import QuestionError
from napari_medvlm.models.footprint import KNOWN
from napari_medvlm.models.planning import (
    PRECISIONS,
    TIGHT,
    Load,
    Precision,
    most_images,
    need,
    plan,
    weight_bytes,
)

EIGHT = KNOWN["fleming-vl-8b"]
SLICES = Load(images=11, image_tokens=256, patches=1025, text_tokens=200)


def test_weights_of_the_8b_take_what_its_files_take() -> None:
    assert weight_bytes(EIGHT, "bfloat16") == pytest.approx(15.9e9, rel=0.005)
    assert weight_bytes(EIGHT, "float32") == 2 * weight_bytes(EIGHT, "bfloat16")
    # Embeddings, output layer and vision tower stay in 16 bit: 2.8 GB in all.
    assert 9e9 < weight_bytes(EIGHT, "int8") < 10e9
    assert 5.5e9 < weight_bytes(EIGHT, "int4") < 7e9


def test_cache_of_11_slices_and_32_frames() -> None:
    no_answer = replace(SLICES, new_tokens=0)
    assert need(EIGHT, no_answer, "bfloat16").cache == pytest.approx(0.17e9, rel=0.05)
    frames = replace(no_answer, images=32)
    assert need(EIGHT, frames, "bfloat16").cache == pytest.approx(0.48e9, rel=0.05)
    big = KNOWN["fleming-vl-38b"]
    assert need(big, frames, "bfloat16").cache == pytest.approx(2.2e9, rel=0.05)


@given(
    images=st.integers(0, 200),
    precision=st.sampled_from(PRECISIONS),
    free=st.integers(10**9, 10**11),
)
def test_advice_names_something_that_fits(images: int, precision: Precision, free: int) -> None:
    load = replace(SLICES, images=images)
    made = plan(EIGHT, load, precision, free)
    if made.verdict == "fits":
        assert made.need.total <= TIGHT * free
        assert not made.advice
    elif "images fit" in made.advice:
        other = made.advice.partition(" with ")[2].partition(" ")[0] or precision
        fitting = int(made.advice.split()[2])
        assert 0 < fitting <= images
        assert need(EIGHT, replace(load, images=fitting), other).total <= TIGHT * free  # type: ignore[arg-type]
        assert fitting == images or (
            need(EIGHT, replace(load, images=fitting + 1), other).total > TIGHT * free  # type: ignore[arg-type]
        )
    elif "it fits" in made.advice:
        other = made.advice.split()[1]
        assert need(EIGHT, load, other).total <= TIGHT * free  # type: ignore[arg-type]
    else:
        assert most_images(EIGHT, load, "int4", free) == 0 or images == 0


def test_more_images_and_more_bits_never_need_less() -> None:
    totals = [need(EIGHT, replace(SLICES, images=n), "bfloat16").total for n in range(40)]
    assert totals == sorted(totals)
    by_bits = [need(EIGHT, SLICES, p).total for p in ("int4", "int8", "bfloat16", "float32")]
    assert by_bits == sorted(by_bits)


def test_without_a_known_device_nothing_is_promised() -> None:
    made = plan(EIGHT, SLICES, "bfloat16", None)
    assert (made.verdict, made.advice) == ("unknown", "")


def test_unknown_precision_is_refused() -> None:
    with pytest.raises(QuestionError, match="int3"):
        need(EIGHT, SLICES, "int3")  # type: ignore[arg-type]
