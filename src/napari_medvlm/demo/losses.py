"""What training minimises: the answer's tokens, and dense help for the vision tower.

The dense heads say for every cell of the image whether a lesion lies there and where its box has
its edges. They reach the vision tower in one step, where the answer's loss has to come through the
whole text model; they are thrown away when training ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import architecture as arch
from .packing import Pack
from .questions import KINDS, Scene


def answer_loss(hidden: Any, table: Any, batch: Pack, number_ids: Any) -> tuple[Any, Any]:
    """Sum the cross entropy over the answer tokens of a packed batch.

    Parameters
    ----------
    hidden
        (batch, length, width) from the text model.
    table
        (vocabulary, width) tied embeddings.
    batch
        What was packed.
    number_ids
        Ids of the numbers 0..999.

    Returns
    -------
    total, soft
        The sum over all answer tokens, and the part of it on measured numbers.

    Notes
    -----
    A measured number's target is a Gaussian around its exact value over the numbers 0..999: an
    answer that is off by one is nearly right, and every example teaches its neighbours too.
    """
    import torch

    rows = hidden.reshape(-1, hidden.shape[-1])[batch.predict]
    logp = torch.log_softmax(rows @ table.T, dim=-1)
    hard = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    hard[batch.soft_row] = False
    total = -logp[hard].gather(1, batch.target[hard][:, None]).sum()
    soft = logp.new_zeros(())
    if len(batch.soft_row):
        away = torch.arange(len(number_ids), device=rows.device) - batch.soft_value[:, None]
        wanted = torch.softmax(-0.5 * (away / batch.soft_spread[:, None]) ** 2, dim=-1)
        told = logp[batch.soft_row][:, number_ids]
        # Less the target's own entropy, so that a perfect answer costs 0.
        soft = (wanted * (wanted.clamp_min(1e-12).log() - told)).sum()
    return total + soft, soft


def dense_heads(vision_width: int, text_width: int) -> Any:
    """Build the heads that exist during training only."""
    from torch import nn

    return nn.ModuleDict(
        {
            "patch": nn.Linear(vision_width, 5),
            "token": nn.Linear(text_width, 5 + 2 * (arch.GRID // arch.MERGE)),
            "kind": nn.Linear(text_width, len(KINDS)),
        }
    )


def dense_loss(heads: Any, merged: Any, patches: Any, scenes: list[Scene]) -> dict[str, Any]:
    """Return the losses of the dense heads by name."""
    import torch
    from torch.nn.functional import cross_entropy

    count, cells, merge = len(merged), arch.GRID // arch.MERGE, arch.MERGE
    token = heads["token"](merged)
    losses = _boxes("token", token[..., :5].reshape(count, cells, cells, 5), scenes)
    patch = heads["patch"](patches).reshape(count, cells, cells, merge, merge, 5)
    patch = patch.permute(0, 1, 3, 2, 4, 5).reshape(count, arch.GRID, arch.GRID, 5)
    losses |= _boxes("patch", patch, scenes)
    place = torch.arange(cells * cells, device=merged.device).expand(count, -1)
    row, col = token[..., 5 : 5 + cells], token[..., 5 + cells :]
    losses["place"] = cross_entropy(row.flatten(0, 1), (place // cells).flatten())
    losses["place"] += cross_entropy(col.flatten(0, 1), (place % cells).flatten())
    kinds = [
        list(KINDS).index(scene.kind) for scene in scenes for _ in scene.track or range(scene.count)
    ]
    told, known = heads["kind"](merged.mean(dim=1)), torch.tensor(kinds, device=merged.device)
    losses["kind"] = cross_entropy(told, known)
    return losses


def _boxes(name: str, told: Any, scenes: list[Scene]) -> dict[str, Any]:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

    truth = dense_truth(scenes, len(told), told.shape[1])
    present, edges = (part.to(told.device) for part in truth)
    weight = torch.tensor(4.0, device=told.device)
    losses = {
        f"{name}_present": binary_cross_entropy_with_logits(
            told[..., 0], present, pos_weight=weight
        )
    }
    here = present > 0
    if here.any():
        losses[f"{name}_edges"] = smooth_l1_loss(told[..., 1:][here], edges[here], beta=0.1)
    return losses


def dense_truth(scenes: list[Scene], images: int, cells: int) -> tuple[Any, Any]:
    """Return where lesions lie on a grid of cells, for the auxiliary heads.

    Parameters
    ----------
    scenes
        Scenes with ``images`` pictures (temporal steps of a clip) in all.
    images
        Number of pictures.
    cells
        Cells along each side of a picture.

    Returns
    -------
    present
        (images, cells, cells) float: 1 where a box covers a good part of the cell, or the cell a
        good part of the box.
    edges
        (images, cells, cells, 4): box edges from the middle of the cell, in cells.
    """
    import torch

    present = np.zeros((images, cells, cells), np.float32)
    edges = np.zeros((images, cells, cells, 4), np.float32)
    low = np.arange(cells) / cells
    first = 0
    for scene in scenes:
        places = list(enumerate(scene.track)) or [(mark.image, mark.box) for mark in scene.marks]
        for image, box in places:
            x0, y0, x1, y1 = box
            wide = np.clip(np.minimum(low + 1 / cells, x1) - np.maximum(low, x0), 0, None)
            high = np.clip(np.minimum(low + 1 / cells, y1) - np.maximum(low, y0), 0, None)
            area = high[:, None] * wide[None]
            hit = (area * cells**2 > 0.3) | (area > 0.2 * (x1 - x0) * (y1 - y0))
            rows, cols = np.nonzero(hit)
            place = (first + image, rows, cols)
            present[place] = 1
            centre = np.stack([cols, rows, cols, rows], axis=1) + 0.5
            edges[place] = np.array(box) * cells - centre
        first += len(scene.track) or scene.count
    return torch.from_numpy(present), torch.from_numpy(edges)


DENSE_WEIGHTS = {
    "token_present": 1.0,
    "token_edges": 2.0,
    "patch_present": 1.0,
    "patch_edges": 1.0,
    "place": 0.1,
    "kind": 0.1,
}


def weighted(losses: dict[str, Any]) -> Any:
    """Add the dense losses up with their weights."""
    return sum(DENSE_WEIGHTS[name] * value for name, value in losses.items())
