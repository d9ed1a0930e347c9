"""Boxes in a file and back, without a screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking.answer.box_files import (
    BoxFile,
    FileBox,
    is_box_file,
    read_boxes,
    write_boxes,
)
from napari_medvlm.errors import RecordError

NUMBERS = st.floats(-1e6, 1e6)
FACTS = st.one_of(st.none(), st.booleans(), st.integers(-999, 999), NUMBERS, st.text(max_size=9))


@st.composite
def files(draw: st.DrawFn) -> BoxFile:
    axes = draw(st.integers(2, 4))
    boxes = []
    for _ in range(draw(st.integers(0, 4))):
        corners = draw(
            st.lists(st.lists(NUMBERS, min_size=axes, max_size=axes), min_size=2, max_size=5)
        )
        points = np.array(corners)
        boxes.append(
            FileBox(
                points,
                points[:, :1] * [1, 2, 3] if draw(st.booleans()) else None,
                draw(st.sampled_from(("rectangle", "polygon", "line"))),
                draw(st.sampled_from(("#e69f00", "#000000"))),
                draw(st.dictionaries(st.text(max_size=9), FACTS, max_size=4)),
            )
        )
    return BoxFile(
        draw(st.sampled_from(("findings", "regions", ""))),
        draw(st.sampled_from(("", "0123456789ab"))),
        tuple(draw(st.floats(0.01, 99)) for _ in range(axes)),
        tuple(draw(NUMBERS) for _ in range(axes)),
        ("mm",) * axes,
        ("a",) * axes,
        tuple(boxes),
    )


@given(files())
def test_what_is_written_is_read_again(tmp_path_factory: Any, boxes: BoxFile) -> None:
    path = tmp_path_factory.mktemp("boxes") / "x.json"
    write_boxes(path, boxes)
    assert is_box_file(path)
    again = read_boxes(path)
    for name in ("role", "source", "scale", "translate", "units", "axis_labels"):
        assert getattr(again, name) == getattr(boxes, name)
    assert len(again.boxes) == len(boxes.boxes)
    for one, other in zip(again.boxes, boxes.boxes, strict=True):
        np.testing.assert_array_equal(one.corners, other.corners)
        assert (one.millimetres is None) == (other.millimetres is None)
        assert (one.shape, one.colour, dict(one.features)) == (
            other.shape,
            other.colour,
            dict(other.features),
        )


def _plain(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "good.json"
    box = FileBox(np.zeros((4, 3)), None, features={"label": "x"})
    write_boxes(path, BoxFile("findings", "", (1, 1, 1), (0, 0, 0), ("mm",) * 3, ("",) * 3, (box,)))
    plain: dict[str, Any] = json.loads(path.read_text())
    return plain


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (("format",), "others", "no file of boxes"),
        (("version",), 99, "another version"),
        (("layer", "scale"), [1, 0, 1], "damaged"),
        (("layer", "scale"), [1, 1], "damaged"),
        (("layer", "translate"), [0, 0, "x"], "damaged"),
        (("boxes", 0, "corners_index"), [[0, 0]], "damaged"),
        (("boxes", 0, "corners_index"), [[0, 0, float("nan")]] * 2, "damaged"),
        (("boxes", 0, "colour"), "url(x)", "damaged"),
        (("boxes", 0, "shape"), "image", "damaged"),
        (("boxes", 0, "features"), {"label": ["x"]}, "damaged"),
        (("boxes",), 7, "damaged"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_told(
    tmp_path: Path, at: tuple[Any, ...], value: Any, words: str
) -> None:
    plain = inside = _plain(tmp_path)
    for key in at[:-1]:
        inside = inside[key]
    inside[at[-1]] = value
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(plain))
    with pytest.raises(RecordError, match=words):
        read_boxes(path)


def test_other_files_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"a": 1}')
    assert not is_box_file(tmp_path / "other.json")
    assert not is_box_file(tmp_path / "missing.json")
    with pytest.raises(RecordError, match="cannot be read"):
        read_boxes(tmp_path / "missing.json")
    with pytest.raises(RecordError, match="cannot be written"):
        write_boxes(tmp_path / "no" / "x.json", BoxFile("", "", (1, 1), (0, 0), ("", ""), ("", "")))
