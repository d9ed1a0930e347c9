from __future__ import annotations

from collections.abc import Iterator

import pytest

from .samples import samples
from .victim import Victim


@pytest.fixture(scope="package")
def victim() -> Iterator[Victim]:
    """One process for all files that do not end it."""
    one = Victim()
    yield one
    one.close()


class Sound(dict[str, bytes]):
    """Bytes of a sound file of each format, by name."""

    def __repr__(self) -> str:
        # Reports of a failure show a test's arguments; these are a megabyte.
        return f"Sound({len(self)} samples)"


@pytest.fixture(scope="package")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    """The samples, made once."""
    return Sound(samples(tmp_path_factory.mktemp("samples")))
