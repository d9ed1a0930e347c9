from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.imaging.dicom.same_plane import by_geometry, same_geometry

from .makers import header


def plainly(headers: list) -> list[list]:
    """The same, each image compared with every group."""
    groups: list[list] = []
    for h in headers:
        found = next((group for group in groups if same_geometry(group[0], h)), None)
        if found is None:
            groups.append([h])
        else:
            found.append(h)
    return groups


@settings(max_examples=150, deadline=None)
@given(
    angles=st.lists(st.integers(-40, 40), min_size=1, max_size=30),
    grain=st.sampled_from([4e-4, 2.4e-3, 5e-3, 2.5e-2, 0.3]),
    spacings=st.lists(st.sampled_from([None, 0.7, 0.7005, 0.7009, 0.72]), min_size=1, max_size=4),
    tile=st.booleans(),
)
def test_groups_are_those_of_comparing_everything(angles, grain, spacings, tile):
    headers = []
    for n, angle in enumerate(angles):
        a, spacing = angle * grain, spacings[n % len(spacings)]
        headers.append(
            header(
                (0, 0, float(n)), n,
                orientation=None if angle == 17
                else (np.cos(a), np.sin(a), 0.0, -np.sin(a), np.cos(a), 0.0),
                spacing=None if spacing is None else (spacing, 0.7),
                tile=(0, 0, 4, 5) if tile else None,
            )
        )  # fmt: skip
    assert by_geometry(headers) == plainly(headers)


def test_thousands_of_directions_are_looked_up_and_not_compared(monkeypatch):
    compared = 0

    def counted(a, b):
        nonlocal compared
        compared += 1
        return same_geometry(a, b)

    monkeypatch.setattr("napari_medvlm.imaging.dicom.same_plane.same_geometry", counted)
    rng = np.random.default_rng(1)
    headers = []
    for n in range(3000):
        row, column, _ = np.linalg.qr(rng.normal(size=(3, 3)))[0].T
        headers.append(header((0, 0, 0), n, orientation=(*row, *column)))
    assert len(by_geometry(headers)) > 2900
    assert compared < 30 * len(headers)
