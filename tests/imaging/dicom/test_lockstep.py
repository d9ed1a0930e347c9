from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from napari_medvlm.imaging import heads
from napari_medvlm.imaging.dicom import header, lockstep
from napari_medvlm.imaging.dicom.header import TAGS, read_headers
from napari_medvlm.imaging.dicom.lockstep import headers_in_step
from napari_medvlm.imaging.dicom.many_headers import read_many, read_one
from napari_medvlm.imaging.dicom.plain_values import ODD, Unexpected, plain_value, plain_values
from napari_medvlm.imaging.dicom.quick import Wanted, quick_header
from napari_medvlm.imaging.heads import read_heads
from napari_medvlm.imaging.progress import Cancelled

from ..series import save
from . import odd_enhanced, odd_objects, odd_scanners, odd_series
from .test_quick import KEYWORDS, PRIVATE, SHIPPED, referenced, sample, write

CASES = odd_series.CASES | odd_enhanced.CASES | odd_scanners.CASES | odd_objects.CASES
WANTED = Wanted(KEYWORDS + PRIVATE)
#: Bytes that are read of each file at a time: so few that more has to be read again and again.
NARROW = 256


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one file goes in step with itself."""
    monkeypatch.setattr(lockstep, "FEWEST", 1)
    monkeypatch.setattr(lockstep, "_ROUNDS", 1000)


def assert_alike(paths: Sequence[Path], width: int, wanted: Wanted = WANTED) -> set[int]:
    """Numbers of the files that went in step; their headers are those of ``quick_header``."""
    read = read_heads(paths, width)
    marked = [n for n, is_marked in enumerate(read.begin_with(b"DICM", 128)) if is_marked]
    seen: list[int] = []
    for group in headers_in_step(read.data, read.lengths, marked, wanted, read.more):
        seen += group.rows
        for n, row in enumerate(group.rows):
            plain, ours = quick_header(paths[row], wanted), group.header(n)
            assert plain is not None
            assert ours.file_meta == plain.file_meta
            assert ours.pixels == plain.pixels
            assert ours.values == plain.values
            assert list(map(type, ours.values.values())) == [
                type(plain.values[name]) for name in ours.values
            ]
    assert len(set(seen)) == len(seen)
    return set(seen)


def assert_read_alike(paths: Sequence[Path], width: int = 8192) -> None:
    """Headers and errors of many files are those of each read by itself."""
    read = read_heads(paths, width)
    marked = [n for n, is_marked in enumerate(read.begin_with(b"DICM", 128)) if is_marked]
    header._models.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many = read_many(read, marked)
        assert sorted(many) == marked
        for n in marked:
            header._models.clear()
            ours, plain = many[n], read_one(paths[n])
            if isinstance(plain, BaseException):
                assert (type(ours), str(ours)) == (type(plain), str(plain))
            else:
                assert isinstance(ours, list)
                assert [vars(h) for h in ours] == [vars(h) for h in plain]


@pytest.mark.parametrize("width", [NARROW, 8192])
def test_shipped_files(alone, width):
    assert len(assert_alike(SHIPPED, width)) > 60


def test_shipped_files_into_headers(alone):
    assert_read_alike(SHIPPED)


@pytest.mark.parametrize("name", CASES)
def test_made_series(tmp_path, name):
    CASES[name](tmp_path)
    paths = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    for width in (NARROW, 8192):
        assert_alike(paths, width, Wanted(TAGS))
        assert_read_alike(paths, width)


def test_all_made_series_in_one_folder(tmp_path):
    for name, maker in CASES.items():
        maker(tmp_path / name)
    paths = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(assert_alike(paths, 8192)) > len(paths) / 2
    assert_read_alike(paths)


def folder_of(tmp_path: Path, count: int, syntax: str = ExplicitVRLittleEndian) -> list[Path]:
    """Files of one series, with sequences of both kinds, and values of differing lengths."""
    paths = []
    for k in range(count):
        ds = sample(
            ReferencedStudySequence=referenced(), SourceImageSequence=referenced(),
            number=9 + k, position=(0.5 * k, 0, 10**k), SliceLocation="" if k == 3 else k,
            AcquisitionTime=f"10110{k}.5",
        )  # fmt: skip
        ds["SourceImageSequence"].is_undefined_length = True
        for item in ds.SourceImageSequence:
            item.is_undefined_length_sequence_item = k % 4 == 3
        ds.add_new(0x00190010, "LO", "GEMS_ACQU_01")
        ds.add_new(0x00191002, "SL", 912 + k)
        ds.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
        ds.add_new(0x00291010, "OB", bytes([k]) * (20_000 + 2 * k))
        paths.append(write(tmp_path / str(k), ds, syntax))
    return paths


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("width", [NARROW, 8192, 1 << 16])
def test_a_series_goes_in_step(tmp_path, syntax, width, alone):
    paths = folder_of(tmp_path, 8, syntax)
    wanted = Wanted(tag for tag in KEYWORDS + PRIVATE if tag != (0x0029, 0x1010))
    assert assert_alike(paths, width, wanted) == set(range(8))


def test_files_out_of_step_are_read_alike(tmp_path):
    paths = folder_of(tmp_path, 6)
    ds = sample()
    ds.add_new(0x00090010, "LO", "MAKER")
    paths += [save(ds, tmp_path / "other"), write(tmp_path / "i", sample(), ImplicitVRLittleEndian)]
    paths.append(tmp_path / "cut")
    paths[-1].write_bytes(paths[0].read_bytes()[:700])
    assert_alike(paths, 8192)
    assert_read_alike(paths)


def test_files_that_vanish_meanwhile_are_left(tmp_path):
    paths = folder_of(tmp_path, 8)
    read = read_heads(paths, NARROW)
    paths[2].unlink()
    found = read_many(read, list(range(8)))
    assert isinstance(found[2], FileNotFoundError)
    assert [vars(h) for n in (1, 7) for h in found[n]] == [
        vars(h) for n in (1, 7) for h in read_headers(paths[n])
    ]


MUTATIONS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(132, 1200),
        st.sampled_from(["set", "remove", "insert", "cut"]),
        st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> dict[str, list[bytes]]:
    return {
        syntax: [p.read_bytes() for p in folder_of(tmp_path_factory.mktemp("seed"), 6, syntax)]
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    }


@settings(max_examples=60, deadline=None)
@given(
    syntax=st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian]),
    mutations=MUTATIONS,
    together=st.booleans(),
    width=st.sampled_from([NARROW, 8192]),
)
def test_damaged_headers_are_read_alike(
    tmp_path_factory, seeds, syntax, mutations, together, width
):
    raws = [bytearray(raw) for raw in seeds[syntax]]
    for file, at, kind, some in mutations:
        for raw in raws if together else raws[file : file + 1]:
            if kind == "set":
                raw[at : at + len(some)] = some
            elif kind == "remove":
                del raw[at : at + len(some)]
            elif kind == "insert":
                raw[at:at] = some
            else:
                del raw[at:]
    folder = tmp_path_factory.getbasetemp()
    paths = [folder / f"damaged{n}" for n in range(len(raws))]
    for path, raw in zip(paths, raws, strict=True):
        path.write_bytes(bytes(raw))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lockstep, "FEWEST", 1)
        assert_alike(paths, width)
    assert_read_alike(paths, width)


TEXTS = st.text("0123456789.\\ +-eE\0_naAx", max_size=12).map(str.encode)


@settings(max_examples=150, deadline=None)
@given(
    vr=st.sampled_from([b"DS", b"IS", b"UI", b"CS", b"LO"]),
    raws=st.lists(TEXTS, min_size=1, max_size=5),
)
def test_values_of_many_are_the_values_of_each(vr, raws):
    def each(raw: bytes) -> object:
        try:
            return plain_value(vr, raw)
        except Unexpected:
            return ODD

    expected = [each(raw) for raw in raws]
    got = plain_values(vr, raws)
    assert got == expected
    assert list(map(type, got)) == list(map(type, expected))


def test_files_from_a_slow_drive_are_asked_for_together(tmp_path, monkeypatch):
    monkeypatch.setattr(heads, "_SLOW", 0)
    paths = [tmp_path / str(n) for n in range(100)]
    for n, path in enumerate(paths):
        if n != 70:
            path.write_bytes(f"file {n}".encode())
    told: list[int] = []
    read = read_heads(paths, 64, told.append)
    assert [read.head(n, 64) for n in (0, 40, 99)] == [b"file 0", b"file 40", b"file 99"]
    assert list(read.problems) == [70]
    assert told == [0, 32, 64, 96]

    def stop(n: int) -> None:
        if n > 40:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        read_heads(paths, 64, stop)


def test_heads_hold_what_files_begin_with(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(bytes(range(200)))
    paths = [tmp_path / "a", tmp_path / "b", tmp_path / "none", tmp_path]
    read = read_heads(paths, 160)
    assert read.lengths.tolist() == [3, 160, 0, 0]
    assert read.head(0, 100) == b"abc"
    assert read.head(1, 5) == bytes(range(5))
    assert sorted(read.problems) == [2, 3]
    assert read.begin_with(b"bc", 1) == [True, False, False, False]
    data, lengths = read.more(np.array([1, 0, 2]), np.array([150, 2, 0]))
    assert lengths.tolist() == [50, 1, 0]
    assert data[0, :50].tobytes() == bytes(range(150, 200))
    assert data[1, :1].tobytes() == b"c"
