"""What is sent is what arrives."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_medvlm.dialogue import events
from napari_medvlm.dialogue.question import Generation, Question, Region, Turn
from napari_medvlm.dialogue.reply import Box, Mask, Reference, Reply, Timings
from napari_medvlm.engine import ModelChoice, codec
from napari_medvlm.engine.blocks import Block, copy_out, pack
from napari_medvlm.imaging.frame import Frame
from napari_medvlm.imaging.volume import Window

number = st.floats(allow_nan=False, width=64)
text = st.text(max_size=20)
box = st.tuples(number, number, number, number)
counts = st.integers(0, 2**40)
frames = st.builds(
    Frame,
    pixels=hnp.arrays(np.uint8, st.tuples(st.integers(0, 4), st.integers(0, 4), st.just(3))),
    source=text,
    index=st.integers(0, 500),
    position=st.none() | number,
    unit=st.sampled_from(["mm", "s", ""]),
    window=st.none() | st.builds(Window, number, number, text),
    to_source=hnp.arrays(np.float64, (3, 3)),
)
some_frames = st.lists(frames, max_size=3).map(tuple)
questions = st.builds(
    Question,
    text=text,
    frames=some_frames,
    frame_kind=st.sampled_from(["images", "video"]),
    seconds_per_frame=st.none() | number,
    volume=st.none() | hnp.arrays(np.float32, hnp.array_shapes(min_dims=3, max_dims=3, max_side=4)),
    regions=st.lists(st.builds(Region, st.integers(0, 3), box, text), max_size=2).map(tuple),
    mode=st.sampled_from(["reasoning", "instruct"]),
    choices=st.lists(st.tuples(text, text), max_size=3).map(tuple),
    history=st.lists(st.builds(Turn, text, text, some_frames), max_size=2).map(tuple),
    generation=st.builds(Generation, temperature=number, seed=st.integers(0, 2**63)),
)
masks = st.builds(
    Mask, text, hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5)), counts
)
replies = st.builds(
    Reply,
    raw=text,
    reasoning=text,
    choice=st.none() | text,
    choices=st.lists(text, max_size=3).map(tuple),
    complete=st.booleans(),
    boxes=st.lists(st.builds(Box, st.none() | text, box, raw=box), max_size=2).map(tuple),
    masks=st.lists(masks, max_size=2).map(tuple),
    references=st.lists(st.builds(Reference, counts, counts, counts), max_size=2).map(tuple),
    finish_reason=st.sampled_from(["stop", "length", "stopped"]),
    timings=st.builds(Timings, number, number, number),
    token_ids=st.lists(counts, max_size=5).map(tuple),
)
anything = st.one_of(
    questions,
    replies.map(lambda reply: events.Replied(request=3, reply=reply)),
    st.builds(events.Queued, request=counts, ahead=counts),
    st.builds(events.Loading, request=counts, stage=text, fraction=st.none() | number),
    st.builds(events.Loaded, request=counts, name=text, memory_bytes=counts, seconds=number),
    st.builds(events.Prefill, request=counts, tokens=counts, reused=counts),
    st.builds(events.Token, request=counts, text=text, count=counts),
    st.builds(events.Failed, request=counts, kind=st.just("memory"), message=text, advice=text),
    st.builds(events.Unloaded, request=counts),
    st.builds(ModelChoice, text, text, profile=st.none() | text),
)


def same(one: Any, other: Any) -> bool:
    """Equal in type and content, arrays in dtype and shape too."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        equal = np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        return one.dtype == other.dtype and one.shape == other.shape and equal
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return all(same(getattr(one, n), getattr(other, n)) for n in names)
    return bool(one == other)


@settings(deadline=None, max_examples=60)
@given(anything)
def test_everything_that_crosses_comes_back_the_same(value: Any) -> None:
    tree, arrays = codec.encode(value)
    places, data = pack(arrays)
    wire = json.loads(json.dumps({"tree": tree, "places": places}))
    assert same(codec.decode(wire["tree"], codec.read_arrays(wire["places"], data)), value)


def test_not_a_number_and_infinities_come_back() -> None:
    event = events.Loading(fraction=math.nan)
    tree, _ = codec.encode((event, math.inf))
    back, infinite = codec.decode(json.loads(json.dumps(tree)), {})
    assert math.isnan(back.fraction)
    assert infinite == math.inf


def test_the_same_frame_is_sent_once_and_is_one_array_again() -> None:
    pixels = np.full((8, 8, 3), 7, np.uint8)
    frame, twin = Frame.from_pixels(pixels), Frame.from_pixels(pixels.copy(), index=3)
    question = Question(text="?", frames=(frame, twin), history=(Turn("", "", (frame,)),))
    tree, arrays = codec.encode(question)
    assert sum(array.dtype == np.uint8 for array in arrays.values()) == 1
    back = codec.decode(tree, arrays)
    assert back.frames[0].pixels is back.frames[1].pixels is back.history[0].frames[0].pixels


def test_the_same_bytes_of_another_shape_or_dtype_are_another_array() -> None:
    flat = np.zeros(12, np.uint8)
    keys = {codec.digest(a) for a in (flat, flat.reshape(3, 4), flat.view(np.int8))}
    assert len(keys) == 3
    assert codec.digest(flat.reshape(3, 4)) == codec.digest(np.zeros((4, 3), np.uint8).T)


def test_shared_memory_carries_arrays_and_is_removed() -> None:
    arrays = {"a": np.arange(10.0), "b": np.eye(3, dtype=bool), "c": np.zeros((0, 4), np.int64)}
    block = Block(arrays)
    places = json.loads(json.dumps(block.places))
    back = copy_out(block.name, places)
    assert all(same(back[key], arrays[key]) for key in arrays)
    assert not back["a"].flags.writeable
    block.release()
    block.release()
    with pytest.raises(FileNotFoundError):
        copy_out(block.name, places)


def test_a_block_larger_than_the_file_system_is_refused_before_it_is_made() -> None:
    huge = np.lib.stride_tricks.as_strided(np.zeros(1), shape=(2**50,), strides=(0,))
    with pytest.raises(OSError, match="can be had"):
        Block({"a": huge})


def test_what_has_no_place_in_a_message_is_refused() -> None:
    for value in (object(), {1, 2}, np.array([object()]), Exception("x"), np.array(["text"])):
        with pytest.raises(codec.CodecError, match="cannot cross"):
            codec.encode(value)


@pytest.mark.parametrize(
    "value",
    [
        {"$": "os.system", "fields": {}},
        {"$": "Token", "fields": {"shell": "rm"}},
        {"$": "array", "key": "missing"},
        {"$": None},
        {"fields": {}},
    ],
)
def test_unknown_names_in_a_message_make_nothing(value: Any) -> None:
    with pytest.raises(codec.CodecError, match="cannot read"):
        codec.decode({"version": codec.VERSION, "value": value}, {})


def test_another_version_is_refused() -> None:
    with pytest.raises(codec.CodecError, match="version"):
        codec.decode({"version": codec.VERSION + 1, "value": None}, {})


@pytest.mark.parametrize("place", [(0, "|O", [1]), (0, "<f8", [3]), (9, "<f8", [1])])
def test_arrays_outside_their_block_or_with_references_are_refused(place: Any) -> None:
    with pytest.raises(codec.CodecError):
        codec.read_arrays({"a": place}, bytes(16))


def test_depth_that_would_exhaust_the_stack_is_refused_on_either_side() -> None:
    deep: object = ()
    for _ in range(5_000):
        deep = (deep,)
    with pytest.raises(codec.CodecError, match="levels"):
        codec.encode(deep)
    tree: object = []
    for _ in range(5_000):
        tree = [tree]
    with pytest.raises(codec.CodecError, match="levels"):
        codec.decode({"version": codec.VERSION, "value": tree}, {})
