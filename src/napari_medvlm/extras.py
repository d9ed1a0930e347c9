"""Optional libraries, imported in this one place so that the error names the extra.

The base install reads and shows scans; running a model needs the extra ``[local]``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

from .errors import MissingExtraError

#: library -> the extra of this project that installs it
EXTRAS: dict[str, str] = {
    "torch": "local",
    "transformers": "local",
    "tokenizers": "local",
    "safetensors": "local",
    "accelerate": "local",
    "huggingface_hub": "local",
    "httpx2": "local",
    "filelock": "local",
    "torchao": "quantized",
}


def require(name: str, purpose: str) -> ModuleType:
    """Import an optional library or say which extra brings it.

    Parameters
    ----------
    name
        Dotted module name, for example ``"torch"`` or ``"safetensors.torch"``.
    purpose
        What it is needed for, as in "to run a model".

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        If the library is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        top = name.partition(".")[0]
        raise MissingExtraError(
            f"{top} is needed {purpose}, and could not be imported ({error}).", install_hint(top)
        ) from error


def is_there(name: str) -> bool:
    """Whether a library is installed, without importing it.

    Parameters
    ----------
    name
        Of a top-level module.
    """
    if name in sys.modules:
        return sys.modules[name] is not None
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def install_hint(name: str) -> str:
    """The sentence that tells how to install a library."""
    extra = EXTRAS.get(name)
    what = f"napari-medvlm[{extra}]" if extra else name
    return f'Install it with: pip install "{what}"'
