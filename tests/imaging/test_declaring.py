"""What a person says of a scan: read as written, never against the file, and taken back whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asking.scans import clip, ct
from napari_medvlm.errors import DeclarationError
from napari_medvlm.imaging import Selection, Volume, edge_letters, read, source_id, take
from napari_medvlm.imaging.declaration import (
    BODY_PARTS,
    MODALITIES,
    Declaration,
    declaration_from,
    read_declaration,
)
from napari_medvlm.imaging.declaring import as_file_says, declare, open_topics, still_fitting
from napari_medvlm.imaging.layers import axis_letters, layer_transform

ORIENTATIONS = [
    "".join(letters)
    for axes in permutations(("RL", "AP", "SI"))
    for letters in product(*axes)
]  # fmt: skip


def declared(text: str) -> Declaration:
    return Declaration().changed(read_declaration(text))


@pytest.fixture
def array(tmp_path) -> Volume:
    np.save(tmp_path / "a.npy", np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5))
    (volume,) = read(tmp_path / "a.npy")
    return volume


declarations = st.builds(
    Declaration,
    modality=st.sampled_from(("", *MODALITIES)),
    body_part=st.sampled_from(("", *BODY_PARTS)),
    orientation=st.sampled_from(("", *ORIENTATIONS)),
    spacing=st.one_of(
        st.just(()), st.tuples(*[st.integers(1, 9999).map(lambda n: n / 100)] * 3)
    ),
)  # fmt: skip


@given(declarations)
@settings(deadline=None)
def test_what_is_written_is_read_again(declaration: Declaration) -> None:
    assert declaration_from(declaration.plain()) == declaration
    assert declared(",".join(declaration.words) or "none") == declaration


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modality=MRI, body part=Brain", ("modality=MR", "body_part=BRAIN")),
        ("Modality=x-ray,body-part=chest", ("modality=DX", "body_part=CHEST")),
        ("orientation=l/f", ("orientation=LI",)),
        ("orientation=R A H", ("orientation=RAS",)),
        ("spacing=3×0.5×0.5", ("spacing=3x0.5x0.5",)),
        ("spacing=0.2x0.2", ("spacing=1x0.2x0.2",)),
        ("modality=none", ()),
    ],
)
def test_people_may_write_it_in_their_own_way(text: str, words: tuple[str, ...]) -> None:
    assert declared(text).words == words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MR", "Expected modality=…"),
        ("name=Doe", "Expected modality=…"),
        ("modality=Doe", "no modality"),
        ("body_part=jane", "no body_part"),
        ("body_part=brane", "Did you mean BRAIN"),
        ("orientation=LLS", "three letters"),
        ("orientation=LRP", "three letters"),
        ("orientation=L", "three letters"),
        ("orientation=XYZ", "three letters"),
        ("spacing=0x1x1", "millimetres"),
        ("spacing=nanx1x1", "millimetres"),
        ("spacing=1", "millimetres"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(text: str, told: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_declaration(text)
    assert told in str(caught.value)


@pytest.mark.parametrize("letters", ORIENTATIONS)
def test_declared_letters_stand_at_the_edges_that_were_said(array: Volume, letters: str) -> None:
    volume = declare(array, declared(f"orientation={letters}"))
    assert isinstance(volume, Volume)
    assert axis_letters(volume) == letters[2] + letters[1] + letters[0]
    _, right, _, bottom = edge_letters(volume, "acquired")
    assert right + bottom == letters[:2]
    assert abs(abs(np.linalg.det(volume.affine[:3, :3])) - 1) < 1e-12


def test_planes_follow_a_declared_orientation(array: Volume) -> None:
    volume = declare(array, declared("orientation=LPS"))
    (frame,) = take(volume, Selection((1,), "axial"))
    (stored,) = take(array, Selection((1,), "acquired"))
    np.testing.assert_array_equal(frame.pixels, stored.pixels)
    flipped = declare(array, declared("orientation=RPS"))
    (frame,) = take(flipped, Selection((1,), "axial"))
    np.testing.assert_array_equal(frame.pixels, stored.pixels[:, ::-1])
    assert frame.declared == ("orientation=RPS",)
    assert stored.declared == ()


def test_one_image_needs_but_two_letters_and_several_need_three(array: Volume, tmp_path) -> None:
    with pytest.raises(DeclarationError, match="3 slices"):
        declare(array, declared("orientation=LI"))
    np.save(tmp_path / "film.npy", np.zeros((4, 5), np.uint8))
    (film,) = read(tmp_path / "film.npy")
    volume = declare(film, declared("modality=DX,orientation=LF"))
    assert edge_letters(volume, "acquired") == ("R", "L", "S", "I")


def test_spacing_alone_keeps_the_orientation_unknown(array: Volume) -> None:
    volume = declare(array, declared("spacing=3x0.5x0.25"))
    assert (volume.spacing, volume.unit, volume.oriented) == ((3, 0.5, 0.25), "mm", False)
    assert layer_transform(volume)[0] == (3, 0.5, 0.25)


@given(declarations, declarations)
@settings(deadline=None)
def test_it_is_the_same_scan_and_is_as_its_file_says_when_taken_back(
    first: Declaration, second: Declaration
) -> None:
    said = Volume(np.arange(24.0).reshape(2, 3, 4), np.diag([1.0, 1, 1, 1]), oriented=False,
                  unit="pixel", remarks=("A remark.",), title="Doe.npy")  # fmt: skip
    volume = declare(declare(said, first), second)
    assert source_id(volume) == source_id(said)
    assert volume.declared == second
    assert volume.title == "Doe.npy"
    if second:
        assert volume.remarks[-1].startswith("Declared by you, not by the file: ")
    back = as_file_says(volume)
    for name in ("modality", "body_part", "oriented", "unit", "remarks", "identity", "declared"):
        assert getattr(back, name) == getattr(said, name)
    np.testing.assert_array_equal(back.affine, said.affine)
    assert back.digest == said.digest


def test_what_the_file_says_cannot_be_said_otherwise() -> None:
    scan = ct()
    assert open_topics(scan) == ("body_part",)
    for text in ("modality=MR", "orientation=LPS", "spacing=1x1x1"):
        with pytest.raises(DeclarationError, match="The file itself tells"):
            declare(scan, declared(text))
    assert open_topics(replace(scan, modality="OT")) == ("modality", "body_part")


def test_a_file_that_has_come_to_speak_is_believed(array: Volume) -> None:
    kept = declared("modality=MR,body_part=knee,orientation=LPS")
    speaking = replace(array, modality="CT")
    assert still_fitting(speaking, kept).words == ("body_part=KNEE", "orientation=LPS")
    assert still_fitting(array, declared("orientation=LI")) == Declaration()


def test_of_a_clip_the_kind_can_be_said_and_nothing_else() -> None:
    video = clip()
    assert open_topics(video) == ()
    video.modality = ""
    said = declare(video, declared("modality=US"))
    assert (said.modality, video.modality) == ("US", "")
    (frame,) = take(said, Selection((3,)))
    assert (frame.modality, frame.declared) == ("US", ("modality=US",))
    assert said.remarks == (*video.remarks, "Declared by you, not by the file: modality US.")
    other = declare(said, declared("modality=ES"))
    assert other.remarks == (*video.remarks, "Declared by you, not by the file: modality ES.")
    back = declare(other, Declaration())
    assert (back.modality, back.remarks) == ("", video.remarks)
    with pytest.raises(DeclarationError, match="no place"):
        declare(video, declared("orientation=LI"))
