"""Synthetic patients whose truth is known: every picture is a pure function of its seed."""

from __future__ import annotations

from napari_medvlm.demo.phantoms.brain import brain_mr
from napari_medvlm.demo.phantoms.chest import chest_ct
from napari_medvlm.demo.phantoms.phantom import Lesion, Phantom

__all__ = ["Lesion", "Phantom", "brain_mr", "chest_ct"]
