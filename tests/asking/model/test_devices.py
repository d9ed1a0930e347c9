"""On what a model can be loaded, and the word about the CPU."""

from __future__ import annotations

import pytest

from napari_medvlm.asking.model.devices import cpu_warning, device_options, precision_options
from napari_medvlm.asking.model.remembered import Wish
from napari_medvlm.engine import EngineState, ModelChoice
from napari_medvlm.engine.hardware import DeviceMemory
from napari_medvlm.engine.machine import Machine, TorchBuild

CPU = DeviceMemory("cpu", "CPU", 16 * 10**9, 12 * 10**9)
GPUS = (
    DeviceMemory("cuda:0", "RTX 4090", 24 * 10**9, 20 * 10**9),
    DeviceMemory("cuda:1", "RTX A2000", 12 * 10**9, 11 * 10**9),
)
FOR_CPU, FOR_CUDA = TorchBuild("2.13.0+cpu"), TorchBuild("2.13.0", cuda="12.8")
MODEL = ModelChoice("somewhere", "CheXOne", "auto", "auto", profile="chexone")
NONE = EngineState()

PLAIN = Machine(CPU, torch=FOR_CPU)
STRONG = Machine(CPU, GPUS, FOR_CUDA, quantizes=True)
BLIND = Machine(CPU, GPUS, FOR_CPU, quantizes=True)


def _reasons(options: tuple[object, ...]) -> dict[str, str]:
    return {option.value: option.reason for option in options}  # type: ignore[attr-defined]


def test_every_device_is_offered_and_the_blind_ones_say_why() -> None:
    assert _reasons(device_options(STRONG)) == {
        "auto": "",
        "cpu": "",
        "cuda:0": "",
        "cuda:1": "",
        "spread": "",
    }
    assert device_options(STRONG)[0].words == "auto (GPU 0)"
    assert device_options(PLAIN)[0].words == "auto (CPU)"
    reasons = _reasons(device_options(BLIND))
    assert "built without CUDA" in reasons["cuda:0"]
    assert "--torch-backend=auto" in reasons["spread"]
    assert reasons["cpu"] == ""


def test_precisions_say_what_they_lack() -> None:
    assert _reasons(precision_options(STRONG, "auto")) == dict.fromkeys(
        ("auto", "float32", "bfloat16", "int8", "int4"), ""
    )
    on_cpu = _reasons(precision_options(STRONG, "cpu"))
    assert on_cpu["int8"] == ""
    assert "NVIDIA" in on_cpu["int4"]
    assert (
        'pip install "napari-medvlm[quantized]"'
        in _reasons(precision_options(PLAIN, "cpu"))["int8"]
    )
    assert precision_options(STRONG, "auto")[0].words == "auto (bfloat16)"
    assert precision_options(STRONG, "cpu")[0].words == "auto (float32)"


@pytest.mark.parametrize(
    ("machine", "device", "words"),
    [
        (PLAIN, "auto", "no NVIDIA GPU was found"),
        (BLIND, "auto", "torch 2.13.0+cpu was built without CUDA"),
        (STRONG, "cpu", "chosen so, though the GPU 0 (RTX 4090) is there. Choose it"),
        (Machine(CPU, torch=FOR_CPU, apple=True), "auto", "though the Apple GPU is there"),
        (Machine(CPU), "auto", 'pip install "napari-medvlm[local]"'),
    ],
)
def test_the_cpu_is_told_with_why_and_what_to_do(machine: Machine, device: str, words: str) -> None:
    choice = ModelChoice("somewhere", "CheXOne", device, "auto", profile="chexone")
    warned = cpu_warning(choice, machine, NONE)
    assert warned is not None
    assert words in warned.full
    assert len(warned.gist) <= 50


def test_nothing_is_said_on_a_gpu_of_the_toy_or_before_anything_is_known() -> None:
    assert cpu_warning(MODEL, STRONG, NONE) is None
    assert cpu_warning(MODEL, None, NONE) is None
    assert cpu_warning(None, PLAIN, NONE) is None
    toy = ModelChoice("demo", "demo (toy)", "cpu", "float32", profile="demo")
    assert cpu_warning(toy, PLAIN, NONE) is None
    lacking = cpu_warning(toy, Machine(CPU), NONE)
    assert lacking is not None
    assert "torch is not installed" in lacking.gist


def test_where_it_was_loaded_in_truth_counts() -> None:
    loaded = EngineState("ready", MODEL, "cpu", "float32", 1)
    warned = cpu_warning(MODEL, STRONG, loaded)
    assert warned is not None
    assert "could not use the GPU 0" in warned.full
    other = EngineState("ready", MODEL, "cuda:0", "bfloat16", 1)
    assert cpu_warning(MODEL, BLIND, other) is None


def test_auto_is_what_the_settings_say() -> None:
    settings = Wish("cpu", "bfloat16")
    assert device_options(STRONG, settings)[0].words == "auto (CPU)"
    assert precision_options(STRONG, "auto", settings)[0].words == "auto (bfloat16)"
    assert precision_options(STRONG, "cuda:0", Wish())[0].words == "auto (bfloat16)"
