"""A hub on this machine, a folder for models, and a checkpoint to publish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import CHECKPOINT, REPOSITORY, Hub, Repository

from napari_medvlm.fetching import transfer


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for models."""
    folder = tmp_path / "models"
    monkeypatch.setenv("MEDVLM_MODELS", str(folder))
    return folder


@pytest.fixture(scope="session")
def _client() -> Iterator[None]:
    """The library's connections, made once and past any proxy."""
    import huggingface_hub

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        huggingface_hub.close_session()
        huggingface_hub.get_session()
        yield
        huggingface_hub.close_session()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, models: Path, _client: None) -> Iterator[Hub]:
    """A hub that holds a small CheXOne; the tests' own offline setting is lifted for it."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(transfer, "WAIT_SECONDS", 0.0)
    server = Hub()
    server.repositories[REPOSITORY] = Repository(
        {path.name: path.read_bytes() for path in sorted(CHECKPOINT.iterdir())}
        | {
            "README.md": b"# A card\n",
            "modeling_x.py": b"raise SystemExit",
            "pytorch_model.bin": b"\x80\x04.",
            "original/consolidated.safetensors": b"",
        }
    )
    yield server
    server.close()


@pytest.fixture
def repository(hub: Hub) -> Repository:
    """What the hub holds of CheXOne."""
    return hub.repositories[REPOSITORY]
