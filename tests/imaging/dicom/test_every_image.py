from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.imaging.dicom.geometry import place
from napari_medvlm.imaging.dicom.split import split

from .makers import header

ORIENTATIONS = [(1.0, 0, 0, 0, 1.0, 0), (1.0, 0, 0, 0, 0, -1.0), (0, 1.0, 0, 0, 0, -1.0), None]
maybe = st.none() | st.integers(0, 3)


@st.composite
def series(draw) -> list:
    """Up to fourteen images that share little: any scanner's worst series."""
    images = []
    for n in range(draw(st.integers(1, 14))):
        position = draw(
            st.none()
            | st.tuples(st.sampled_from([0.0, 40.0]), st.just(0.0), st.sampled_from(range(5)))
            | st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
        )
        facts = {
            name: draw(maybe)
            for name in ("temporal", "b_value", "trigger", "acquisition", "seconds", "inversion")
        }
        images.append(
            header(
                position, n, orientation=draw(st.sampled_from(ORIENTATIONS)),
                location=draw(maybe), echo=draw(st.sampled_from([None, (1, 10.0), (2, 20.0)])),
                instance=draw(st.sampled_from(["1.2", f"1.2.{n}"])),
                modality=draw(st.sampled_from(["CT", "CT", "DX"])),
                spacing=draw(st.sampled_from([(1.0, 1.0), (1.0, 1.0), None])), **facts,
            )
        )  # fmt: skip
    return images


@settings(max_examples=60, deadline=None)
@given(images=series())
def test_every_image_of_a_series_is_placed_once_or_left_out_with_a_reason(images):
    seen: list[int] = []
    for part in split(images):
        placement = place(part.headers)
        placed = [h for point in placement.points for h in point]
        assert placed
        assert len({len(point) for point in placement.points}) == 1
        assert np.isfinite(placement.affine).all()
        assert abs(np.linalg.det(placement.affine)) > 0
        assert len(placement.slice_positions) in (0, len(placement.points[0]))
        assert len(placement.times) in (0, len(placement.points))
        assert all(reason.endswith(".") for _, reason in placement.unused)
        seen += [id(h) for h in placed] + [id(h) for h, _ in placement.unused]
    assert sorted(seen) == sorted(id(h) for h in images)
