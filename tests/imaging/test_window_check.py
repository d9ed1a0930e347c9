from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Selection, Volume, Window, read, take
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.imaging.scan import scan
from napari_medvlm.imaging.window_check import checked_windows
from napari_medvlm.imaging.windowing import default_window

RNG = np.random.default_rng(5)
SPHERE = np.sum(np.square(np.mgrid[-1:1:12j, -1:1:48j, -1:1:48j]), axis=0) < 0.6


def volume(voxels, *windows: Window, **more) -> Volume:
    return Volume(voxels, np.eye(4), windows=windows, **more)


def limits(low: float, high: float) -> Window:
    return Window((low + high) / 2, high - low, "header", "linear_exact")


def head_ct(air: float = 0.0) -> np.ndarray:
    """Noise of air around a ball of brain with a ventricle, within a shell of bone, in HU."""
    values = RNG.normal(-1000 + air, 15, SPHERE.shape)
    values[SPHERE] = RNG.normal(35, 4, int(SPHERE.sum()))
    values[5:7, 20:28, 20:28] = RNG.normal(5, 3, (2, 8, 8))
    values[SPHERE & (np.roll(SPHERE, 3, axis=1) != SPHERE)] = 1200
    return values.astype(np.int16)


def nifti(path, values, cal: tuple[float, float]):
    image = nib.Nifti1Image(values.transpose(2, 1, 0), np.eye(4))
    image.header["cal_min"], image.header["cal_max"] = cal
    nib.save(image, path)
    return path


@pytest.mark.parametrize(
    ("low", "high", "cal"),
    [(700, 49183, (0, 255)), (-1024, 3071, (5000, 9000)), (0.001, 0.09, (0, 100))],
)
def test_a_window_beside_the_values_gives_way_with_a_remark(tmp_path, low, high, cal):
    kind = np.float32 if high < 1 else np.int32
    values = RNG.uniform(low, high, (6, 20, 24)).astype(kind)
    path = nifti(tmp_path / "a.nii.gz", values, cal)
    (shown,) = read(path)
    (frame,) = take(shown, Selection(plane="acquired", indices=(3,)))
    assert len(np.unique(frame.pixels)) > 100
    assert sum("shows almost nothing" in remark for remark in shown.remarks) == 1
    # One window for the layer, the frames and the preview; the file's own can still be chosen.
    _, attributes, _ = layer_data(shown)
    assert attributes["contrast_limits"] == shown.windows[0].limits == frame.window.limits
    assert shown.windows[1].limits == pytest.approx(cal)
    assert shown.windows[0].name == "value range"
    assert len(np.unique(scan(path).entries[0].preview())) > 100


def test_a_silhouette_is_not_enough():
    values = np.where(SPHERE, RNG.integers(700, 49183, SPHERE.shape), 0).astype(np.int32)
    shown = checked_windows(volume(values, limits(0, 255)))
    assert default_window(shown).limits[1] > 40_000


def test_a_window_within_the_values_stays():
    values = RNG.integers(5, 1012, (6, 20, 24)).astype(np.int16)
    given_ = volume(values, limits(100, 900))
    assert checked_windows(given_) is given_


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    centre=st.floats(31, 39),
    width=st.floats(8, 400),
    function=st.sampled_from(["linear", "linear_exact", "sigmoid"]),
    air=st.floats(-20, 20),
    margin=st.integers(0, 40),
)
def test_narrow_windows_of_ct_stay_however_much_air_there_is(centre, width, function, air, margin):
    values = np.pad(head_ct(air), ((0, 0), (margin, margin), (margin, margin)), mode="reflect")
    values[:, :margin] = values[:, :, :margin] = -1000
    if margin:
        values[:, -margin:] = values[:, :, -margin:] = -1000
    given_ = volume(values, Window(centre, width, "brain", function), modality="CT")
    assert checked_windows(given_) is given_


@pytest.mark.parametrize("share", [0.5, 0.02, 0.001])
@pytest.mark.parametrize("kind", [np.int16, np.uint8])
def test_a_mask_of_two_values_keeps_its_window(share, kind):
    values = (RNG.random((4, 50, 50)) < share).astype(kind)
    given_ = volume(values, limits(0, 1))
    assert checked_windows(given_) is given_


def test_another_window_of_the_file_goes_before_percentiles():
    values = RNG.integers(0, 1000, (3, 20, 20)).astype(np.int16)
    blank, good = limits(-2000, -1000), limits(200, 700)
    shown = checked_windows(volume(values, blank, good))
    assert shown.windows == (good, blank)


def test_bytes_are_shown_by_their_range():
    values = RNG.integers(0, 60, (3, 20, 20)).astype(np.uint8)
    shown = checked_windows(volume(values, limits(1000, 2000)))
    assert shown.windows[0].limits == pytest.approx((0, 59), abs=1)


def test_padding_does_not_count():
    values = np.full((3, 20, 20), -2000, np.int16)
    values[:, 9:11, 9:11] = RNG.integers(0, 100, (3, 2, 2))
    given_ = volume(values, limits(0, 100), padding=(-2000.0, -2000.0))
    assert checked_windows(given_) is given_


def test_tables_are_judged_by_what_they_show():
    values = RNG.integers(0, 1000, (3, 20, 20)).astype(np.int16)
    ramp = Window(500, 1000, "lut", "table", tuple(range(256)))
    given_ = volume(values, ramp)
    assert checked_windows(given_) is given_
    flat = Window(500, 1000, "lut", "table", (255,) * 256)
    assert checked_windows(volume(values, flat)).windows[1] is flat


def test_a_window_of_no_width_gives_way():
    values = RNG.integers(0, 1000, (3, 20, 20)).astype(np.int16)
    assert checked_windows(volume(values, Window(500, 0.2))).windows[0].width > 500


def test_what_nothing_shows_better_is_left_alone():
    constant = volume(np.full((3, 4, 4), 7, np.int16), limits(100, 200))
    assert checked_windows(constant) is constant
    empty = volume(np.zeros((0, 4, 4), np.int16), limits(100, 200))
    assert checked_windows(empty) is empty


class Slices:
    """Lazily read voxels that count what was asked for."""

    shape, dtype, ndim, size = (200, 16, 16), np.dtype(np.int16), 3, 200 * 256

    def __init__(self, low: int, broken: tuple[int, ...] = ()) -> None:
        self.low, self.broken, self.asked = low, broken, []

    def __getitem__(self, key):
        (index,) = key
        self.asked.append(index)
        if index in self.broken:
            raise ImagingError("broken")
        return np.arange(self.low, self.low + 256, dtype=np.int16).reshape(16, 16)


def test_of_lazily_read_slices_one_is_looked_at_and_few_where_it_shows_nothing():
    sound = Slices(0)
    checked_windows(volume(sound, limits(0, 255)))
    assert sound.asked == [100]
    blank = Slices(3000)
    assert checked_windows(volume(blank, limits(0, 255))).windows[0].limits[0] > 2900
    assert len(blank.asked) <= 8


def test_a_broken_slice_keeps_nobody_from_the_others():
    voxels = Slices(0, broken=(100,))
    given_ = volume(voxels, limits(0, 255))
    assert checked_windows(given_) is given_
    every = volume(Slices(0, broken=tuple(range(200))), limits(0, 255))
    assert checked_windows(every) is every


def test_a_dicom_window_is_checked_too(tmp_path):
    from .series import write_series

    folder = write_series(tmp_path / "mr", RNG.integers(2000, 4000, (4, 24, 24)).astype(np.int16))
    import pydicom

    for path in sorted(folder.iterdir()):
        data = pydicom.dcmread(path)
        data.WindowCenter, data.WindowWidth = 40, 80
        data.save_as(path)
    for lazy in (False, True):
        shown = scan(folder).entries[0].open(lazy=lazy)
        assert any("shows almost nothing" in remark for remark in shown.remarks)
        (frame,) = take(shown, Selection(plane="acquired", indices=(1,)))
        assert frame.pixels.std() > 40


def test_gzipped_and_plain_files_get_the_same_window(tmp_path):
    path = nifti(tmp_path / "a.nii", RNG.integers(700, 9000, (3, 9, 9)).astype(np.int32), (0, 255))
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(path.read_bytes()))
    (a,), (b,) = read(path), read(tmp_path / "b.nii.gz")
    assert a.windows == b.windows
