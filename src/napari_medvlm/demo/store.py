"""Rendered studies on disk: rendering a slice costs more than training on it once.

One shard is ``KIND_NUMBER.npy`` (values of :data:`SHARD` studies, padded to the same number of
slices) and ``KIND_NUMBER.json`` (the truth). Shards are written once, then only read, as memory
maps. Shard ``n`` of a kind holds the training seeds ``n * SHARD ... (n + 1) * SHARD - 1``.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from .questions import Mark
from .recipe import TRAIN_SEEDS, Study, render_study

SHARD = 64
SEED_BASE = {"ct": 0, "mr": 200_000, "xr": 400_000, "us": 600_000}


def write_shard(folder: Path, kind: str, number: int, size: int = SHARD) -> Path:
    """Render one shard of training studies, unless it is there already."""
    path = folder / f"{kind}_{number:05d}.json"
    if path.exists():
        return path
    first = SEED_BASE[kind] + number * size
    if not 0 <= first <= TRAIN_SEEDS - size:
        msg = f"Expected training seeds below {TRAIN_SEEDS}, got {first}."
        raise ValueError(msg)
    studies = [render_study(kind, seed) for seed in range(first, first + size)]
    most = max(len(study.values) for study in studies)
    values = np.zeros((size, most, *studies[0].values.shape[1:]), studies[0].values.dtype)
    for row, study in enumerate(studies):
        values[row, : len(study.values)] = study.values
    folder.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), values)
    truth = [
        {
            "window": study.window,
            "frames": len(study.values),
            "direction": study.direction,
            "track": study.track,
            "marks": [asdict(mark) for mark in study.marks],
        }
        for study in studies
    ]
    half = path.with_suffix(f".{os.getpid()}")
    half.write_text(json.dumps(truth), encoding="utf-8")
    half.rename(path)
    return path


class Store:
    """The shards of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shards: dict[str, list[tuple[Any, list[dict[str, Any]]]]] = {}
        self._known: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        """Open shards that were written since the last look."""
        for path in sorted(self.folder.glob("*_*.json")):
            if path.name in self._known:
                continue
            self._known.add(path.name)
            kind = path.name.split("_")[0]
            values = np.load(path.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
            truth = json.loads(path.read_text(encoding="utf-8"))
            self._shards.setdefault(kind, []).append((values, truth))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of study that are there."""
        return tuple(sorted(self._shards))

    def count(self, kind: str) -> int:
        """Return the number of studies of a kind."""
        return sum(len(truth) for _, truth in self._shards.get(kind, []))

    def draw(self, kind: str, rng: np.random.Generator) -> Study:
        """Draw one study of a kind."""
        shards = self._shards[kind]
        values, truths = shards[rng.integers(len(shards))]
        index = int(rng.integers(len(truths)))
        truth = truths[index]
        marks = tuple(
            Mark(m["image"], tuple(m["box"]), m["side"], m["lesion"], m["size_mm"])
            for m in truth["marks"]
        )
        return Study(
            kind,
            np.asarray(values[index, : truth["frames"]]),
            tuple(truth["window"]),
            marks,
            truth["direction"],
            tuple(tuple(box) for box in truth.get("track", ())),
        )


def fill(folder: Path, shards: dict[str, int], workers: int = 1) -> None:
    """Write every missing shard, the kinds in turn.

    Parameters
    ----------
    folder
        Where they go.
    shards
        Number of shards of each kind.
    workers
        Processes that render side by side.
    """
    jobs = [
        (kind, number)
        for number in range(max(shards.values()))
        for kind, count in shards.items()
        if number < count and not (folder / f"{kind}_{number:05d}.json").exists()
    ]
    if not jobs:
        return
    print(f"Rendering {len(jobs)} shards of {SHARD} phantoms into {folder}", flush=True)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(write_shard, folder, kind, number) for kind, number in jobs]
        for count, future in enumerate(as_completed(done), 1):
            future.result()
            if count % 10 == 0 or count == len(jobs):
                print(f"{count} of {len(jobs)} shards", flush=True)


def main(argv: list[str] | None = None) -> None:
    """Fill a store: ``python -m napari_medvlm.demo.store FOLDER ct=160 mr=110 xr=12 us=16``."""
    import argparse

    parser = argparse.ArgumentParser(description="Render training phantoms into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("shards", nargs="+", help=f"KIND=SHARDS, {SHARD} studies a shard")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(argv)
    shards = {kind: int(count) for kind, count in (item.split("=") for item in args.shards)}
    fill(args.folder, shards, args.workers)


if __name__ == "__main__":
    main()
