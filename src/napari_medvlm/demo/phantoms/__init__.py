"""Synthetic patients whose truth is known: every picture is a pure function of its seed."""

from __future__ import annotations

from napari_medvlm.demo.phantoms.brain import brain_mr
from napari_medvlm.demo.phantoms.chest import chest_ct
from napari_medvlm.demo.phantoms.phantom import Lesion, Phantom
from napari_medvlm.demo.phantoms.radiograph import chest_radiograph
from napari_medvlm.demo.phantoms.ultrasound import ClipPhantom, ultrasound_clip

__all__ = [
    "ClipPhantom",
    "Lesion",
    "Phantom",
    "brain_mr",
    "chest_ct",
    "chest_radiograph",
    "ultrasound_clip",
]
