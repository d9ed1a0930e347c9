"""``medvlm …``: the same capabilities without a screen.

Each command is one module with ``add_arguments`` and ``run``; it is imported when it is
asked for, so that ``medvlm read`` never waits for torch.
"""

from __future__ import annotations

from .main import main

__all__ = ["main"]
