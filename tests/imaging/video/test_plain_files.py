from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_medvlm.imaging.video import with_pyav
from napari_medvlm.imaging.video.facts import Wanted
from napari_medvlm.imaging.video.plain_files import may_change_size, oddity

from .making import write_video


@pytest.mark.parametrize(("ending", "kind"), [("mp4", "mov"), ("mov", "mov"), ("mkv", "matroska")])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("audio", [False, True])
def test_plain_files_are_plain(tmp_path, ending, kind, codec, audio):
    path = write_video(tmp_path / f"a.{ending}", codec=codec, count=3, audio=audio)
    assert oddity(path, kind) is None
    assert oddity(path.read_bytes(), kind) is None


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le", "yuv444p"])
@pytest.mark.parametrize("scaling", ["flat", "jvt"])
def test_parameter_sets_of_every_profile_are_read(tmp_path, pixels, scaling):
    for more, words in (("", None), (":tff=1", "interlaced"), (":sar=10/11", "not square")):
        options = {"x264-params": f"cqm={scaling}{more}"}
        path = write_video(tmp_path / "a.mp4", count=2, pixels=pixels, options=options)
        odd = oddity(path, "mov")
        assert (odd is None) if words is None else words in (odd or "")


@pytest.mark.parametrize(("name", "changes"), [(b"avc1", False), (b"avc3", True)])
def test_large_mp4_files_of_sizes_that_may_change_are_read_by_their_packets(
    tmp_path, monkeypatch, name, changes
):
    path = write_video(tmp_path / "a.mp4", count=6)
    path.write_bytes(path.read_bytes().replace(b"avc1", name))
    assert may_change_size(path) == changes
    asked = []
    monkeypatch.setattr(with_pyav, "_LARGE", 0)
    plain = with_pyav.index_table
    monkeypatch.setattr(with_pyav, "index_table", lambda s: asked.append(s) or plain(s))
    decoder = with_pyav.PyAVDecoder(Wanted(path=str(path)), lambda: None)
    assert len(decoder.facts.times) == 6
    assert bool(asked) != changes


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("video")
    return {
        "mov": write_video(folder / "a.mp4", count=2).read_bytes(),
        "matroska": write_video(folder / "a.mkv", count=2).read_bytes(),
    }


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(["mov", "matroska"]),
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 1 << 20),
)
def test_damaged_headers_are_a_word_and_no_crash(whole, kind, changes, cut):
    data = bytearray(whole[kind])
    for at, value in changes:
        data[at % len(data)] = value
    try:
        odd = oddity(bytes(data[: cut % len(data) + 1]), kind)
    except ValueError:
        return
    assert odd is None or isinstance(odd, str)
