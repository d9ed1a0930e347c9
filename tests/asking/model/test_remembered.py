"""What is remembered about models, and what becomes of a damaged file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_medvlm.asking.model.remembered import (
    Remembered,
    Wish,
    config_file,
    forget_folder,
    remember_chosen,
    remember_folder,
    remember_wish,
    remembered,
)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDVLM_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def test_nothing_is_remembered_at_first() -> None:
    assert remembered() == Remembered()


def test_folders_and_wishes_come_back(tmp_path: Path) -> None:
    assert remember_folder(tmp_path / "a")
    assert remember_folder(tmp_path / "b")
    assert remember_folder(tmp_path / "a")
    assert remember_wish("chexone", Wish("cuda:0", "int8"))
    assert remember_wish(str(tmp_path / "a"), Wish("cpu"))
    now = remembered()
    assert now.folders == (str(tmp_path / "a"), str(tmp_path / "b"))
    assert now.wishes["chexone"] == Wish("cuda:0", "int8")
    assert remember_chosen(str(tmp_path / "a"))
    assert remembered().chosen == str(tmp_path / "a")
    assert forget_folder(tmp_path / "a")
    assert remembered().chosen == ""
    now = remembered()
    assert now.folders == (str(tmp_path / "b"),)
    assert set(now.wishes) == {"chexone"}
    assert [path.name for path in config_file().parent.iterdir()] == ["models.json"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)
@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["folders", "models", "chosen", "device"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_the_file_holds_is_borne(content: bytes) -> None:
    config_file().parent.mkdir(exist_ok=True)
    config_file().write_bytes(content)
    remembered()
    assert remember_wish("demo", Wish("cpu"))
    assert remembered().wishes["demo"] == Wish("cpu")


def test_a_damaged_file_is_kept_aside(config: Path) -> None:
    config.mkdir()
    config_file().write_text("{")
    remember_wish("demo", Wish())
    assert (config / "models.damaged").read_text() == "{"


def test_a_folder_that_cannot_be_written_is_no_error(config: Path) -> None:
    config.write_text("a file where the folder should be")
    assert remembered() == Remembered()
    assert not remember_wish("demo", Wish())
