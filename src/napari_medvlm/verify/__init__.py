"""Check this software against recorded values of the models' own reference pipelines."""

from __future__ import annotations

from .folder import verify_folder
from .report import Report, Row

__all__ = ["Report", "Row", "verify_folder"]
