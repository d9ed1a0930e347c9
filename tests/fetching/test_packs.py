"""Packs: made, checked, put in place; and every way in which one can be wrong."""

from __future__ import annotations

import json
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from hub_server import CHECKPOINT

from napari_medvlm.errors import CheckpointError, FetchError, MedvlmError
from napari_medvlm.fetching import space
from napari_medvlm.fetching.manifest import read_manifest
from napari_medvlm.fetching.pack import check, pack, use
from napari_medvlm.fetching.progress import Step
from napari_medvlm.models import locate
from napari_medvlm.models.catalog import CATALOG
from napari_medvlm.models.state import state_of

ENTRY = CATALOG["chexone"]
PART = "model-00002-of-00002.safetensors"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A published folder, with things in it that are nobody's business."""
    folder = tmp_path / "CheXOne"
    shutil.copytree(CHECKPOINT, folder)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    (folder / "modeling_x.py").write_text("raise SystemExit")
    (folder / "notes about a patient.txt").write_text("private")
    return folder


@pytest.fixture
def packed(source: Path, tmp_path: Path) -> Path:
    pack(str(source), tmp_path / "stick" / "pack")
    return tmp_path / "stick" / "pack"


def test_a_pack_holds_the_model_and_nothing_else(packed: Path, source: Path) -> None:
    names = {path.name for path in packed.iterdir()}
    assert names == {path.name for path in CHECKPOINT.iterdir()} | {"manifest.json"}
    manifest = read_manifest(packed)
    assert manifest is not None
    assert (manifest.name, manifest.repository) == ("chexone", "")
    assert check(packed) == ()
    assert str(source) not in (packed / "manifest.json").read_text()


def test_a_pack_put_in_place_is_the_model(packed: Path, models: Path) -> None:
    told: list[Step] = []
    folder = use(packed, "CheXOne", told.append)
    assert folder == models / "chexone"
    assert state_of(ENTRY).kind == "ready"
    assert locate("chexone").path == folder
    assert told[-1].done == told[-1].total > 0
    assert {step.doing for step in told} == {"copying"}
    assert check(folder) == ()


def test_a_published_folder_can_be_put_in_place_too(source: Path, models: Path) -> None:
    use(source, "chexone")
    assert state_of(ENTRY).kind == "ready"
    assert not (models / "chexone" / "modeling_x.py").exists()


def test_check_names_each_file_that_is_wrong(packed: Path) -> None:
    (packed / "vocab.json").unlink()
    (packed / "merges.txt").write_bytes((packed / "merges.txt").read_bytes() + b"x")
    part = bytearray((packed / PART).read_bytes())
    part[-1] ^= 1  # the headers and sizes still fit
    (packed / PART).write_bytes(part)
    problems = check(packed)
    assert [problem.partition(" ")[0] for problem in problems] == ["merges.txt", "vocab.json", PART]
    assert problems[2] == f"{PART} does not match its checksum."


def test_a_damaged_pack_is_not_put_in_place(packed: Path, models: Path) -> None:
    part = bytearray((packed / PART).read_bytes())
    part[-1] ^= 1
    (packed / PART).write_bytes(part)
    with pytest.raises(FetchError, match=f"{PART} does not match the checksum"):
        use(packed, "chexone")
    assert list(models.iterdir()) == []


def test_a_copy_that_is_stopped_leaves_nothing(packed: Path, models: Path) -> None:
    def stop(step: Step) -> None:
        if step.done == step.total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use(packed, "chexone", stop)
    assert list(models.iterdir()) == []
    assert state_of(ENTRY).kind == "absent"


def test_a_model_that_is_here_is_not_written_over(packed: Path, models: Path) -> None:
    use(packed, "chexone")
    with pytest.raises(FetchError, match="here already"):
        use(packed, "chexone")
    (models / "chexone" / PART).unlink()
    with pytest.raises(FetchError, match="broken"):
        use(packed, "chexone")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nonsense", "Expected a model's name"),
        ("demo", "Expected a model's name"),
        ("medvlm-r1", "cannot be used as MedVLM-R1"),
    ],
)
def test_a_pack_of_another_model_is_refused(
    packed: Path, models: Path, name: str, words: str
) -> None:
    with pytest.raises(MedvlmError, match=words):
        use(packed, name)


def test_a_taken_or_full_destination_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FetchError, match="not empty"):
        pack(str(source), source)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: usage(0, 0, 1000))
    with pytest.raises(FetchError, match="free space"):
        pack(str(source), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_incomplete_model_is_not_packed(source: Path, tmp_path: Path) -> None:
    (source / PART).unlink()
    with pytest.raises(FetchError, match=PART):
        pack(str(source), tmp_path / "new")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"files": {"../../.bashrc": {"size": 1, "sha256": "0" * 64}}}, "no file of a model"),
        ({"files": {"run.py": {"size": 1, "sha256": "0" * 64}}}, "no file of a model"),
        ({"files": {"config.json": {"size": 1, "sha256": "x"}}}, "no size and checksum"),
        ({"files": {"config.json": 3}}, "no size and checksum"),
        ({"files": {"config.json": {"size": -1, "sha256": "0" * 64}}}, "no size and checksum"),
        ({"files": []}, "list of files"),
        ({"version": 2}, "later version"),
        ({"format": "other"}, "Expected the manifest of a model"),
    ],
)
def test_a_foreign_manifest_is_refused(
    packed: Path, models: Path, change: dict[str, object], words: str
) -> None:
    path = packed / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match=words):
        check(packed)
    with pytest.raises(CheckpointError, match=words):
        use(packed, "chexone")
    assert not models.exists()


def test_a_folder_without_a_manifest_cannot_be_checked(source: Path) -> None:
    with pytest.raises(FetchError, match=r"Expected a folder with manifest\.json"):
        check(source)


def test_a_stick_that_takes_no_large_files_is_told(tmp_path: Path) -> None:
    import errno

    with pytest.raises(FetchError, match="exFAT"), space.written_to(tmp_path):
        raise OSError(errno.EFBIG, "File too large")


def test_a_pack_that_lacks_a_listed_file_is_refused(packed: Path, models: Path) -> None:
    (packed / "special_tokens_map.json").unlink(missing_ok=True)
    facts = json.loads((packed / "manifest.json").read_text())
    facts["files"]["LICENSE"] = {"size": 1, "sha256": "0" * 64}
    (packed / "manifest.json").write_text(json.dumps(facts))
    with pytest.raises(FetchError, match="lists LICENSE, which is not there"):
        use(packed, "chexone")
    assert list(models.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="pipes with a name are of POSIX")
def test_a_pipe_that_poses_as_a_file_is_not_waited_for(packed: Path, models: Path) -> None:
    (packed / "merges.txt").unlink()
    os.mkfifo(packed / "merges.txt")
    with pytest.raises(FetchError, match=r"merges\.txt, which is not there"):
        use(packed, "chexone")
    assert check(packed) == ("merges.txt is missing.",)


def test_a_link_out_of_a_pack_carries_nothing_in(
    packed: Path, models: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "key"
    secret.write_text("private")
    (packed / "README.md").symlink_to(secret)  # listed nowhere: not copied
    (packed / "merges.txt").unlink()
    (packed / "merges.txt").symlink_to(secret)  # listed, but with other content
    with pytest.raises(FetchError, match="checksum"):
        use(packed, "chexone")
    assert list(models.iterdir()) == []


def test_a_stick_that_is_pulled_out_is_not_taken_for_a_full_disk(
    packed: Path, models: Path
) -> None:
    def pull(step: Step) -> None:
        if step.name == PART:
            raise AssertionError("the file could be opened")
        shutil.rmtree(packed, ignore_errors=True)

    with pytest.raises(FetchError, match=r"could not be read.*still connected"):
        use(packed, "chexone", pull)
    assert list(models.iterdir()) == []
