"""On what a model can be loaded, in which precision, and why not; and the word about the CPU."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine import EngineState, ModelChoice
from ...engine.machine import Machine
from ...extras import install_hint
from .engine_words import device_words, size_in_bytes
from .offers import TOY
from .remembered import Wish

#: Gets torch built for the GPU's driver, on Linux and Windows.
CUDA_HINT = (
    "pip install uv, then: uv pip install torch --reinstall-package torch --torch-backend=auto"
)
_NO_TORCH = f"torch is not installed. {install_hint('torch')}"


@dataclass(frozen=True)
class Option:
    """One thing that can be chosen.

    Parameters
    ----------
    value
        As the engine takes it.
    words
        For people.
    reason
        Why it cannot be chosen here, with what to do; empty where it can.
    """

    value: str
    words: str
    reason: str = ""


def device_options(machine: Machine, default: Wish | None = None) -> tuple[Option, ...]:
    """The devices of a machine; those that cannot be used say why.

    Parameters
    ----------
    machine
        What there is.
    default
        What the settings say where nothing is chosen for a model.
    """
    auto = machine.resolved("auto" if default is None else default.device)
    options = [Option("auto", f"auto ({device_words(auto)})")]
    options.append(Option("cpu", f"CPU, {size_in_bytes(machine.cpu.total)}"))
    blind = _why_no_gpu(machine)
    for gpu in machine.gpus:
        words = f"{device_words(gpu.device)}, {gpu.name}, {size_in_bytes(gpu.total)}"
        options.append(Option(gpu.device, words, blind))
    if len(machine.gpus) > 1:
        options.append(Option("spread", f"all {len(machine.gpus)} GPUs together", blind))
    if machine.apple:
        options.append(Option("mps", "Apple GPU"))
    return tuple(options)


def precision_options(
    machine: Machine, device: str, default: Wish | None = None
) -> tuple[Option, ...]:
    """The precisions on a device; those that cannot be used say why.

    Parameters
    ----------
    machine, device
        What there is, and what is chosen.
    default
        What the settings say where nothing is chosen for a model.
    """
    wish = Wish(device).filled_from(Wish() if default is None else default)
    place = machine.resolved(wish.device)
    auto = "float32" if place == "cpu" else "bfloat16"
    if wish.dtype != "auto":
        auto = wish.dtype
    lacking = "" if machine.quantizes else f"It needs torchao. {install_hint('torchao')}"
    on_gpu = place.startswith("cuda") or place == "spread"
    no_gpu = "" if on_gpu else "It runs on NVIDIA GPUs alone; int8 runs anywhere."
    return (
        Option("auto", f"auto ({auto})"),
        Option("float32", "float32"),
        Option("bfloat16", "bfloat16"),
        Option("int8", "int8 weights", lacking),
        Option("int4", "int4 weights", lacking or no_gpu),
    )


@dataclass(frozen=True)
class Warned:
    """A warning: in one short line, and in full, with what to do."""

    gist: str
    full: str


def cpu_warning(
    choice: ModelChoice | None, machine: Machine | None, state: EngineState
) -> Warned | None:
    """Say that a model cannot run, or runs on the CPU, why, and what to do.

    Parameters
    ----------
    choice
        The chosen model. The toy, which is meant for the CPU, is not warned of.
    machine
        None while it is not known.
    state
        Of the engine: where a loaded model is in truth.

    Returns
    -------
    warned
        None where there is nothing to warn of.
    """
    if machine is None or choice is None:
        return None
    if machine.torch is None:
        gist = "torch is not installed: no model can run"
        return Warned(gist, f"Models cannot run here: {_NO_TORCH}")
    if choice.profile == TOY:
        return None
    loaded = state.choice == choice and state.status in ("ready", "answering")
    place = state.device if loaded and state.device else machine.resolved(choice.device)
    if place != "cpu":
        return None
    gist, why = _why_cpu(choice, machine)
    return Warned(f"on the CPU, slow: {gist}", f"{choice.name} runs on the CPU, slowly: {why}")


def _why_cpu(choice: ModelChoice, machine: Machine) -> tuple[str, str]:
    blind = _why_no_gpu(machine)
    if blind:
        gist = "torch built without CUDA" if machine.gpus else "no NVIDIA GPU found"
        return gist, blind
    best = "Apple GPU" if machine.apple else ""
    if machine.gpus:
        best = f"{device_words(machine.gpus[0].device)} ({machine.gpus[0].name})"
    if choice.device == "cpu" or machine.apple:
        why = "chosen so" if choice.device == "cpu" else "as auto takes it"
        return why, f"{why}, though the {best} is there. Choose it as the device under models…"
    return "torch could not use the GPU", (
        f"torch could not use the {best}, though it was built for it. Its driver may be too old: "
        "update it, then load the model again."
    )


def _why_no_gpu(machine: Machine) -> str:
    """Why torch can use no GPU; empty where it can use one."""
    if machine.uses_gpus or machine.apple:
        return ""
    if not machine.gpus:
        return "no NVIDIA GPU was found (its driver's nvidia-smi lists none)."
    if machine.torch is None:
        return _NO_TORCH
    return (
        f"torch {machine.torch.version} was built without CUDA. To get one that can use the GPU: "
        f"{CUDA_HINT}"
    )
