from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing

from napari_medvlm.imaging import Selection, Volume, Window, read, take
from napari_medvlm.imaging.dicom.header import ImageHeader, read_headers
from napari_medvlm.imaging.dicom.pixels import display_windows, read_image
from napari_medvlm.imaging.windowing import apply_window, default_window

from ..series import image, save


def lut_item(entries, first: int = 0, bits: int = 12, name: str = "") -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [len(entries) % 65536, first, bits])
    kind = np.uint8 if bits == 8 else np.uint16
    item.add_new(0x00283006, "OW", np.asarray(entries, kind).tobytes())
    if name:
        item.LUTExplanation = name
    return item


def opened(path: Path) -> ImageHeader:
    (header,) = read_headers(path)
    return header


def volume_of(path: Path) -> Volume:
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    return volume


def shown(path: Path, number: int = 0):
    """Grey values of an image through one of its windows."""
    header = opened(path)
    return apply_window(read_image(header), display_windows(header)[number])


def eight_bit(values, top: float):
    """pydicom's output, whose range is that of the bits, as 0..255."""
    return np.floor(np.asarray(values, float) / top * 255 + 0.5)


def ramp(bits: int = 12):
    return np.linspace(0, (1 << bits) - 1, 600).astype(np.uint16).reshape(20, 30)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("number", [0, 1])
def test_windows_show_what_pydicom_shows(tmp_path, function, number):
    ds = image(
        ramp(), BitsStored=12, HighBit=11, RescaleSlope=1, RescaleIntercept=-1024,
        WindowCenter=[40, -600.5], WindowWidth=[400, 1500], VOILUTFunction=function,
        WindowCenterWidthExplanation=["SOFT", "LUNG"],
    )  # fmt: skip
    path = save(ds, tmp_path / "a")
    assert [w.name for w in volume_of(path).windows] == ["soft", "lung"]
    back = pydicom.dcmread(path)
    hu = apply_modality_lut(back.pixel_array, back)
    judge = apply_windowing(hu, back, index=number)
    # pydicom's range of output is that of the stored bits after the rescale.
    low, high = -1024, 4095 - 1024
    expected = eight_bit(judge - low, high - low)
    assert np.abs(shown(path, number) - expected).max() <= 1


@pytest.mark.parametrize("bits", [10, 16])
def test_a_voi_lut_shows_what_pydicom_shows(tmp_path, bits):
    top = (1 << bits) - 1
    curve = np.rint(top * (np.linspace(0, 1, 3000) ** 2)).astype(np.uint16)
    ds = image(ramp(), BitsStored=12, HighBit=11, VOILUTSequence=[lut_item(curve, 500, bits)])
    path = save(ds, tmp_path / "a")
    back = pydicom.dcmread(path)
    judge = apply_voi(back.pixel_array, back)
    np.testing.assert_array_equal(shown(path), eight_bit(judge, top))
    (window,) = volume_of(path).windows
    assert window.function == "table"
    (frame,) = take(volume_of(path), Selection((0,), plane="acquired"))
    assert frame.window == window


def test_luts_come_before_windows_and_keep_their_names(tmp_path):
    items = [lut_item([0, 100, 4095], name="NORMAL"), lut_item([0, 3000, 4095], name="HARDER")]
    ds = image(ramp(), VOILUTSequence=items, WindowCenter=100, WindowWidth=50)
    windows = display_windows(opened(save(ds, tmp_path / "a")))
    assert [(w.name, w.function) for w in windows] == [
        ("normal", "table"), ("harder", "table"), ("", "linear"),
    ]  # fmt: skip


def test_limits_of_a_table_leave_out_its_flat_ends():
    table = (0, 0, 0, 50, 100, 200, 255, 255, 255, 255, 255)
    window = Window(15, 10, "lut", "table", table)
    assert window.limits == (12, 16)
    flat = Window(15, 10, "lut", "table", (7,) * 11)
    assert flat.limits == (10, 20)


@given(
    st.lists(st.integers(0, 255), min_size=2, max_size=20),
    st.integers(-50, 50),
    st.floats(-100, 100),
)
@settings(deadline=None)
def test_values_between_entries_of_a_table_lie_between_their_greys(grey, first, at):
    last = first + len(grey) - 1
    window = Window((first + last) / 2, last - first, "", "table", tuple(grey))
    got = int(apply_window(np.array([at]), window)[0])
    low, high = (int(np.clip(np.floor(at), first, last)), int(np.clip(np.ceil(at), first, last)))
    ends = sorted((grey[low - first], grey[high - first]))
    assert ends[0] <= got <= ends[1]


@pytest.mark.parametrize(
    "how",
    [
        {"WindowCenter": 1000, "WindowWidth": 800},
        {"WindowCenter": 1000, "WindowWidth": 800, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": 1000, "WindowWidth": 800, "VOILUTFunction": "SIGMOID"},
        {"VOILUTSequence": [lut_item((np.linspace(0, 1, 4096) ** 3 * 4095).astype(int))]},
    ],
)
@pytest.mark.parametrize(
    "inverted",
    [
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
        {"PresentationLUTShape": "INVERSE"},
    ],
)
@pytest.mark.parametrize("rescale", [{}, {"RescaleSlope": 2, "RescaleIntercept": -100}])
def test_inverted_images_are_inverted_after_their_voi(tmp_path, how, inverted, rescale):
    plain = image(ramp(), BitsStored=12, HighBit=11, **how, **rescale)
    turned = image(ramp(), BitsStored=12, HighBit=11, **how, **rescale, **inverted)
    straight = shown(save(plain, tmp_path / "plain")).astype(int)
    mirrored = shown(save(turned, tmp_path / "turned")).astype(int)
    # Halves are rounded up on both sides.
    assert np.abs(mirrored - (255 - straight)).max() <= 1
    assert mirrored[0, 0] > mirrored[-1, -1]
    assert "inverted" in " ".join(volume_of(tmp_path / "turned").remarks)


def test_a_modality_lut_and_monochrome1_together(tmp_path):
    entries = np.linspace(0, 1000, 4096).astype(int)
    tags = {"ModalityLUTSequence": [lut_item(entries, bits=10)], "WindowCenter": 400,
            "WindowWidth": 300, "BitsStored": 12, "HighBit": 11}  # fmt: skip
    straight = shown(save(image(ramp(), **tags), tmp_path / "a")).astype(int)
    turned = image(ramp(), PhotometricInterpretation="MONOCHROME1", **tags)
    mirrored = shown(save(turned, tmp_path / "b")).astype(int)
    assert np.abs(mirrored - (255 - straight)).max() <= 1


def test_a_width_below_one_is_taken_as_exact(tmp_path):
    ds = image(ramp(), RescaleSlope=0.0001, RescaleIntercept=0, WindowCenter=0.2, WindowWidth=0.3)
    (window,) = volume_of(save(ds, tmp_path / "a")).windows
    assert (window.width, window.function) == (0.3, "linear_exact")


@pytest.mark.parametrize("bits", [1, 4, 7])
def test_few_bits_are_shown_over_their_range(tmp_path, bits):
    values = np.arange(1 << bits, dtype=np.uint8).reshape(2, -1)
    volume = volume_of(save(image(values, BitsStored=bits, HighBit=bits - 1), tmp_path / "a"))
    window = default_window(volume)
    assert window is not None
    grey = apply_window(volume.voxels, window)
    assert (grey.min(), grey.max()) == (0, 255)


def test_padding_is_kept_and_does_not_darken_what_was_imaged(tmp_path):
    values = np.full((30, 30), -2000, np.int16)
    values[5:25, 5:25] = np.linspace(0, 399, 400).reshape(20, 20)
    path = save(image(values, PixelPaddingValue=-2000), tmp_path / "a")
    volume = volume_of(path)
    assert volume.padding == (-2000, -2000)
    assert volume.voxels.min() == -2000
    window = default_window(volume)
    assert window is not None
    assert -1 < window.limits[0] < 10
    bare = volume_of(save(image(values), tmp_path / "b"))
    assert default_window(bare).limits[0] == -2000


def test_windows_of_each_frame_of_an_enhanced_object(tmp_path):
    from pydicom.sequence import Sequence
    from pydicom.uid import EnhancedCTImageStorage

    ds = image(
        np.stack([ramp()] * 3), position=None, orientation=None, NumberOfFrames=3,
        sop_class=EnhancedCTImageStorage,
    )  # fmt: skip
    frames = []
    for n in range(3):
        place, voi, frame = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [0, 0, n]
        voi.WindowCenter, voi.WindowWidth = 10 * n, 100
        frame.PlanePositionSequence = Sequence([place])
        frame.FrameVOILUTSequence = Sequence([voi])
        frames.append(frame)
    shared, plane = Dataset(), Dataset()
    plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PlaneOrientationSequence = Sequence([plane])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    path = save(ds, tmp_path / "a")
    assert [h.windows[0].centre for h in read_headers(path)] == [0, 10, 20]
    volume = volume_of(path)
    assert volume.windows[0].centre == 10
    assert "differ from slice to slice" in " ".join(volume.remarks)


@pytest.mark.parametrize(
    ("tags", "words"),
    [({"Units": "BQML"}, "Bq/ml"), ({"RescaleType": "HU"}, "HU"), ({"Units": "GML"}, "g/ml")],
)
def test_what_values_count_is_told(tmp_path, tags, words):
    remarks = volume_of(save(image(ramp(), **tags), tmp_path / "a")).remarks
    assert f"Values are in {words}." in remarks
