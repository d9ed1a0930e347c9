"""The desk of the model manager, without a screen, against a hub on this machine."""

from __future__ import annotations

import shutil
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import CHECKPOINT, COMMIT, Hub, Repository

from napari_medvlm.asking.model.remembered import Wish, remembered
from napari_medvlm.errors import CheckpointError, FetchError
from napari_medvlm.fetching import space
from napari_medvlm.fetching.desk import ModelDesk
from napari_medvlm.fetching.jobs import Job
from napari_medvlm.fetching.overview import ModelRow
from napari_medvlm.fetching.pack import pack
from napari_medvlm.fetching.telling import ended_words, memory_words, share_of

PART = "model-00001-of-00002.safetensors"
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDVLM_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def desk(hub: Hub) -> Iterator[ModelDesk]:
    made = ModelDesk(hub.url)
    yield made
    assert made.jobs.close(PATIENCE)
    _settle(made)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model somewhere on the disk, beside which other things lie."""
    there = tmp_path / "disk" / "CheXOne"
    shutil.copytree(CHECKPOINT, there, copy_function=shutil.copyfile)
    there.chmod(0o755)
    return there


def _settle(desk: ModelDesk) -> None:
    """Wait for the look that is on its way."""
    for thread in threading.enumerate():
        if thread.name == "medvlm-look":
            thread.join(PATIENCE)
    assert not desk.looking


def _row(desk: ModelDesk, key: str = "chexone") -> ModelRow:
    desk.look()
    _settle(desk)
    row = desk.row(key)
    assert row is not None
    return row


def _end(job: Job) -> str:
    assert job.join(PATIENCE)
    return ended_words(job.state)


def _reach(job: Job, count: int) -> None:
    """Wait until so many bytes of the large file are here."""
    while True:
        state = job.state
        assert not state.ended, state
        if state.step is not None and state.step.name == PART and state.step.here >= count:
            return
        time.sleep(0)


def _get(desk: ModelDesk) -> Job:
    _end(desk.ask_hub("chexone"))
    return desk.download("chexone")


def test_looking_asks_no_hub(desk: ModelDesk, hub: Hub) -> None:
    row = _row(desk)
    assert (row.state.kind, row.repository, row.revision) == ("absent", "StanfordAIMI/CheXOne", "")
    assert "for one image in" in memory_words(row)
    assert desk.terms("chexone").facts
    assert hub.asked == []


def test_the_terms_before_and_after_the_hub_was_asked(desk: ModelDesk, hub: Hub) -> None:
    before = {fact.label: fact.words for fact in desk.terms("chexone").facts}
    assert before["revision"].startswith("the newest")
    assert before["from"].endswith(hub.url)
    with pytest.raises(FetchError, match="not been asked"):
        desk.download("chexone")
    _end(desk.ask_hub("chexone"))
    terms = desk.terms("chexone")
    after = {fact.label: fact.words for fact in terms.facts}
    assert after["revision"] == COMMIT
    assert after["licence"] == "apache-2.0"
    assert "12 files" in after["size"]
    assert after["access"] == "not gated"
    assert terms.refusal == ""
    assert not [one for one in hub.asked if "resolve" in one.path]


def test_a_download_makes_the_model_ready(desk: ModelDesk) -> None:
    assert "every file matches" in _end(_get(desk))
    row = _row(desk)
    assert (row.state.kind, row.revision) == ("ready", COMMIT)
    assert row.size == row.state.held > 0


def test_pause_and_resume(desk: ModelDesk, hub: Hub, repository: Repository) -> None:
    repository.held = threading.Event()
    repository.breaks[PART] = [5000]
    job = _get(desk)
    _reach(job, 5000)
    desk.stop("chexone")
    assert job.state.stage == "stopping"
    repository.held.set()  # the next piece comes, and is the last
    assert _end(job).startswith("Paused")
    row = _row(desk)
    assert row.state.kind == "partial"
    assert row.state.held >= 5000
    assert share_of(row) == 100 * row.state.held // row.size
    hub.asked.clear()
    assert "every file matches" in _end(desk.download("chexone"))
    assert hub.fetched(PART)[0].range.startswith("bytes=")


def test_a_broken_connection_leaves_a_part_and_says_so(
    desk: ModelDesk, repository: Repository
) -> None:
    repository.breaks[PART] = [5000, *[0] * 6]
    assert "goes on where it broke off" in _end(_get(desk))
    assert _row(desk).state.kind == "partial"
    assert "every file matches" in _end(desk.download("chexone"))


def test_a_damaged_file_is_told(desk: ModelDesk, repository: Repository) -> None:
    repository.spoiled = {PART}
    assert f"{PART} arrived damaged" in _end(_get(desk))
    assert _row(desk).state.kind == "partial"


def test_cancel_deletes_what_has_come(
    desk: ModelDesk, repository: Repository, models: Path
) -> None:
    repository.held = threading.Event()
    repository.breaks[PART] = [5000]
    job = _get(desk)
    _reach(job, 5000)
    removal = desk.discard("chexone")
    repository.held.set()
    assert _end(removal).endswith("freed.")
    assert job.state.stage == "stopped"
    assert _row(desk).state.kind == "absent"
    assert not (models / "chexone.partial").exists()


def test_too_little_space_is_a_refusal_before_anything_is_fetched(
    desk: ModelDesk, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    _end(desk.ask_hub("chexone"))
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: usage(0, 0, 1000))
    terms = desk.terms("chexone")
    assert "free space" in terms.refusal
    assert any(fact.label == "free space" and fact.warning for fact in terms.facts)
    hub.asked.clear()
    assert "free space" in _end(desk.download("chexone"))
    assert hub.asked == []


def test_a_gated_model_without_a_log_in_says_what_to_do(
    desk: ModelDesk, repository: Repository
) -> None:
    repository.gated = True
    _end(desk.ask_hub("chexone"))
    assert "hf auth login" in desk.terms("chexone").refusal
    assert "gated" in _end(desk.download("chexone"))


def test_a_missing_licence_is_a_warning(desk: ModelDesk, repository: Repository) -> None:
    repository.licence = None
    _end(desk.ask_hub("chexone"))
    facts = desk.terms("chexone").facts
    assert any(fact.warning and "No licence is known" in fact.words for fact in facts)


def test_a_pack_is_made_checked_and_used(
    desk: ModelDesk, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(str(folder), tmp_path / "stick")
    assert "in its place" in _end(desk.use_pack(tmp_path / "stick"))
    assert _row(desk).state.kind == "ready"
    assert _end(desk.check("chexone")) == "Every file matches its checksum."
    _settle(desk)
    assert "The pack is made" in _end(desk.make_pack("chexone", tmp_path / "another"))
    assert (tmp_path / "another" / "manifest.json").is_file()


def test_a_folder_that_is_no_pack_says_what_to_do_with_it(desk: ModelDesk, folder: Path) -> None:
    with pytest.raises(FetchError, match="Use a folder"):
        desk.use_pack(folder)


def test_a_folder_is_added_remembered_and_forgotten(desk: ModelDesk, folder: Path) -> None:
    key = desk.add_folder(folder)
    row = _row(desk, key)
    assert row.state.kind == "ready"
    assert row.entry is None
    assert row.key == str(folder)
    assert row.label == "CheXOne (CheXOne)"
    assert "commercial" in row.warning  # known by its name
    assert remembered().folders == (str(folder),)
    desk.wish(key, Wish("cpu", "bfloat16"))
    wished = _row(desk, key)
    assert wished.wish == Wish("cpu", "bfloat16")
    assert wished.plan is not None
    assert wished.plan.precision == "bfloat16"
    desk.forget(key)
    _settle(desk)
    assert desk.row(key) is None
    assert folder.is_dir()


def test_a_folder_that_is_no_model_is_not_added(desk: ModelDesk, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json"):
        desk.add_folder(tmp_path)
    assert remembered().folders == ()


def test_a_folder_that_vanished_is_broken_and_says_so(desk: ModelDesk, folder: Path) -> None:
    key = desk.add_folder(folder)
    _row(desk, key)
    folder.rename(folder.with_name("elsewhere"))
    row = _row(desk, key)
    assert row.state.kind == "broken"
    assert "is gone" in row.state.why
    folder.with_name("elsewhere").rename(folder)
    assert _row(desk, key).state.kind == "ready"


def test_a_model_that_vanished_is_no_absent_one(desk: ModelDesk, models: Path) -> None:
    _end(_get(desk))
    _row(desk)
    (models / "chexone").rename(models / "aside")
    for _ in range(2):
        row = _row(desk)
        assert (row.state.kind, "is gone" in row.state.why) == ("broken", True)
    (models / "aside").rename(models / "chexone")
    assert _row(desk).state.kind == "ready"


def test_deleting_takes_the_models_files_and_nothing_else(
    desk: ModelDesk, folder: Path, models: Path
) -> None:
    _end(_get(desk))
    _row(desk)
    assert _end(desk.delete("chexone")).endswith("freed.")
    assert _row(desk).state.kind == "absent"
    key = desk.add_folder(folder)
    _row(desk, key)
    (folder / "notes.txt").write_text("mine")
    _end(desk.delete(key))
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert remembered().folders == ()


def test_a_link_to_a_folder_is_taken_off_and_the_folder_stays(
    desk: ModelDesk, folder: Path, models: Path
) -> None:
    models.mkdir()
    (models / "chexone").symlink_to(folder)
    assert _row(desk).state.kind == "ready"
    _end(desk.delete("chexone"))
    assert not (models / "chexone").is_symlink()
    assert len(list(folder.iterdir())) == len(list(CHECKPOINT.iterdir()))


def test_the_model_of_the_program_stays(desk: ModelDesk) -> None:
    row = _row(desk, "demo")
    with pytest.raises(FetchError, match="a part of this program"):
        desk.delete("demo")
    assert (row.folder / "config.json").is_file()


def test_closing_leaves_a_part_that_goes_on_another_day(
    hub: Hub, desk: ModelDesk, repository: Repository
) -> None:
    repository.held = threading.Event()
    repository.breaks[PART] = [5000]
    job = _get(desk)
    _reach(job, 5000)
    desk.close()
    repository.held.set()
    assert job.join(PATIENCE)
    another = ModelDesk(hub.url)
    assert _row(another).state.kind == "partial"
    facts = {fact.label: fact.words for fact in another.terms("chexone").facts}
    assert facts["revision"] == COMMIT
    assert "are here already" in facts["size"]
    assert "every file matches" in _end(_get(another))
    _settle(another)
