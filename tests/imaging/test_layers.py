from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking.scans import clip
from napari_medvlm.errors import ImagingError, SelectionError
from napari_medvlm.imaging import Selection, Volume, Window, take
from napari_medvlm.imaging.layers import layer_data, layer_transform, volume_of

from .test_orientation import affine_of, orders, signs


def layer_like(data, **attributes):
    """What a napari image layer offers, without napari."""
    given_ = {
        "_type_string": "image", "data": data, "metadata": {}, "rgb": False, "multiscale": False,
    }  # fmt: skip
    if "scale" not in attributes:
        given_ |= {"scale": np.ones(np.ndim(data)), "units": ("pixel",) * np.ndim(data)}
    return SimpleNamespace(**(given_ | attributes))


def test_a_volume_becomes_a_layer_and_comes_back():
    affine = affine_of((2, 1, 0), (1, -1, -1), (5.0, 0.8, 0.7))
    volume = Volume(
        np.zeros((2, 3, 4), np.int16), affine, name="CT series 123456", modality="CT",
        windows=(Window(40, 400),), remarks=("A remark.",), facts={"format": "DICOM"},
    )  # fmt: skip
    data, attributes, kind = layer_data(volume)
    assert kind == "image"
    assert data is volume.voxels
    assert attributes["name"] == "CT series 123456"
    assert attributes["scale"] == pytest.approx((5.0, 0.8, 0.7))
    # LPS mm in the order z, y, x.
    assert attributes["translate"] == (130.0, -7.0, 11.0)
    assert attributes["units"] == ("mm", "mm", "mm")
    assert attributes["axis_labels"] == ("z", "y", "x")
    assert attributes["contrast_limits"] == (-160, 240)
    facts = attributes["metadata"]["medvlm"]
    assert (facts["modality"], facts["remarks"], facts["axes"]) == ("CT", ["A remark."], "SPL")
    assert volume_of(layer_like(data, metadata=attributes["metadata"])) is volume


@given(orders, signs, st.tuples(*[st.integers(0, 5)] * 3))
def test_world_coordinates_are_patient_mm_along_each_axis(order, sign, index):
    volume = Volume(np.zeros((6, 6, 6), np.uint8), affine_of(order, sign, (5.0, 0.8, 0.7)))
    scale, translate = layer_transform(volume)
    world = np.array(index) * scale + translate
    patient = (volume.affine @ (*index, 1))[list(order)] * sign
    np.testing.assert_allclose(world, patient)


def test_a_clip_whose_pixels_have_a_size_is_shown_in_mm():
    film = clip()
    assert layer_data(film)[1]["units"] == ("pixel",) * 3
    film.spacing = (0.4, 0.2)
    _, attributes, _ = layer_data(film)
    assert attributes["scale"] == (1.0, 0.4, 0.2)
    assert attributes["units"] == ("pixel", "mm", "mm")


def test_time_leads_and_counts_in_steps():
    volume = Volume(np.zeros((7, 2, 3, 4), np.int16), np.eye(4), temporal=True)
    _, attributes, _ = layer_data(volume)
    assert attributes["scale"] == (1, 1, 1, 1)
    assert attributes["units"] == ("pixel", "mm", "mm", "mm")
    assert attributes["axis_labels"] == ("t", "z", "y", "x")


def test_replaced_data_is_what_the_model_will_see():
    volume = Volume(np.zeros((2, 3, 4), np.int16), np.eye(4), modality="MR")
    data, attributes, _ = layer_data(volume)
    changed = volume_of(layer_like(data + 5, metadata=attributes["metadata"]))
    assert isinstance(changed, Volume)
    assert changed.modality == "MR"
    assert changed.voxels.max() == 5
    assert changed.digest != volume.digest
    copied = volume_of(layer_like(copy.deepcopy(data), metadata=attributes["metadata"]))
    assert copied.digest == volume.digest


@pytest.mark.parametrize(
    ("shape", "rgb", "expected"),
    [
        ((5, 6), False, (1, 5, 6)),
        ((4, 5, 6), False, (4, 5, 6)),
        ((2, 4, 5, 6), False, (2, 4, 5, 6)),
        ((5, 6, 3), True, (1, 5, 6, 3)),
        ((4, 5, 6, 4), True, (4, 5, 6, 3)),
    ],
)
def test_layers_of_others_are_taken_at_their_word(shape, rgb, expected):
    volume = volume_of(layer_like(np.ones(shape, np.uint8), rgb=rgb))
    assert isinstance(volume, Volume)
    assert volume.voxels.shape == expected
    assert (volume.coloured, volume.temporal) == (rgb, len(shape) - rgb == 4)
    assert not volume.oriented
    assert volume.unit == "pixel"
    assert "orientation is unknown" in volume.remarks[0]


def test_scale_and_units_of_a_layer_become_mm():
    layer = layer_like(
        np.zeros((4, 5, 6)), scale=np.array([2.0, 1.0, 0.5]), units=("micrometer",) * 3,
        affine=SimpleNamespace(linear_matrix=np.diag([1.0, 1.0, 4.0])),
    )  # fmt: skip
    volume = volume_of(layer)
    assert volume.unit == "mm"
    np.testing.assert_allclose(volume.spacing, (0.002, 0.001, 0.002))


def test_fractional_colour_becomes_8_bit():
    volume = volume_of(layer_like(np.array([[[0.0, 0.5, 1.0]]]), rgb=True))
    np.testing.assert_array_equal(volume.voxels, [[[[0, 128, 255]]]])


def test_multiscale_layers_give_their_finest_level():
    levels = [np.ones((4, 8, 8)), np.ones((2, 4, 4))]
    assert volume_of(
        layer_like(levels, multiscale=True, scale=np.ones(3), units=())
    ).voxels.shape == (4, 8, 8)


class Shown:
    """What a viewer is given of lazily read voxels."""

    def __init__(self, voxels, report):
        self.voxels, self.report, self.shape = voxels, report, voxels.shape


class Undecoded:
    """Lazily read voxels, of which none may be looked at."""

    dtype, ndim, shape = np.dtype(np.int16), 3, (5, 8, 8)

    def shown(self, report):
        return Shown(self, report)


def test_a_lazily_read_volume_is_shown_undecoded_and_comes_back():
    volume = Volume(Undecoded(), np.eye(4), windows=(Window(40, 400),))
    assert layer_data(volume)[0] is volume.voxels
    data, attributes, _ = layer_data(volume, report=print)
    assert isinstance(data, Shown)
    assert data.report is print
    assert volume_of(layer_like(data, metadata=attributes["metadata"], scale=())) is volume


class Broken(Undecoded):
    """Lazily read voxels whose slices cannot be decoded, but for what a viewer is shown."""

    def __getitem__(self, key):
        raise ImagingError("It is broken.")

    def shown(self, report):
        return np.arange(320, dtype=np.int16).reshape(self.shape)


def test_a_broken_slice_does_not_keep_the_others_from_the_screen():
    volume = Volume(Broken(), np.eye(4))
    _, attributes, _ = layer_data(volume, report=print)
    low, high = attributes["contrast_limits"]
    assert 0 <= low < 10 < 310 < high <= 320


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layer_like(np.zeros((3, 4)), _type_string="labels"), "a layer of labels"),
        (layer_like(np.zeros(3)), "this one has 1"),
        (layer_like(np.zeros((1, 1, 1, 1, 1))), "this one has 5"),
        (layer_like(np.zeros((3, 4), complex)), "complex128"),
    ],
)
def test_layers_of_the_wrong_kind_are_refused(layer, words):
    with pytest.raises(SelectionError, match=words):
        volume_of(layer)


@pytest.mark.parametrize(
    ("dtype", "colour", "limits", "sent"),
    [
        (np.uint16, (12000, 20000, 4000), (0, 40000), (77, 128, 26)),
        (np.uint16, (12000, 20000, 4000), None, (47, 78, 16)),
        (np.int16, (100, 200, 50), (50, 200), (85, 255, 0)),
        (np.float32, (0.2, 0.5, 1.5), (0.2, 1.5), (0, 59, 255)),
        (np.uint8, (120, 200, 40), (0, 255), (120, 200, 40)),
    ],
)
def test_colours_of_any_depth_are_taken_as_the_viewer_shows_them(dtype, colour, limits, sent):
    data = np.zeros((6, 6, 3), dtype)
    data[...] = colour
    more = {} if limits is None else {"contrast_limits": limits}
    volume = volume_of(layer_like(data, rgb=True, **more))
    assert volume.voxels[0, 3, 3].tolist() == list(sent)
    assert ("8 bit" in " ".join(volume.remarks)) == (dtype != np.uint8)


def test_truth_values_are_black_and_white():
    data = np.zeros((6, 6), bool)
    data[2] = True
    (frame,) = take(volume_of(layer_like(data)), Selection((0,), "acquired"))
    assert frame.pixels[2, 2].tolist() == [255] * 3
    assert frame.pixels[3, 3].tolist() == [0] * 3
