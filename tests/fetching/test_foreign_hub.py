"""A hub, or what stands between here and it, that sends other things than a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, REPOSITORY, Hub, Repository

from napari_medvlm.errors import FetchError
from napari_medvlm.fetching.download import fetch
from napari_medvlm.fetching.hub import look
from napari_medvlm.fetching.progress import Step
from napari_medvlm.fetching.selecting import wanted
from napari_medvlm.models.catalog import CATALOG
from napari_medvlm.models.state import state_of

ENTRY = CATALOG["chexone"]
PART = "model-00001-of-00002.safetensors"


@pytest.fixture
def other_host(hub: Hub, repository: Repository) -> Iterator[Hub]:
    """Where large files lie: another host, as the network's caches of the real hub are."""
    other = Hub()
    other.repositories[REPOSITORY] = repository
    repository.elsewhere = other.url
    yield other
    other.close()


def test_a_log_in_is_not_carried_to_another_host(
    hub: Hub, other_host: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(ENTRY, look(REPOSITORY))
    assert {one.authorization for one in hub.asked} == {"Bearer hf_secret"}
    assert {one.authorization for one in other_host.asked} == {""}
    assert other_host.fetched(PART)


@pytest.mark.parametrize("name", [PART, "config.json"])
def test_a_web_page_in_place_of_a_file_is_told_and_not_kept(
    hub: Hub, repository: Repository, models: Path, name: str
) -> None:
    repository.pages = {name}
    with pytest.raises(FetchError, match="web page came in place of a file"):
        fetch(ENTRY, look(REPOSITORY, endpoint=hub.url))
    assert sum(path.stat().st_size for path in models.rglob(f"{name}*")) == 0
    repository.pages = set()
    fetch(ENTRY, look(REPOSITORY, endpoint=hub.url))
    assert state_of(ENTRY).kind == "ready"


def test_a_web_page_in_place_of_what_the_hub_tells_is_a_sentence(
    hub: Hub, repository: Repository
) -> None:
    repository.pages = {"the hub itself"}
    with pytest.raises(FetchError, match="This network may ask you to log in") as error:
        look(REPOSITORY, endpoint=hub.url)
    assert "\n" not in str(error.value)


def test_no_more_is_taken_than_was_stated(hub: Hub, repository: Repository, models: Path) -> None:
    offer = look(REPOSITORY, endpoint=hub.url)
    repository.longer = {PART}
    with pytest.raises(FetchError, match="sends more than the"):
        fetch(ENTRY, offer)
    size = repository.files[PART]
    assert all(path.stat().st_size <= len(size) for path in models.rglob(f"{PART}*"))


def test_a_file_of_another_size_is_refused_before_it_is_written(
    hub: Hub, repository: Repository, models: Path
) -> None:
    offer = look(REPOSITORY, endpoint=hub.url)
    repository.shorter = {PART}
    with pytest.raises(FetchError, match=r"Expected a file of .* bytes, as the hub states it"):
        fetch(ENTRY, offer)
    assert sum(path.stat().st_size for path in models.rglob(f"{PART}*")) == 0


def test_a_hub_that_is_busy_is_asked_again(hub: Hub, repository: Repository) -> None:
    repository.busy = 3
    told: list[Step] = []
    fetch(ENTRY, look(REPOSITORY, endpoint=hub.url), told.append)
    assert state_of(ENTRY).kind == "ready"
    assert [step.doing for step in told].count("waiting") >= 3


def test_a_hub_that_stays_busy_is_given_up(hub: Hub, repository: Repository) -> None:
    repository.busy = 1000
    with pytest.raises(FetchError, match="answered 503"):
        fetch(ENTRY, look(REPOSITORY, endpoint=hub.url))
    assert state_of(ENTRY).kind == "partial"


def test_a_link_that_stands_where_a_part_would_grow_is_not_written_through(
    hub: Hub, repository: Repository, models: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"p")
    partial = models / "chexone.partial"
    partial.mkdir(parents=True)
    (partial / f"{PART}.part").symlink_to(precious)
    fetch(ENTRY, look(REPOSITORY, endpoint=hub.url))
    assert precious.read_bytes() == b"p"
    assert not (models / "chexone" / PART).is_symlink()


def test_names_that_lead_out_of_the_folder_are_never_asked_for(
    hub: Hub, repository: Repository, models: Path
) -> None:
    foreign = ["../../escape.safetensors", "/etc/model.safetensors", "a/config.json"]
    foreign += ["..\\config.json", "config.json\0", "CON", "model-00001-of-00002.safetensors\n"]
    assert wanted(foreign) == []
    repository.files |= dict.fromkeys(foreign, b"x")
    offer = look(REPOSITORY, endpoint=hub.url)
    assert not set(offer.files) & set(foreign)
    fetch(ENTRY, offer)
    assert offer.commit == COMMIT
    assert not list(models.parent.glob("escape*"))
