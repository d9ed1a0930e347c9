from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.imaging.listing import (
    is_large,
    left_out_rows,
    left_out_words,
    preselected,
    row_of,
    shared_remarks,
)
from napari_medvlm.imaging.scan import Entry, Found, LeftOut


def entry(shape=(40, 128, 96), **more) -> Entry:
    def opener(*, lazy, progress):
        raise AssertionError("listing reads no pixels")

    given = {"kind": "volume", "name": "CT series 0a1b2c"} | more
    return Entry(shape=shape, opener=opener, preview=lambda: np.zeros((2, 2, 3), np.uint8), **given)


def test_a_row_says_what_one_chooses_by():
    row = row_of(
        entry(description=" T1   MPRAGE ", modality="MR", spacing=(1.25, 0.5, 0.5), unit="mm",
              files=40, study="5f3a", remarks=("First.", "Second.", "Third."))
    )  # fmt: skip
    assert (row.title, row.modality, row.count, row.study) == (
        "T1 MPRAGE",
        "MR",
        "40 files",
        "5f3a",
    )
    assert row.matrix == "40 × 128 × 96"
    assert row.spacing == "1.25 × 0.5 × 0.5 mm"
    assert row.gist() == "First. (+2)"
    assert row.gist(("First.", "Third.")) == "Second."


def test_a_file_goes_by_its_name_and_a_series_by_number_and_what_tells_its_volumes_apart():
    file = row_of(entry(file="sub-01/t1.nii.gz", name="NIfTI volume 83710c"))
    assert (file.title, file.name, file.detail) == ("sub-01/t1.nii.gz", "NIfTI volume 83710c", "")
    member = row_of(entry(file="scans.npz", description="t1"))
    assert member.title == "scans.npz: t1"
    echo = entry(description="T2 TSE", number=5, variant="echo time 80 ms",
                 facts={"b-value": "0, 1000 s/mm²"})  # fmt: skip
    assert row_of(echo).title == "T2 TSE · echo time 80 ms"
    assert row_of(echo).detail == "series 5 · b-value 0, 1000 s/mm²"


def test_a_title_obeys_nothing_and_has_an_end():
    assert entry(description="a\x1b[2J\u202eb").title == "a␛[2J\N{REPLACEMENT CHARACTER}b"
    assert len(entry(description="long " * 100).title) == 100
    assert entry(file="a\nb.nii").title == "a␊b.nii"


def test_remarks_that_all_rows_share_and_usual_ones_are_not_repeated_in_each():
    usual = (
        "Pixel spacing 0.8 x 0.7 mm from PixelSpacing (0028,0030).",
        "Slice spacing 5 mm from ImagePositionPatient (0020,0032).",
    )
    rows = [row_of(entry(remarks=(*usual, "All alike.", f"Only {n}."))) for n in "ab"]
    shared = shared_remarks(rows)
    assert "All alike." in shared
    assert [row.gist(shared) for row in rows] == ["Only a.", "Only b."]
    assert shared_remarks(rows[:1]) == ()
    odd = "Slice spacing 5 mm (median) from ImagePositionPatient (0020,0032); positions are off."
    assert row_of(entry(remarks=(*usual, odd))).gist() == odd


def test_what_is_unknown_stays_empty_and_the_pseudonym_stands_in():
    row = row_of(entry())
    assert row.title == "CT series 0a1b2c"
    assert (row.modality, row.spacing, row.gist()) == ("", "", "")
    assert row.count == "1 file"


@pytest.mark.parametrize(
    ("kind", "shape", "words"),
    [
        ("clip", (300, 480, 640), "300 frames × 480 × 640"),
        ("volume", (20, 30, 64, 64), "20 t × 30 × 64 × 64"),
    ],
)
def test_time_and_frames_are_named(kind, shape, words):
    assert row_of(entry(kind=kind, shape=shape)).matrix == words


def test_the_series_with_the_most_images_is_offered():
    scout, thin, thick, clip = (
        entry((2, 900, 900)), entry((300, 64, 64)), entry((60, 512, 512)),
        entry((900, 480, 640), kind="clip"),
    )  # fmt: skip
    assert preselected([scout, thick, thin, clip]) == 2
    assert preselected([thick, entry((60, 8, 8))]) == 0
    assert preselected([clip, scout]) == 1


def test_left_out_files_are_counted_and_damaged_ones_come_first():
    found = Found(
        (entry(),),
        (
            LeftOut(Path("a/notes.txt"), "It is plain text."),
            LeftOut(Path("a/IM7"), "A damaged header.", broken=True),
        ),
    )
    assert left_out_words(found) == "2 files left out, 1 of them damaged or unreadable"
    assert left_out_rows(found) == [
        ("IM7", "A damaged header."), ("notes.txt", "It is plain text."),
    ]  # fmt: skip
    assert left_out_words(Found((entry(),))) == ""
    one = Found((), (LeftOut(Path("x"), "It is plain text."),))
    assert left_out_words(one) == "1 file left out"


def test_only_volumes_that_take_long_count_as_large():
    assert is_large(entry((300, 512, 512)))
    assert not is_large(entry((40, 128, 128)))
    assert not is_large(entry((3000, 512, 512), kind="clip"))
