"""In which form weights are kept: on which device, as which type, in how many bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import CheckpointError
from ..extras import require
from .footprint import QUANTIZED
from .planning import INT4_GROUP

#: What a user may ask for, beside plain types.
QUANTIZATIONS = ("int8", "int4")


@dataclass(frozen=True)
class Form:
    """Where weights go and what they become.

    Parameters
    ----------
    device
        torch device of everything that ``places`` does not name; inputs go there.
    dtype
        torch dtype of the weights, and of what is computed with.
    quantization
        "int8" or "int4": the matrices of the language model's layers are kept in so many bits
        (weight only, by torchao) and computed with in ``dtype``; empty keeps them as they are.
    places
        Device by module name, where a model is spread over several.
    """

    device: Any
    dtype: Any
    quantization: str = ""
    places: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people read: "bfloat16", "int8"."""
        return self.quantization or str(self.dtype).removeprefix("torch.")

    def device_of(self, name: str) -> Any:
        """Device of a parameter or module: that of the nearest module above it that has one."""
        path = name
        while path:
            if path in self.places:
                return self.places[path]
            path = path.rpartition(".")[0]
        return self.places.get("", self.device)

    def settle(self, network: Any, name: str) -> None:
        """Store a weight in fewer bits as soon as it has arrived, where the form says so.

        One at a time, so that the whole model never lies in memory in 16 bit.
        """
        if self.quantization and QUANTIZED.match(name):
            quantize(network.get_submodule(name.rpartition(".")[0]), self.quantization)


def quantize(linear: Any, how: str) -> None:
    """Replace the weight of a linear layer by a quantised one, in place.

    int8: symmetric, one scale a row. int4: one scale and zero point for every group of a row
    (https://github.com/pytorch/ao, ``Int8WeightOnlyConfig`` and ``Int4WeightOnlyConfig``).

    Parameters
    ----------
    linear
        ``torch.nn.Linear`` with a floating weight.
    how
        "int8" or "int4".

    Raises
    ------
    CheckpointError
        For another name, or for int4 without an NVIDIA GPU.
    MissingExtraError
        If torchao is not installed.
    """
    if how not in QUANTIZATIONS:
        raise CheckpointError(f"Unknown form {how!r}.", f"Known: {', '.join(QUANTIZATIONS)}.")
    ao = require("torchao.quantization", "to keep weights in 8 or 4 bits")
    if how == "int8":
        ao.quantize_(linear, ao.Int8WeightOnlyConfig())
        return
    if linear.weight.device.type != "cuda":
        raise CheckpointError(
            "Expected an NVIDIA GPU for int4 weights, found none.", "Use int8, which runs anywhere."
        )
    packing = "tile_packed_to_4d"
    group = _group(linear.weight.shape[1])
    ao.quantize_(linear, ao.Int4WeightOnlyConfig(group_size=group, int4_packing_format=packing))


def _group(width: int) -> int:
    """The largest usual group that divides a row."""
    for size in (INT4_GROUP, 64, 32):
        if width % size == 0:
            return size
    raise CheckpointError(f"Rows of {width} weights cannot be cut into int4 groups.", "Use int8.")
