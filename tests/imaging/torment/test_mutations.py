"""Damaged bytes of every format: a sentence about the file, or a sound reading; never an end."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .samples import NAMES
from .victim import Victim

#: Whole numbers at the ends of their types, where readers count on what they were told.
_EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)

quiet = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, int, int, int, bytes]:
    """What to do, where (in the header more often than not), and with what."""
    what = draw(st.sampled_from(["set", "number", "digits", "cut", "drop", "repeat"]))
    where = draw(st.one_of(st.integers(0, 400), st.integers(0, 4000)))
    width = draw(st.sampled_from([1, 2, 4, 8]))
    number = draw(st.sampled_from(_EXTREMES))
    digits = draw(st.sampled_from([b"9", b"-1", b"99999999", b"1e30", b"nan", b"x"]))
    return what, where, width, number, digits


def mutated(data: bytes, change: tuple[str, int, int, int, bytes]) -> bytes:
    what, where, width, number, digits = change
    at = where % len(data)
    if what == "cut":
        return data[:at]
    if what == "drop":
        return data[:at] + data[at + width :]
    if what == "repeat":
        return data[: at + width] + data[at : at + width] + data[at + width :]
    if what == "digits":
        places = [n for n, byte in enumerate(data[:4000]) if byte in b"0123456789"]
        at = places[where % len(places)] if places else at
        return data[:at] + digits + data[at + 1 :]
    order = "little" if where % 2 else "big"
    patch = (number % (1 << 8 * width)).to_bytes(width, order)
    return data[:at] + patch + data[at + width :]


def check(answer: dict[str, Any], path: Path) -> None:
    """One sentence that names the file, or a Volume."""
    assert answer["kind"] in ("read", "refused"), (path.name, answer)
    if answer["kind"] == "refused":
        assert path.name in answer["text"], answer
        assert str(path) not in answer["text"], answer
        assert "\n" not in answer["text"], answer
        assert answer["advice"], answer


@settings(quiet, max_examples=110)
@given(st.sampled_from(NAMES), st.booleans(), st.lists(mutations(), min_size=1, max_size=4))
def test_damaged_bytes_are_refused_or_read(victim, sound, tmp_path, name, inside, changes):
    data = sound[name]
    packed = inside and data[:2] == b"\x1f\x8b"
    data = gzip.decompress(data) if packed else data
    for change in changes:
        data = mutated(data, change) or b"\0"
    path = tmp_path / name
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    check(victim.read(path), path)


@settings(quiet, max_examples=60)
@given(st.sampled_from(NAMES), st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_is_never_read_as_if_it_were_whole(victim, sound, tmp_path, name, share):
    path = tmp_path / name
    path.write_bytes(sound[name])
    whole = victim.read(path)
    assert whole["kind"] == "read", whole
    path.write_bytes(sound[name][: int(share * len(sound[name]))])
    cut = victim.read(path)
    check(cut, path)
    if cut["kind"] == "read":
        same = cut["digests"] == whole["digests"]
        assert same or cut["remarks"] != whole["remarks"], (name, share)


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_are_sound(name, victim: Victim, sound: dict[str, bytes], tmp_path: Path):
    path = tmp_path / name
    path.write_bytes(sound[name])
    assert victim.read(path)["kind"] == "read"
