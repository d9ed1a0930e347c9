"""The phantoms: what they say about their lesions is what their pixels show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.demo.phantoms import Phantom, brain_mr, chest_ct, chest_radiograph

MAKERS: dict[str, Callable[..., Phantom]] = {
    "chest_ct": chest_ct,
    "brain_mr": brain_mr,
    "chest_radiograph": chest_radiograph,
}
STACKS = ("chest_ct", "brain_mr")

every_kind = pytest.mark.parametrize("kind", MAKERS)
every_stack = pytest.mark.parametrize("kind", STACKS)


def lesion_change(phantom: Phantom, k: int) -> np.ndarray:
    """How much the lesions change slice ``k``: the very same patient with and without them."""
    return phantom.slice(k) - replace(phantom, lesions=()).slice(k)


def extent(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return cols[0], rows[0], cols[-1] + 1, rows[-1] + 1


@every_kind
def test_the_same_seed_is_the_same_patient(kind: str) -> None:
    first, second = MAKERS[kind](7, n_lesions=1), MAKERS[kind](7, n_lesions=1)
    assert first.lesions == second.lesions
    middle = first.shape[0] // 2
    np.testing.assert_array_equal(first.slice(middle), second.slice(middle))


@every_kind
def test_another_seed_is_another_patient(kind: str) -> None:
    first, second = MAKERS[kind](7, n_lesions=1), MAKERS[kind](8, n_lesions=1)
    assert first.lesions != second.lesions
    middle = first.shape[0] // 2
    assert np.abs(first.slice(middle) - second.slice(middle)).mean() > 5


@every_kind
def test_voxels_are_the_rounded_slices(kind: str) -> None:
    phantom = MAKERS[kind](3, n_lesions=1)
    voxels = phantom.voxels()
    assert voxels.dtype == np.int16
    assert voxels.shape == phantom.shape
    # Backwards, so that no slice can depend on the one before it.
    for k in reversed(range(phantom.shape[0])):
        stored = phantom.slice(k)
        assert stored.dtype == np.float32
        np.testing.assert_array_equal(np.rint(stored), voxels[k])


@every_kind
def test_a_phantom_is_frozen(kind: str) -> None:
    with pytest.raises(FrozenInstanceError):
        MAKERS[kind](1).seed = 2  # type: ignore[misc]


@every_kind
def test_about_half_of_the_patients_have_one_lesion(kind: str) -> None:
    counts = Counter(len(MAKERS[kind](seed).lesions) for seed in range(300))
    assert 90 < counts[0] < 150
    assert 120 < counts[1] < 180
    assert 10 < counts[2] < 55


@every_kind
def test_both_sides_occur_and_agree_with_the_sign_of_x(kind: str) -> None:
    sides = Counter()
    for seed in range(60):
        for lesion in MAKERS[kind](seed, n_lesions=2).lesions:
            x = lesion.centre_ras_mm[0]
            # RAS+: x grows towards the patient's right.
            assert lesion.side == ("right" if x > 0 else "left")
            assert abs(x) >= 15
            sides[lesion.side] += 1
    assert min(sides.values()) > 30


@every_kind
def test_the_patients_right_is_on_the_left_of_the_picture(kind: str) -> None:
    for seed in range(12):
        phantom = MAKERS[kind](seed, n_lesions=1)
        lesion = phantom.lesions[0]
        box = phantom.lesion_box(0, sum(lesion.slice_range) // 2)
        assert box is not None
        assert ((box[0] + box[2]) / 2 < phantom.shape[2] / 2) == (lesion.side == "right")


@every_kind
def test_the_affine_leads_from_the_box_to_the_centre(kind: str) -> None:
    for seed in range(6):
        phantom = MAKERS[kind](seed, n_lesions=1)
        lesion = phantom.lesions[0]
        k = min(range(phantom.shape[0]), key=lambda k: -phantom.cross_section_fraction(0, k))
        x0, y0, x1, y1 = phantom.lesion_box(0, k)
        # Pixel centres lie half a pixel from the edges that boxes count from.
        found = phantom.affine @ (k, (y0 + y1) / 2 - 0.5, (x0 + x1) / 2 - 0.5, 1)
        along_slices = 1 if phantom.frontal else 2
        in_plane = [axis for axis in range(3) if axis != along_slices]
        np.testing.assert_allclose(
            found[in_plane], np.asarray(lesion.centre_ras_mm)[in_plane], atol=1e-3
        )
        if not phantom.frontal:
            assert abs(found[2] - lesion.centre_ras_mm[2]) <= phantom.spacing_mm[0] / 2 + 1e-6


@pytest.mark.parametrize("shape", [(40, 128, 128), (36, 200, 160)])
@every_stack
def test_the_box_is_tight_around_the_changed_pixels(kind: str, shape: tuple[int, ...]) -> None:
    # A quarter of the contrast: pixels that the lesion covers by a quarter or more.
    quarter = 225 if kind == "chest_ct" else 100
    checked = 0
    for seed in range(8):
        phantom = MAKERS[kind](seed, shape=shape, n_lesions=1)
        first, last = phantom.lesions[0].slice_range
        for k in range(first, last + 1):
            if phantom.cross_section_fraction(0, k) < 0.3:
                continue
            mask = np.abs(lesion_change(phantom, k)) > quarter
            np.testing.assert_allclose(phantom.lesion_box(0, k), extent(mask), atol=1)
            checked += 1
    assert checked > 16


def test_the_box_of_a_radiograph_is_tight_around_the_shadow() -> None:
    for seed in range(3):
        phantom = chest_radiograph(seed, n_lesions=1)
        mask = lesion_change(phantom, 0) > 1
        np.testing.assert_allclose(phantom.lesion_box(0, 0), extent(mask), atol=1)


@every_stack
def test_the_slice_range_is_where_the_lesion_is(kind: str) -> None:
    for seed in range(6):
        phantom = MAKERS[kind](seed, n_lesions=1)
        first, last = phantom.lesions[0].slice_range
        for k in range(phantom.shape[0]):
            inside = first <= k <= last
            assert (phantom.lesion_box(0, k) is not None) == inside
            assert (phantom.cross_section_fraction(0, k) > 0) == inside
            if not inside:
                assert not lesion_change(phantom, k).any()


def test_the_cross_section_fraction_is_that_of_the_area() -> None:
    phantom = chest_ct(2, shape=(80, 256, 256), n_lesions=1, diameter_range=(28, 30))
    areas = {
        k: (np.abs(lesion_change(phantom, k)) > 400).sum()
        for k in range(phantom.shape[0])
        if phantom.cross_section_fraction(0, k) > 0
    }
    largest = max(areas.values())
    for k, area in areas.items():
        fraction = phantom.cross_section_fraction(0, k)
        if fraction > 0.4:
            assert np.sqrt(area / largest) == pytest.approx(fraction, abs=0.05)


def test_a_nodule_is_solid_and_lies_in_the_lung() -> None:
    for seed in range(20):
        phantom = chest_ct(seed, n_lesions=1)
        lesion = phantom.lesions[0]
        k = sum(lesion.slice_range) // 2
        x0, y0, x1, y1 = phantom.lesion_box(0, k)
        row, col = int((y0 + y1) / 2), int((x0 + x1) / 2)
        assert -30 < phantom.slice(k)[row, col] < 130
        bare = replace(phantom, lesions=()).slice(k)
        changed = np.abs(lesion_change(phantom, k)) > 100
        # Vessels may run through; most of the nodule's place is air.
        assert np.median(bare[changed]) < -750
        ring = bare[int(y0) - 1 : int(y1) + 2, int(x0) - 1 : int(x1) + 2]
        assert np.mean(ring < -600) > 0.7


def test_a_brain_lesion_outshines_the_tissue_that_it_replaces() -> None:
    for seed in range(20):
        phantom = brain_mr(seed, n_lesions=1)
        k = sum(phantom.lesions[0].slice_range) // 2
        x0, y0, x1, y1 = phantom.lesion_box(0, k)
        row, col = int((y0 + y1) / 2), int((x0 + x1) / 2)
        bare = replace(phantom, lesions=()).slice(k)
        assert phantom.slice(k)[row, col] > 700
        changed = lesion_change(phantom, k) > 150
        # Brain tissue, neither a ventricle (dark) nor scalp (bright).
        assert 300 < np.median(bare[changed]) < 520


@every_kind
def test_lesions_lie_wholly_in_their_organ(kind: str) -> None:
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for seed in range(20):
        phantom = MAKERS[kind](seed, n_lesions=2)
        # The brain's room keeps 2 mm and more from ventricles, surface and midline.
        brain = kind == "brain_mr"
        organ, margin = (phantom.scene.head, 2.0) if brain else (phantom.scene.thorax, 0.0)
        for lesion in phantom.lesions:
            a, b, c = (directions * lesion.semi_axes_mm).T
            cos, sin = np.cos(lesion.angle), np.sin(lesion.angle)
            left, back, up = lesion.centre_lps_mm
            surface = left + a * cos - b * sin, back + a * sin + b * cos, up + c
            assert organ.room(*(p.astype(np.float32) for p in surface)).max() < margin


def test_two_lesions_do_not_overlap() -> None:
    for seed in range(30):
        first, second = chest_ct(seed, n_lesions=2).lesions
        gap = np.linalg.norm(np.subtract(first.centre_ras_mm, second.centre_ras_mm))
        assert gap > (first.diameter_mm + second.diameter_mm) / 2


@every_kind
def test_lesions_have_the_diameters_that_were_asked_for(kind: str) -> None:
    for seed in range(10):
        for lesion in MAKERS[kind](seed, n_lesions=2, diameter_range=(24.0, 26.0)).lesions:
            # Of a shadow only the projected axes are seen: never more than was asked for.
            assert (20 if kind == "chest_radiograph" else 24) <= lesion.diameter_mm <= 26


def test_the_anatomy_is_the_same_at_every_matrix() -> None:
    coarse, fine = chest_ct(5, n_lesions=1), chest_ct(5, shape=(40, 256, 256), n_lesions=1)
    assert coarse.lesions[0].centre_ras_mm == fine.lesions[0].centre_ras_mm
    k = sum(coarse.lesions[0].slice_range) // 2
    shrunk = fine.slice(k).reshape(128, 2, 128, 2).mean(axis=(1, 3))
    # Noise and thin vessels differ; organs do not.
    assert np.median(np.abs(shrunk - coarse.slice(k))) < 20
    np.testing.assert_allclose(np.multiply(coarse.lesion_box(0, k), 2), fine.lesion_box(0, k))


def test_a_radiograph_is_the_patient_of_the_ct() -> None:
    ct, radiograph = chest_ct(11, n_lesions=0), chest_radiograph(11, n_lesions=0)
    density = np.maximum(ct.voxels() + 1000.0, 0).sum(axis=1)[::-1]
    # The picture is 320 mm high, the stack 280: compare the part that both show.
    picture = radiograph.slice(0)[10:150]
    heights = (np.arange(140) + 0.5) / 140 * 40 - 0.5
    columns = (np.arange(160) + 0.5) / 160 * 128 - 0.5
    matched = density[np.rint(heights).astype(int)][:, np.rint(columns).astype(int)]
    body = matched > 30000
    assert np.corrcoef(np.log(matched[body]), picture[body])[0, 1] > 0.9


def test_the_heart_lies_on_the_patients_left() -> None:
    for seed in range(5):
        phantom = chest_ct(seed, n_lesions=0)
        w = phantom.scene.thorax.domes[1] + 40 + phantom.scene.thorax.pose.shift[2]
        k = int(np.argmin([abs(phantom.height_mm(k) - w) for k in range(40)]))
        soft = phantom.slice(k)[40:70] > 0
        assert soft[:, 64:96].sum() > 1.3 * soft[:, 32:64].sum()


@pytest.mark.parametrize("bad", [{"n_lesions": -1}, {"diameter_range": (30.0, 16.0)}])
def test_impossible_lesions_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Expected n_lesions >= 0"):
        chest_ct(1, **bad)


def test_slices_that_could_miss_a_lesion_are_refused() -> None:
    with pytest.raises(ValueError, match="may miss a lesion"):
        chest_ct(1, shape=(10, 64, 64), n_lesions=1)


def test_a_lesion_for_which_there_is_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="Found no room"):
        brain_mr(1, n_lesions=1, diameter_range=(150.0, 150.0))


def test_a_slice_outside_of_the_stack_is_refused() -> None:
    with pytest.raises(IndexError, match="Expected a slice from 0 to 39, got 40"):
        chest_ct(1).slice(40)


def test_a_radiograph_of_two_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected one slice"):
        chest_radiograph(1, shape=(2, 64, 64))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rows=st.integers(32, 300),
    cols=st.integers(32, 300),
    kind=st.sampled_from(STACKS),
)
def test_every_seed_and_matrix_gives_a_lesion_inside_the_picture(
    seed: int, rows: int, cols: int, kind: str
) -> None:
    phantom = MAKERS[kind](seed, shape=(32, rows, cols), n_lesions=1)
    first, last = phantom.lesions[0].slice_range
    assert 0 <= first <= last < 32
    k = (first + last) // 2
    x0, y0, x1, y1 = phantom.lesion_box(0, k)
    assert 0 < x0 < x1 < cols
    assert 0 < y0 < y1 < rows
    assert phantom.slice(k).shape == (rows, cols)
    assert np.isfinite(phantom.slice(k)).all()
