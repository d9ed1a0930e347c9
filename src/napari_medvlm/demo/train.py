"""Train the toy model from scratch on phantoms.

``python -m napari_medvlm.demo.train --minutes 88 --out FOLDER`` renders phantoms where the store
lacks them, trains, and leaves a complete checkpoint folder. ``--resume`` goes on from the last
saved state. Two CPU threads are enough; ``--device cuda`` takes a GPU. Nothing needs a network.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import architecture as arch
from . import batches, checkpoints, losses, packing
from .store import Store, fill

DEFAULT_SHARDS = {"ct": 160, "mr": 110, "xr": 19, "us": 16}


@dataclass
class Plan:
    """What a training run is.

    Attributes
    ----------
    minutes
        Length of the schedule on the clock, pauses between runs not counted; with ``steps`` the
        schedule counts steps instead, and the run can be repeated bit by bit.
    steps
        Length of the schedule in optimizer steps, 0 to go by the clock.
    warm_up
        Steps that train the vision tower alone.
    dense
        Weight of the dense heads.
    """

    minutes: float = 88.0
    steps: int = 0
    warm_up: int = 200
    seed: int = 1
    rate: float = 1.2e-3
    decay: float = 0.05
    dense: float = 1.0
    save_every: float = 240.0
    report_every: float = 480.0
    report_cases: int = 60


class Run:
    """One training run: model, heads, optimizer, progress."""

    def __init__(self, plan: Plan, folder: Path, *, resume: bool, device: str = "cpu") -> None:
        import torch

        self.plan, self.folder = plan, folder
        if not resume:
            arch.write_folder(folder)
        self.encoder = batches.Encoder(folder)
        self.device = torch.device(device)
        # Drawn on the CPU, so that a seed means the same weights on every device.
        self.model = arch.new_model(folder, plan.seed).to(self.device)
        self.heads = losses.dense_heads(arch.VISION["hidden_size"], self.width).to(self.device)  # type: ignore[arg-type]
        self.optimizer = torch.optim.AdamW(self._groups(), lr=plan.rate, betas=(0.9, 0.98))
        self.numbers = torch.tensor(self.encoder.numbers, device=self.device)
        self.workers = ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,))
        self.progress: dict[str, Any] = {"step": 0, "seconds": 0.0, "curve": []}
        if resume:
            self.progress = checkpoints.load_state(folder, self.model, self.heads, self.optimizer)

    @property
    def width(self) -> int:
        """Width of the text model."""
        width: int = self.model.get_input_embeddings().weight.shape[1]
        return width

    def _groups(self) -> list[dict[str, Any]]:
        """Decay matrices, not gains and biases; move the folded patch embedding more slowly."""
        grouped: dict[tuple[float, float], list[Any]] = {}
        for module in (self.model, self.heads):
            for name, weight in module.named_parameters():
                decay = self.plan.decay if weight.ndim > 1 and "embed" not in name else 0.0
                share = 0.2 if "patch_embed" in name else 1.0
                grouped.setdefault((decay, share), []).append(weight)
        return [
            {"params": params, "weight_decay": decay, "share": share}
            for (decay, share), params in grouped.items()
        ]

    def done(self) -> float:
        """Return the share of the schedule that is behind, 0..1."""
        plan = self.plan
        if plan.steps:
            return float(self.progress["step"]) / plan.steps
        return float(self.progress["seconds"]) / (60 * plan.minutes)

    def rate(self) -> float:
        """Return the learning rate: 100 steps up, then half a cosine down."""
        rise = min(1.0, (float(self.progress["step"]) + 1) / 100)
        return self.plan.rate * rise * max(0.01, 0.5 + 0.5 * math.cos(math.pi * self.done()))

    def step(self, halves: tuple[list[batches.Group], list[batches.Group]]) -> dict[str, float]:
        """Take one optimizer step; returns the mean losses by name.

        The halves are worked on side by side, a thread each with one core: on matrices as small
        as these, two cores on one operation mostly wait for each other.
        """
        import torch

        for group in self.optimizer.param_groups:
            group["lr"] = self.rate() * group["share"]
        # Moved here and not where they are drawn: that thread knows no device.
        halves = tuple([group.to(self.device) for group in half] for half in halves)  # type: ignore[assignment]
        packs = [group.pack for half in halves for group in half if group.pack is not None]
        answers = sum(len(pack.predict) for pack in packs)
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        done = list(self.workers.map(lambda half: self._share(half, answers, parameters), halves))
        for parameter, *parts in zip(parameters, *(grads for grads, _ in done), strict=True):
            known = [part for part in parts if part is not None]
            parameter.grad = sum(known[1:], known[0]) if known else None
        told = {name: sum(figures.get(name, 0.0) for _, figures in done) for name in done[0][1]}
        told["norm"] = float(torch.nn.utils.clip_grad_norm_(parameters, 1.0))
        self.optimizer.step()
        self.progress["step"] += 1
        return told

    def _share(
        self, groups: list[batches.Group], answers: int, parameters: list[Any]
    ) -> tuple[tuple[Any, ...], dict[str, float]]:
        """Return the gradients and losses of some of a step's groups."""
        import torch

        merged, patches = self._features(groups)
        scenes = [scene for group in groups for scene in group.scenes]
        dense = losses.dense_loss(self.heads, merged, patches, scenes)
        told = {name: float(value.detach()) / 2 for name, value in dense.items()}
        if not answers:
            loss = losses.weighted(dense) / 2
        else:
            answer, figures = self._answers(groups, merged, answers)
            loss = answer + self.plan.dense * losses.weighted(dense) / 2
            told |= figures
        return torch.autograd.grad(loss, parameters, allow_unused=True), told

    def _features(self, groups: list[batches.Group]) -> tuple[Any, Any]:
        """Encode all images: those with one frame a patch at once, clips by themselves."""
        import torch

        visual, clips = self.model.model.visual, groups[-1].scenes[0].is_clip
        still = groups[:-1] if clips else groups
        out = []
        if still:
            frames = torch.cat([group.frames for group in still])
            out.append(packing.image_features(visual, frames))
        if clips:
            out.append(packing.image_features(visual, groups[-1].frames))
        return torch.cat([pair[0] for pair in out]), torch.cat([pair[1] for pair in out])

    def _answers(
        self, groups: list[batches.Group], merged: Any, answers: int
    ) -> tuple[Any, dict[str, float]]:
        loss, soft, first = 0.0, 0.0, 0
        table = self.model.get_input_embeddings().weight
        for group in groups:
            features = merged[first : first + len(group.frames)]
            first += len(group.frames)
            assert group.pack is not None
            hidden = packing.hidden_states(self.model, group.pack, features)
            part, measured = losses.answer_loss(hidden, table, group.pack, self.numbers)
            loss, soft = loss + part / answers, soft + float(measured.detach()) / answers
        return loss, {"answer": float(loss.detach()), "numbers": soft}  # type: ignore[attr-defined]

    def save(self) -> None:
        """Write the weights and everything that is needed to go on."""
        checkpoints.save_weights(self.model, self.folder)
        checkpoints.save_state(self.folder, self.model, self.heads, self.optimizer, self.progress)


def train(run: Run, store: Store, *, until: int | None = None) -> None:
    """Train until the schedule ends, or until a number of steps.

    Parameters
    ----------
    run
        What to train; its progress is kept up to date.
    store
        Rendered studies.
    until
        Stop after this step all the same (a pause: save and resume later).
    """
    plan = run.plan
    last_save = last_report = last_line = time.monotonic()
    means: dict[str, float] = {}
    source = batches.stream(store, run.encoder, plan.seed, run.progress["step"], plan.warm_up)
    for halves in source:
        began = time.monotonic()
        for name, value in run.step(halves).items():
            means[name] = 0.95 * means.get(name, value) + 0.05 * value
        now = time.monotonic()
        run.progress["seconds"] += now - began
        if now - last_line > 15:
            _line(run, means)
            last_line = now
        ended = run.done() >= 1 or run.progress["step"] == until
        if plan.report_cases and (now - last_report > plan.report_every or ended):
            _report(run, means)
            last_report = time.monotonic()
        if now - last_save > plan.save_every or ended:
            run.save()
            last_save = time.monotonic()
        if ended:
            break
    source.close()  # type: ignore[attr-defined]


def _line(run: Run, means: dict[str, float]) -> None:
    figures = " ".join(f"{name} {value:.3f}" for name, value in means.items())
    done = f"step {run.progress['step']} {100 * run.done():.1f}% rate {run.rate():.2e}"
    print(f"{done} {figures}", flush=True)


def _report(run: Run, means: dict[str, float]) -> None:
    """Measure on held-out phantoms and keep the figures for the model card."""
    from .watch import measure

    figures = measure(run.model, run.encoder, run.plan.report_cases)
    entry = {
        "step": run.progress["step"],
        "minutes": round(run.progress["seconds"] / 60, 1),
        **{key: round(value, 3) for key, value in (means | figures).items()},
    }
    run.progress["curve"].append(entry)
    print("HELD OUT", json.dumps(entry), flush=True)


def main(argv: list[str] | None = None) -> None:
    """Train from the command line."""
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--store", type=Path, help="folder of rendered phantoms (OUT/store)")
    parser.add_argument("--minutes", type=float, default=Plan.minutes)
    parser.add_argument("--steps", type=int, default=0, help="count steps instead of minutes")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="where to train: cpu, cuda, mps")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--no-render", action="store_true", help="take the store as it is")
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    folder = args.store or args.out / "store"
    if not args.no_render:
        fill(folder, DEFAULT_SHARDS, workers=args.threads)
    plan = Plan(minutes=args.minutes, steps=args.steps, seed=args.seed, rate=args.rate)
    run = Run(plan, args.out, resume=args.resume, device=args.device)
    weights = sum(p.numel() for p in run.model.parameters())
    print(f"{weights} parameters; plan {json.dumps(asdict(plan))}", flush=True)
    train(run, Store(folder))


if __name__ == "__main__":
    main()
