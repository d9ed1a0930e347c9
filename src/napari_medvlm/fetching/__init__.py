"""Getting models: the only room that may use the network, and only when a person says so.

Nothing that loads or runs a model can import it (it stands above them all), and nothing here
runs by itself: ``medvlm models get`` and the buttons that stand for it are the only doors.
"""

from __future__ import annotations
