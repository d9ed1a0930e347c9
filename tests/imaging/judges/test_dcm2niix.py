"""Every made series against dcm2niix: the same values at the same places in the patient.

dcm2niix comes from the package index with the tools for development; nothing here is skipped
where it is missing.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_medvlm.imaging import Volume, read

from ..dicom import odd_enhanced, odd_scanners, odd_series
from .headers import farthest
from .niix import converted, disagreements, ours

CASES = odd_series.CASES | odd_enhanced.CASES | odd_scanners.CASES

#: Where dcm2niix does another thing by design, and what is held instead (see below).
OTHERWISE = {
    "rounded_positions": "dcm2niix takes the distance of the first two slices for all",
    "rescale_by_slice": "dcm2niix keeps one slope for the whole file",
    "gantry_tilt": "dcm2niix resamples, and puts the unsheared original elsewhere",
    "coronal_both_ways": "dcm2niix stacks what lies 300 mm apart",
    "aborted_series": "dcm2niix gives up where time points lack slices",
    "enhanced_localizer": "dcm2niix gives up where the orientation varies",
    "trigger_times_vary": "dcm2niix takes every trigger time for a volume of its own",
    "slice_exported_twice": "dcm2niix stacks both copies",
}
#: dcm2niix adds a resampled copy of irregular stacks; we never resample.
RESAMPLED = re.compile(r"_Eq(_\d+)?\.nii")


def volumes(folder: Path) -> list[Volume]:
    found = read(folder)
    assert all(isinstance(one, Volume) for one in found)
    return [one for one in found if isinstance(one, Volume)]


@pytest.mark.parametrize("name", [name for name in CASES if name not in OTHERWISE])
def test_corners_and_values_are_those_of_dcm2niix(name, tmp_path):
    folder = tmp_path / name
    CASES[name](folder)
    mine = volumes(folder)
    theirs = [one for one in converted(folder, tmp_path / "out") if not RESAMPLED.search(one.where)]
    assert disagreements([part for volume in mine for part in ours(volume)], theirs) == []


@pytest.mark.parametrize(
    "name",
    ["diffusion", "cine", "perfusion", "time_by_clock_alone", "enhanced_mr_in_time",
     "enhanced_mr_diffusion", "mosaic_in_time", "times_by_slice", "echoes_in_time"],
)  # fmt: skip
def test_time_points_are_in_the_order_of_dcm2niix(name, tmp_path):
    folder = tmp_path / name
    CASES[name](folder)
    theirs = converted(folder, tmp_path / "out")
    for volume in volumes(folder):
        order = [
            next(n for n, other in enumerate(theirs) if not disagreements([part], [other]))
            for part in ours(volume)
        ]
        assert order == sorted(order)


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("gantry_tilt", 1e-6),
        ("oblique", 1e-6),
        ("prone", 1e-6),
        ("slice_exported_twice", 1e-6),
        # Half of the last digit that the scanner wrote, at both ends.
        ("rounded_positions", 0.0051),
    ],
)
def test_each_slice_lies_where_its_own_header_puts_it(name, within, tmp_path):
    CASES[name](tmp_path / name)
    (volume,) = volumes(tmp_path / name)
    assert farthest(tmp_path / name, volume) <= within


@pytest.mark.parametrize("name", ["gap", "variable_spacing"])
def test_what_no_affine_can_hold_is_told_with_how_far_it_is_off(name, tmp_path):
    CASES[name](tmp_path / name)
    (volume,) = volumes(tmp_path / name)
    remarks = " ".join(volume.remarks)
    told = re.search(r"off by up to ([\d.]+) mm", remarks)
    assert told is not None, remarks
    assert farthest(tmp_path / name, volume) == pytest.approx(float(told[1]), rel=0.01)


def test_a_gap_does_not_claim_to_know_why(tmp_path):
    CASES["gap"](tmp_path / "gap")
    (volume,) = volumes(tmp_path / "gap")
    assert "A gap of 8 mm lies between slices 4 and 5" in " ".join(volume.remarks)
    assert "cannot be known" in " ".join(volume.remarks)
