"""Downloads from a hub on this machine: whole, broken off, resumed, damaged, refused."""

from __future__ import annotations

import errno
import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from hub_server import CHECKPOINT, COMMIT, NEWER, REPOSITORY, Hub, Repository

from napari_medvlm.errors import FetchError
from napari_medvlm.fetching import space
from napari_medvlm.fetching.download import FetchCancelled, begun_revision, fetch
from napari_medvlm.fetching.hub import HubOffer, look
from napari_medvlm.fetching.manifest import read_manifest, sha256_of
from napari_medvlm.fetching.progress import Step
from napari_medvlm.models.catalog import CATALOG
from napari_medvlm.models.state import state_of

ENTRY = CATALOG["chexone"]
PART = "model-00001-of-00002.safetensors"


@pytest.fixture
def offer(hub: Hub) -> HubOffer:
    return look(REPOSITORY, endpoint=hub.url)


def test_a_whole_download_is_the_published_folder_and_nothing_that_could_be_run(
    hub: Hub, offer: HubOffer, models: Path
) -> None:
    told: list[Step] = []
    folder = fetch(ENTRY, offer, told.append)
    assert folder == models / "chexone"
    for path in CHECKPOINT.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in CHECKPOINT.iterdir()} | {"README.md", "manifest.json"}
    assert state_of(ENTRY).kind == "ready"
    done = [step.done for step in told]
    assert done == sorted(done)
    assert (told[-1].done, told[-1].total) == (offer.size, offer.size)
    # The commit is asked for, never the branch, which may have moved meanwhile.
    assert all(f"/{COMMIT}/" in one.path for one in hub.asked if "/resolve/" in one.path)


def test_the_manifest_tells_where_it_came_from_and_every_checksum(offer: HubOffer) -> None:
    folder = fetch(ENTRY, offer)
    manifest = read_manifest(folder)
    assert manifest is not None
    assert (manifest.name, manifest.repository) == ("chexone", REPOSITORY)
    assert (manifest.revision, manifest.licence) == (COMMIT, "apache-2.0")
    for name, listed in manifest.files.items():
        assert listed.sha256 == sha256_of(folder / name)
        assert listed.size == (folder / name).stat().st_size
    assert str(folder.parent) not in json.dumps(json.loads((folder / "manifest.json").read_text()))


def test_a_connection_that_breaks_goes_on_at_its_last_byte(
    hub: Hub, offer: HubOffer, repository: Repository
) -> None:
    repository.breaks[PART] = [5000, 3000]
    folder = fetch(ENTRY, offer)
    assert (folder / PART).read_bytes() == repository.files[PART]
    starts = [one.range for one in hub.fetched(PART) if one.path.startswith("/cdn/")]
    assert starts == ["", "bytes=5000-", "bytes=8000-"]


def test_one_that_stays_broken_leaves_a_part_that_a_later_command_goes_on_with(
    hub: Hub, offer: HubOffer, repository: Repository
) -> None:
    repository.breaks[PART] = [5000, *[0] * 6]
    with pytest.raises(FetchError, match="goes on where it broke off"):
        fetch(ENTRY, offer)
    state = state_of(ENTRY)
    assert state.kind == "partial"
    assert 5000 <= state.held < offer.size
    hub.asked.clear()
    fetch(ENTRY, offer)
    assert state_of(ENTRY).kind == "ready"
    assert {one.range for one in hub.fetched(PART)} == {"bytes=5000-"}
    assert not hub.fetched("tokenizer.json")  # what was whole is not fetched again


@pytest.mark.parametrize("stop", [FetchCancelled, KeyboardInterrupt])
def test_a_cancelled_download_can_go_on(
    hub: Hub, offer: HubOffer, models: Path, stop: type[BaseException]
) -> None:
    def cancel(step: Step) -> None:
        if step.done > step.total // 2:
            raise stop

    with pytest.raises(stop):
        fetch(ENTRY, offer, cancel)
    assert not (models / "chexone").exists()
    assert state_of(ENTRY).kind == "partial"
    assert begun_revision(ENTRY) == COMMIT
    fetch(ENTRY, offer)
    assert state_of(ENTRY).kind == "ready"
    assert not (models / "chexone.partial").exists()
    assert begun_revision(ENTRY) == ""


def test_a_hub_that_knows_no_ranges_sends_the_file_again(
    offer: HubOffer, repository: Repository
) -> None:
    repository.ranges = False
    repository.breaks[PART] = [5000]
    folder = fetch(ENTRY, offer)
    assert (folder / PART).read_bytes() == repository.files[PART]


@pytest.mark.parametrize("name", [PART, "config.json"])
def test_a_file_that_differs_from_its_checksum_is_removed(
    offer: HubOffer, repository: Repository, models: Path, name: str
) -> None:
    repository.spoiled = {name}
    with pytest.raises(FetchError, match=f"{name} arrived damaged"):
        fetch(ENTRY, offer)
    assert not list(models.rglob(f"{name}*"))
    repository.spoiled = set()
    fetch(ENTRY, offer)
    assert state_of(ENTRY).kind == "ready"


def test_a_broken_folder_is_mended_with_what_differs_alone(
    hub: Hub, offer: HubOffer, models: Path
) -> None:
    shutil.copytree(CHECKPOINT, models / "chexone")
    for path in (models / "chexone", *(models / "chexone").iterdir()):
        path.chmod(0o755)
    damaged = models / "chexone" / PART
    damaged.write_bytes(damaged.read_bytes()[:-100])
    assert state_of(ENTRY).kind == "broken"
    fetch(ENTRY, offer)
    assert state_of(ENTRY).kind == "ready"
    assert hub.fetched(PART)
    assert not hub.fetched("model-00002-of-00002.safetensors")


def test_a_model_that_is_here_is_not_fetched_again(hub: Hub, offer: HubOffer) -> None:
    fetch(ENTRY, offer)
    hub.asked.clear()
    fetch(ENTRY, offer)
    assert hub.asked == []


def test_too_little_space_is_said_before_anything_is_fetched(
    hub: Hub, offer: HubOffer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: usage(0, 0, space.MARGIN + 1000))
    hub.asked.clear()
    with pytest.raises(FetchError, match=r"free space at .*, found 0\.2 GB"):
        fetch(ENTRY, offer)
    assert hub.asked == []
    assert not (models / "chexone.partial").exists()


def test_what_is_here_already_needs_no_space(
    offer: HubOffer, monkeypatch: pytest.MonkeyPatch, repository: Repository
) -> None:
    repository.breaks[PART] = [5000, *[0] * 6]
    with pytest.raises(FetchError):
        fetch(ENTRY, offer)
    left = offer.size - state_of(ENTRY).held + 1000
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: usage(0, 0, space.MARGIN + left))
    fetch(ENTRY, offer)
    assert state_of(ENTRY).kind == "ready"


def test_two_downloads_of_one_model_do_not_meet(offer: HubOffer) -> None:
    refused: list[str] = []

    def again(step: Step) -> None:
        if not refused:
            with pytest.raises(FetchError) as error:
                fetch(ENTRY, offer)
            refused.append(str(error.value))

    fetch(ENTRY, offer, again)
    assert "just now" in refused[0]
    assert state_of(ENTRY).kind == "ready"


def test_what_cannot_be_used_never_gets_the_models_name(
    hub: Hub, repository: Repository, models: Path
) -> None:
    del repository.files["preprocessor_config.json"]
    with pytest.raises(FetchError, match=r"cannot be used here: .*preprocessor_config\.json"):
        fetch(ENTRY, look(REPOSITORY, endpoint=hub.url))
    assert not (models / "chexone").exists()


def test_a_part_of_another_revision_is_not_gone_on_with(
    hub: Hub, offer: HubOffer, repository: Repository
) -> None:
    repository.breaks[PART] = [5000, *[0] * 6]
    with pytest.raises(FetchError):
        fetch(ENTRY, offer)
    repository.commit = NEWER
    repository.files[PART] = repository.files[PART][:-1] + b"N"
    hub.asked.clear()
    folder = fetch(ENTRY, look(REPOSITORY, endpoint=hub.url))
    assert (folder / PART).read_bytes() == repository.files[PART]
    assert {one.range for one in hub.fetched(PART)} == {""}


def test_a_revision_is_kept_to_though_the_publisher_went_on(
    hub: Hub, offer: HubOffer, repository: Repository
) -> None:
    assert offer.commit == COMMIT
    repository.commit = NEWER
    assert look(REPOSITORY, endpoint=hub.url).commit == NEWER
    with pytest.raises(FetchError, match="no such revision"):
        look(REPOSITORY, COMMIT, endpoint=hub.url)


def test_a_disk_that_fills_up_is_told_and_what_has_come_goes_on(
    hub: Hub, offer: HubOffer, repository: Repository
) -> None:
    def full(step: Step) -> None:
        if step.name == PART and step.here > 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FetchError, match=r"No space left.*What has come is kept"):
        fetch(ENTRY, offer, full)
    assert state_of(ENTRY).kind == "partial"
    hub.asked.clear()
    fetch(ENTRY, offer)
    assert state_of(ENTRY).kind == "ready"
    assert not hub.fetched("config.json")
