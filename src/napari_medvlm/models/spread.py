"""A model over several GPUs, layer by layer, through accelerate's device map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import CheckpointError
from ..extras import require
from .form import Form

#: The device name that asks for it.
SPREAD = "spread"
#: Share of a GPU's free memory that weights may take: caches and pictures need the rest.
SHARE = 0.8


def free_memory() -> dict[int | str, int]:
    """Bytes that weights may take on each GPU, by its number."""
    torch = require("torch", "to run a model")
    return {
        index: int(SHARE * torch.cuda.mem_get_info(index)[0])
        for index in range(torch.cuda.device_count())
    }


def spread_over(module: Any, memory: Mapping[int | str, int], dtype: Any) -> dict[str, Any]:
    """Choose a device for every part of a network; a decoder layer is never torn apart.

    Parameters
    ----------
    module
        On the meta device.
    memory
        Bytes by device, in the order in which they are filled.
    dtype
        torch dtype that weights will have.

    Returns
    -------
    places
        Device by module name.

    Raises
    ------
    CheckpointError
        If the weights do not fit; nothing is put on a disk instead.
    """
    accelerate = require("accelerate", "to spread a model over several GPUs")
    places: dict[str, Any] = accelerate.infer_auto_device_map(
        module,
        max_memory=dict(memory),
        no_split_module_classes=list(module._no_split_modules or []),
        dtype=dtype,
    )
    if "disk" in places.values() or not set(places.values()) <= set(memory):
        needed = sum(p.numel() for p in module.parameters()) * dtype.itemsize
        room = sum(memory.values())
        raise CheckpointError(
            f"The weights take {needed / 1e9:.1f} GB, and the devices have room for "
            f"{room / 1e9:.1f} GB.",
            "Use int8 on one device, a smaller model, or more GPUs.",
        )
    return places


def spread_form(module: Any, form: Form) -> Form:
    """Return a form whose places fill this machine's GPUs."""
    torch = require("torch", "to run a model")
    places = spread_over(module, free_memory(), form.dtype)
    devices = {name: torch.device("cuda", place) for name, place in places.items()}
    return Form(torch.device("cuda", 0), form.dtype, form.quantization, devices)


def join(module: Any, form: Form, *, always: bool = False) -> None:
    """Make a network whose parts lie on several devices pass values between them.

    Parameters
    ----------
    module
        With every weight in its place.
    form
        By which it was loaded.
    always
        Also where all places are one device: for tests.
    """
    if not form.places:
        return
    accelerate = require("accelerate", "to spread a model over several GPUs")
    accelerate.dispatch_model(
        module, dict(form.places), main_device=form.device, force_hooks=always
    )
