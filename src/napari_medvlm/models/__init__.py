"""A Question in, tokens and a Reply out: one module or folder for each family.

Importing this room loads neither torch nor transformers; :func:`open_model` does.
"""

from __future__ import annotations

from .base import Model, Prompt
from .catalog import CATALOG, PROFILES, CatalogEntry, find, profile_of
from .contracts import Chip, InputContract
from .loading import import_libraries, open_model
from .profiles import Profile, Task
from .store import Located, locate
from .wording import sent_text, taken_out_words

__all__ = [
    "CATALOG",
    "PROFILES",
    "CatalogEntry",
    "Chip",
    "InputContract",
    "Located",
    "Model",
    "Profile",
    "Prompt",
    "Task",
    "find",
    "import_libraries",
    "locate",
    "open_model",
    "profile_of",
    "sent_text",
    "taken_out_words",
]
