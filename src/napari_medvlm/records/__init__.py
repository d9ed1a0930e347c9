"""What is kept: run capsule, journal, exports."""

from __future__ import annotations

from .capsule import Capsule, ModelRecord, read_capsule

__all__ = ["Capsule", "ModelRecord", "read_capsule"]
