"""Stored tensors into a network that was built without memory for them.

The network is built on torch's "meta" device, then each tensor is read, cast, moved and put in
place one at a time, so that no second copy of the model exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import CheckpointError
from ..extras import require
from .checkpoint import Checkpoint, StoredTensor
from .form import Form

#: ``progress(stage, fraction)``: what is being done, and how much of it, where that is known.
Progress = Callable[[str, float | None], None]


def check_names(
    stored: Mapping[str, StoredTensor], expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Compare what the files hold with what the network needs.

    Parameters
    ----------
    stored
        Tensors of the files by the network's names.
    expected
        Shapes that the network has, by name.

    Raises
    ------
    CheckpointError
        Naming the first few missing, unknown or wrongly shaped tensors.
    """
    problems = []
    missing = sorted(set(expected) - set(stored))
    unknown = sorted(set(stored) - set(expected))
    if missing:
        problems.append(f"{len(missing)} missing ({_few(missing)})")
    if unknown:
        problems.append(f"{len(unknown)} unknown ({_few(unknown)})")
    shapes = [
        f"{name} {stored[name].shape} instead of {shape}"
        for name, shape in expected.items()
        if name in stored and stored[name].shape != shape
    ]
    if shapes:
        problems.append(f"{len(shapes)} of another shape ({_few(shapes)})")
    if problems:
        raise CheckpointError(
            f"The weights do not fit config.json: {'; '.join(problems)}.",
            "Check that all files of the folder belong to the same model.",
        )


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def load_weights(
    network: Any,
    checkpoint: Checkpoint,
    rename: Callable[[str], str | tuple[str, ...]],
    *,
    tied: Mapping[str, str],
    form: Form,
    progress: Progress | None = None,
    shown: Callable[[str], str] | None = None,
) -> None:
    """Fill a network that lies on the meta device.

    Parameters
    ----------
    network
        A torch module; its parameters are replaced.
    checkpoint
        Where the tensors are stored.
    rename
        The network's name of a stored name; several where one stored tensor holds them all,
        one after the other along its first axis.
    tied
        Parameters that may be absent, and the parameter that stands in for each.
    form
        Where the tensors go and what they become.
    progress
        Told the stage and the fraction that is done.
    shown
        The name under which people find one of the network's parameters in the files; needed
        where ``rename`` gives several names, which must all be shown as one.

    Raises
    ------
    CheckpointError
        If names or shapes do not fit.
    """
    torch = require("torch", "to run a model")
    safetensors = require("safetensors", "to read weights")
    targets = {name: _targets(rename(name)) for name in checkpoint.tensors}
    present = {part for parts in targets.values() for part in parts}
    if len(present) != sum(len(parts) for parts in targets.values()):
        raise CheckpointError("The files hold the same tensor under two names.")
    words = shown or str
    parameters = network.named_parameters(remove_duplicate=False)
    expected = {name: tuple(p.shape) for name, p in parameters}
    absent = {name for name in tied if name in expected and name not in present}
    check_names(
        {words(targets[name][0]): place for name, place in checkpoint.tensors.items()},
        _as_stored({k: v for k, v in expected.items() if k not in absent}, words),
    )

    done = 0
    for file in sorted({place.file for place in checkpoint.tensors.values()}):
        with safetensors.safe_open(str(file), framework="pt", device="cpu") as reader:
            for name in (n for n, place in checkpoint.tensors.items() if place.file == file):
                values = reader.get_tensor(name).chunk(len(targets[name]))
                for part, value in zip(targets[name], values, strict=True):
                    place = form.device_of(part)
                    # A copy: what stays mapped from the file would go with the stick it lies on,
                    # and be multiplied in an order that depends on where in the file it stands.
                    own = value.to(device=place, dtype=form.dtype, copy=True)
                    _put(torch, network, part, own)
                    form.settle(network, part)
                done += 1
                if progress is not None:
                    progress("reading the weights", done / len(targets))
    for name in absent:
        _put(torch, network, name, network.get_parameter(tied[name]))


def _targets(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _as_stored(
    expected: Mapping[str, tuple[int, ...]], words: Callable[[str], str]
) -> dict[str, tuple[int, ...]]:
    """Shapes by the names in the files; parameters that share a name lie along the first axis."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in expected.items():
        before = shapes.get(words(name))
        shapes[words(name)] = shape if before is None else (before[0] + shape[0], *shape[1:])
    return shapes


def _put(torch: Any, network: Any, name: str, value: Any) -> None:
    path, _, leaf = name.rpartition(".")
    parameter = (
        value
        if isinstance(value, torch.nn.Parameter)
        else torch.nn.Parameter(value, requires_grad=False)
    )
    setattr(network.get_submodule(path), leaf, parameter)


def rebuild_buffers(network: Any, form: Form) -> None:
    """Compute the tables that are not stored (rotary frequencies) on the real device.

    A module on the meta device has no values in them. Every such module of transformers takes
    its configuration as its only argument and keeps it, so it can simply be made again.
    """
    for name, module in list(network.named_modules()):
        if not any(b.is_meta for b in module.buffers(recurse=False)):
            continue
        parent, _, leaf = name.rpartition(".")
        fresh = type(module)(module.config).to(form.device_of(name))
        setattr(network.get_submodule(parent), leaf, fresh)
    left = [n for n, t in [*network.named_parameters(), *network.named_buffers()] if t.is_meta]
    if left:
        raise CheckpointError(f"The network has tables without values: {_few(left)}.")
