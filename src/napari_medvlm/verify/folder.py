"""A folder of records: which forms it holds, and all of their rows.

Forms:

- ``cases.json``: model texts with what is to be read from them;
- ``checkpoint*/`` with ``cases/*/case.json`` and ``expected.npz``: a model and what the authors'
  own pipeline gives for each case;
- of such cases those with ``full_question``: what the authors' ``chat`` of InternVL gives;
- beside a checkpoint, ``sampling.json``: which frames and slices are taken;
  ``smart_resize_cases.json``: sizes after each resize; and ``config_variants/*.json``: other ways
  to write the same configuration.

A folder of no such form, a case that cannot be read or run, and a quantity that is not known are
failures, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .cases import verify_case
from .chat import verify_chat
from .files import read_json
from .parsing import verify_parsing
from .report import Report, Row, guarded
from .resizing import verify_resizing
from .sampled import verify_sampling
from .variants import verify_variant

OpenModel = Callable[[Path], Any]
_KNOWN_FILES = {
    "README.md",
    "cases.json",
    "smart_resize_cases.json",
    "sampling.json",
    "cases",
    "config_variants",
}


def verify_folder(folder: str | Path, open_with: OpenModel | None = None) -> Report:
    """Check this software against a folder of recorded values.

    Parameters
    ----------
    folder
        See the module.
    open_with
        Opens a checkpoint folder; None takes ``open_model`` on the CPU in float32, which is what
        records were made with.

    Returns
    -------
    report
        A row for each quantity. It never raises for what the folder holds.
    """
    root = Path(folder).expanduser()
    name = root.resolve().name
    return Report(name, tuple(guarded(name, "folder", _rows(root, open_with or _open))))


def _open(folder: Path) -> Any:
    # Not at the top: parsing cases need no model library.
    from ..models import open_model

    return open_model(folder, device="cpu", dtype="float32")


def _rows(root: Path, open_with: OpenModel) -> Iterator[Row]:
    name = root.resolve().name
    if not root.is_dir():
        yield Row.failed(name, "folder", f"Expected a folder, found none at {root}.")
        return
    checkpoints = sorted(path for path in root.glob("checkpoint*") if path.is_dir())
    cases = _case_folders(root)
    if (root / "cases.json").is_file():
        yield from guarded("cases.json", "file", verify_parsing(root / "cases.json"))
    elif not checkpoints or not cases:
        found = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
        expected = "Expected cases.json, or checkpoint/ with cases/*/case.json"
        yield Row.failed(name, "folder", f"{expected}; found {found}.")
    yield from _unknown(root, checkpoints)
    yield from _modelled(root, checkpoints, cases, open_with)


def _unknown(root: Path, checkpoints: list[Path]) -> Iterator[Row]:
    """Name what lies in the folder and is of no known form."""
    for path in sorted(root.iterdir()):
        if path.name not in _KNOWN_FILES and path not in checkpoints and path.name[0] != ".":
            yield Row.failed(path.name, "file", "Records of this form are not known.")


def _case_folders(root: Path) -> list[Path]:
    """Every folder in ``cases/``: one without ``case.json`` fails later, where it is read."""
    folder = root / "cases"
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _modelled(
    root: Path, checkpoints: list[Path], cases: list[Path], open_with: OpenModel
) -> Iterator[Row]:
    models: dict[Path, Any] = {}

    def model_of(checkpoint: Path) -> Any:
        if checkpoint not in models:
            models[checkpoint] = open_with(checkpoint)
        return models[checkpoint]

    try:
        for checkpoint in checkpoints:
            yield from guarded(checkpoint.name, "loads", _loads(checkpoint, model_of))
        for case in cases:
            yield from guarded(case.name, "case", _case(case, checkpoints, model_of))
        sizes = root / "smart_resize_cases.json"
        if sizes.is_file():
            yield from guarded(sizes.stem, "file", verify_resizing(sizes))
        taken = root / "sampling.json"
        if taken.is_file():
            yield from guarded(taken.stem, "file", verify_sampling(taken))
        for variant in sorted((root / "config_variants").glob("*")):
            rows = _variant(variant, checkpoints, cases, model_of, open_with)
            yield from guarded(variant.name, "configuration", rows)
    finally:
        for model in models.values():
            model.close()


def _loads(checkpoint: Path, model_of: OpenModel) -> Iterator[Row]:
    model_of(checkpoint)
    yield Row(checkpoint.name, "loads", ok=True)


def _case(case: Path, checkpoints: list[Path], model_of: OpenModel) -> Iterator[Row]:
    form = verify_chat if "full_question" in read_json(case / "case.json") else verify_case
    yield from form(case, model_of(_checkpoint_of(case, checkpoints)))


def _checkpoint_of(case: Path, checkpoints: list[Path]) -> Path:
    """Find a case's checkpoint: the one that it names, else ``checkpoint/``, else the only one."""
    named = read_json(case / "case.json").get("checkpoint")
    if named is not None:
        wanted = Path(str(named)).name
    elif len(checkpoints) == 1:
        wanted = checkpoints[0].name
    else:
        wanted = "checkpoint"
    for checkpoint in checkpoints:
        if checkpoint.name == wanted:
            return checkpoint
    raise LookupError(f"Expected the checkpoint {wanted!r} beside the cases, found none.")


def _variant(
    variant: Path,
    checkpoints: list[Path],
    cases: list[Path],
    model_of: OpenModel,
    open_with: OpenModel,
) -> Iterator[Row]:
    if not cases:
        raise LookupError("Expected a case to run with this configuration, found none.")
    checkpoint = _checkpoint_of(cases[0], checkpoints)
    yield from verify_variant(variant, checkpoint, model_of(checkpoint), cases[0], open_with)
