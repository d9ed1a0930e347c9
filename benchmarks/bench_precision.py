"""How far logits move when weights are kept in fewer bits, on the recorded small checkpoints.

No times: the first-step logits of every recorded prompt, with the recorded visual features,
against the recorded ones, which the authors' code computed in float32. int4 is emulated here
where there is no NVIDIA GPU to run it on (the same groups and rounding, by torchao's portable
form). Random weights are the hardest case: trained ones have far fewer near ties.

    python benchmarks/bench_precision.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from napari_medvlm.models import open_model
from napari_medvlm.models.footprint import QUANTIZED

ORACLE = Path(__file__).resolve().parent.parent / "tests" / "oracles" / "fleming_vl"


def emulate_int4(module: Any) -> None:
    """Round the language model's matrices to int4 groups; they stay as large as int8."""
    import torch
    from torchao.quantization import IntxWeightOnlyConfig, PerGroup, quantize_

    for name in [n for n, _ in module.named_parameters() if QUANTIZED.match(n)]:
        linear = module.get_submodule(name.rpartition(".")[0])
        group = next(g for g in (128, 64, 32, 16, 8) if linear.weight.shape[1] % g == 0)
        config = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(group))
        quantize_(linear, config)


def logits(model: Any, case: Path) -> tuple[Any, Any]:
    """First-step logits with the recorded features, and the recorded logits."""
    import torch

    with np.load(case / "expected.npz") as recorded:
        ids = recorded["input_ids"].reshape(-1)
        expected = recorded["first_step_logits"].reshape(-1)
        features = recorded.get("visual_features")
    network = model._network
    embeds = network.embed_ids(ids.tolist()).clone()
    if features is not None and features.size:
        rows = torch.from_numpy(features.reshape(-1, features.shape[-1]))
        embeds[0, torch.from_numpy(ids == model._context_id)] = rows.to(embeds.dtype)
    found = network.forward(embeds, np.arange(len(ids))[None], network.new_cache())
    return found.numpy(), expected


def main() -> None:
    """Measure and print a table."""
    cases = sorted(path for path in (ORACLE / "cases").iterdir() if path.is_dir())
    print("checkpoint | weights | largest difference | root mean square / spread | same choice")
    for folder in ("checkpoint", "checkpoint_38b_style"):
        own = [
            c for c in cases if json.loads((c / "case.json").read_text())["checkpoint"] == folder
        ]
        for form in ("float32", "bfloat16", "int8", "int4"):
            model = open_model(ORACLE / folder, dtype="float32" if form == "int4" else form)
            if form == "int4":
                emulate_int4(model._network.module)
                model._network.stepper = None  # it holds the weights as they were
            pairs = [logits(model, case) for case in own]
            worst = max(np.abs(found - expected).max() for found, expected in pairs)
            share = max(
                np.sqrt(np.mean((found - expected) ** 2)) / expected.std()
                for found, expected in pairs
            )
            same = sum(found.argmax() == expected.argmax() for found, expected in pairs)
            print(
                f"{folder} | {form} | {worst:.2g} | {share:.2%} | {same} of {len(pairs)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
