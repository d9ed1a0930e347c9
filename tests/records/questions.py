"""Questions of every kind."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_medvlm.dialogue import Generation, Question, Region, Turn
from napari_medvlm.imaging import Frame, FrameSlab, Window

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
#: Any text at all, lone surrogates too.
TEXTS = st.text(st.characters(codec=None), max_size=12)

WINDOWS = st.none() | st.builds(
    Window,
    FINITE,
    st.floats(1, 1e5),
    TEXTS,
    st.sampled_from(("linear", "sigmoid", "table")),
    st.lists(st.integers(0, 255), max_size=3).map(tuple),
)
FRAMES = st.builds(
    Frame,
    pixels=hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 4), st.just(3))),
    source=st.sampled_from(("", "0123456789ab", "f" * 64)),
    plane=st.sampled_from(("axial", "sagittal", "frame")),
    index=st.integers(0, 9999),
    position=st.none() | FINITE,
    unit=st.sampled_from(("", "mm", "s")),
    window=WINDOWS,
    to_source=hnp.arrays(np.float64, (3, 3), elements=FINITE),
    modality=st.sampled_from(("", "CT", "US")),
    time=st.none() | st.integers(0, 9),
    slab=st.none()
    | st.builds(
        FrameSlab,
        st.sampled_from(("mean", "maximum")),
        st.integers(0, 9),
        st.integers(9, 20),
        st.none() | st.floats(0.1, 100),
    ),
    label=TEXTS,
    to_patient=st.none() | hnp.arrays(np.float64, (3, 3), elements=FINITE),
)
TURNS = st.builds(
    Turn, TEXTS, TEXTS, st.lists(FRAMES, max_size=2).map(tuple), st.just("images"), st.none()
)
QUESTIONS = st.builds(
    Question,
    text=TEXTS,
    frames=st.lists(FRAMES, max_size=3).map(tuple),
    frame_kind=st.sampled_from(("images", "video")),
    seconds_per_frame=st.none() | st.floats(0.01, 10),
    regions=st.lists(
        st.builds(Region, st.integers(0, 2), st.tuples(FINITE, FINITE, FINITE, FINITE), TEXTS),
        max_size=2,
    ).map(tuple),
    task=st.sampled_from(("ask", "report")),
    mode=st.sampled_from(("reasoning", "instruct")),
    choices=st.lists(st.tuples(st.sampled_from("ABCD"), TEXTS), max_size=2).map(tuple),
    history=st.lists(TURNS, max_size=2).map(tuple),
    generation=st.builds(
        Generation, st.integers(1, 4096), st.floats(0, 2), st.floats(0, 1), st.none(), st.just(7)
    ),
    tiles=st.booleans(),
)


def question(text: str = "Is there a nodule?", frames: int = 2, source: str = "abcdef012345"):
    """A plain question about slices of a scan; every text has other pixels."""
    rng = np.random.default_rng([len(text), *text.encode("utf-8", "replace")])
    return Question(
        text,
        tuple(
            Frame.from_pixels(
                rng.integers(0, 255, (16, 24), dtype=np.uint8),
                source=source,
                plane="axial",
                index=30 + number,
                position=-5.0 * number,
                unit="mm",
                window=Window(-600, 1500, "lung"),
                modality="CT",
            )
            for number in range(frames)
        ),
        regions=(Region(0, (2.0, 3.0, 9.0, 8.0), "region 1"),) if frames else (),
    )
