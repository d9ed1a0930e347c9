"""Ask a medical vision-language model about the scan on the screen, inside napari.

Importing this package loads neither torch nor transformers nor Qt; the rooms below it
(`imaging`, `dialogue`, `models`, `engine`, `records`, `widgets`, `demo`) are imported
on first use.
"""

from __future__ import annotations

__version__ = "0.1.0"
