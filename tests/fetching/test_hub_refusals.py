"""What the hub says no to, in sentences; and what it is never asked."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import REPOSITORY, Hub, Repository

from napari_medvlm.errors import FetchError, MissingExtraError
from napari_medvlm.fetching import hub as hub_room
from napari_medvlm.fetching.download import fetch
from napari_medvlm.fetching.hub import look, told
from napari_medvlm.models.catalog import CATALOG

ENTRY = CATALOG["chexone"]


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ((403, "GatedRepo"), "is gated.*Accept them at"),
        ((401, "GatedRepo"), "is gated.*No log-in was sent there"),
        ((401, ""), "logged in"),
        ((404, "RepoNotFound"), "The hub has no StanfordAIMI/CheXOne"),
        ((404, "RevisionNotFound"), "no such revision"),
        ((500, ""), "answered 500"),
    ],
)
def test_a_refusal_is_a_sentence(
    hub: Hub, repository: Repository, refused: tuple[int, str], words: str
) -> None:
    repository.refused = refused
    with pytest.raises(FetchError, match=words) as error:
        look(REPOSITORY, endpoint=hub.url)
    assert "\n" not in str(error.value)


def test_the_usual_hub_can_be_logged_in_to() -> None:
    from httpx2 import Request, Response
    from huggingface_hub.errors import GatedRepoError

    answer = Response(403, request=Request("GET", "https://example.org"))
    with pytest.raises(FetchError, match="Log in with: hf auth login"), told(REPOSITORY, None):
        raise GatedRepoError("gated", response=answer)


def test_gated_files_are_refused_when_they_are_fetched(hub: Hub, repository: Repository) -> None:
    repository.gated = True
    offer = look(REPOSITORY, endpoint=hub.url)
    assert offer.gated
    with pytest.raises(FetchError, match="is gated"):
        fetch(ENTRY, offer)


def test_a_file_that_is_gone_is_said(hub: Hub, repository: Repository) -> None:
    offer = look(REPOSITORY, endpoint=hub.url)
    del repository.files["vocab.json"]
    with pytest.raises(FetchError, match="gone from the hub"):
        fetch(ENTRY, offer)


def test_a_hub_that_is_not_there(hub: Hub) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(FetchError, match=r"connection to .* failed \(ConnectError\)"):
            look(REPOSITORY, endpoint=nobody)


def test_a_repository_of_pickles_is_refused(hub: Hub, repository: Repository) -> None:
    repository.files = {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04."}
    with pytest.raises(FetchError, match="no weights in the safetensors form"):
        look(REPOSITORY, endpoint=hub.url)


def test_a_saved_log_in_goes_to_no_other_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(ENTRY, look(REPOSITORY, endpoint=hub.url))
    assert hub.asked
    assert {one.authorization for one in hub.asked} == {""}


def test_an_offline_machine_stays_offline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(FetchError, match="HF_HUB_OFFLINE"):
        look(REPOSITORY, endpoint=hub.url)
    assert hub.asked == []


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub.constants", None)
    with pytest.raises(MissingExtraError, match=r"napari-medvlm\[local\]"):
        hub_room.library()


#: Every other way to a model, on a machine that has none. Any attempt to reach a network ends it.
_EVERYTHING_ELSE = """
import os, sys
for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
    os.environ.pop(name, None)
tried = []
def watch(event, args):
    if event in ("socket.getaddrinfo", "socket.connect", "socket.gethostbyname"):
        tried.append((event, str(args)))
        raise PermissionError(event)
sys.addaudithook(watch)
from napari_medvlm.cli import main
from napari_medvlm.errors import CheckpointError
from napari_medvlm.models import locate, open_model
codes = [main(["models"]), main(["models", "--json"]), main(["plan", "--model", "chexone"])]
codes += [main(["ask", sys.argv[1], "Where?", "--model", "chexone"])]
codes += [main(["ask", sys.argv[1], "Where?", "--model", "StanfordAIMI/CheXOne"])]
for find in (locate, open_model):
    try:
        find("StanfordAIMI/CheXOne")
    except CheckpointError:
        codes.append("refused")
assert codes == [0, 0, 0, 2, 2, "refused", "refused"], codes
assert tried == [], tried
assert "huggingface_hub" not in sys.modules
"""


def test_nothing_else_reaches_a_network(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "picture.png"
    from PIL import Image

    Image.new("L", (32, 32), 100).save(picture)
    done = subprocess.run(
        [sys.executable, "-c", _EVERYTHING_ELSE, str(picture)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not models.exists()
