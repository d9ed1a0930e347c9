"""What a hub answers is looked at before it is believed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.fetching.answer import read_answer

COMMIT = "a" * 40
GOOD = {
    "sha": COMMIT,
    "gated": False,
    "cardData": {"license": "mit"},
    "siblings": [
        {"rfilename": "config.json", "size": 12, "blobId": "b" * 40},
        {"rfilename": "model.safetensors", "lfs": {"size": 5, "sha256": "C" * 64}},
    ],
}


def test_a_plain_answer_is_read():
    found = read_answer(GOOD)
    assert (found.commit, found.licence, found.gated) == (COMMIT, "mit", False)
    assert found.files["config.json"].git_sha1 == "b" * 40
    assert found.files["model.safetensors"].sha256 == "c" * 64


@pytest.mark.parametrize(
    "change",
    [
        {"sha": 5}, {"sha": "../../etc"}, {"siblings": 5}, {"siblings": [5]},
        {"siblings": [{"rfilename": 5}]}, {"siblings": [{"rfilename": "a", "size": "many"}]},
        {"siblings": [{"rfilename": "a", "size": -1}]},
        {"siblings": [{"rfilename": "a", "size": True}]},
        {"siblings": [{"rfilename": "a", "size": 1, "blobId": "no"}]},
        {"siblings": [{"rfilename": "a", "lfs": {"size": 1, "sha256": "zz"}}]},
        {"siblings": [{"rfilename": "a", "lfs": {"size": 1e300, "sha256": ""}}]},
    ],
)  # fmt: skip
def test_a_part_of_another_kind_is_refused(change):
    with pytest.raises(ValueError, match=r"."):
        read_answer(GOOD | change)


def test_commands_in_a_licence_become_marks():
    licence = read_answer(GOOD | {"cardData": {"license": "mit\x1b]0;TITLE\x07‮"}}).licence
    assert licence.startswith("mit")
    assert licence.isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON | st.fixed_dictionaries(dict.fromkeys(GOOD, JSON)))
def test_any_answer_is_read_or_refused(plain):
    try:
        found = read_answer(json.loads(json.dumps(plain)))
    except ValueError:
        return
    assert found.licence.isprintable() or not found.licence
