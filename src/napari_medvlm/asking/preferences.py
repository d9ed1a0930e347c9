"""What a user may prefer, as plain values; the manifest's settings page has the same fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .model.offers import TOY, ModelOffer

#: "auto" takes what the machine has.
DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16", "int8", "int4")


def _of(page: str, default: Any) -> Any:
    return field(default=default, metadata={"page": page})


@dataclass(frozen=True)
class Preferences:
    """The settings of the plugin; each field is one of the manifest's, on the page it names.

    Parameters
    ----------
    fold_reasoning
        Whether the reasoning folds when the answer begins.
    many_frames
        More images than this in one question bring a warning.
    understood
        Whether the notice of the first use has been read.
    keep
        Whether questions and answers are written to the journal.
    beside
        Whether the journal of a study lies in its own folder, ``.medvlm``.
    megabytes
        Size of the journal, in 10⁶ bytes; beyond it the oldest questions go.
    idle_minutes
        After so many minutes without a question the model is unloaded; 0 never does.
    device, dtype
        Where and in what precision models run that were not told otherwise.
    """

    fold_reasoning: bool = _of("panel", True)
    many_frames: int = _of("panel", 64)
    understood: bool = _of("panel", False)
    keep: bool = _of("journal", True)
    beside: bool = _of("journal", False)
    megabytes: int = _of("journal", 1000)
    idle_minutes: int = _of("model", 30)
    device: str = _of("model", "auto")
    dtype: str = _of("model", "auto")

    @classmethod
    def read(cls, get: Callable[[str, str], object]) -> Preferences:
        """Take what is there; what is missing or of another type has its default.

        Parameters
        ----------
        get
            Gives the value at (page, key), or raises AttributeError or KeyError.
        """
        found: dict[str, Any] = {}
        for one in fields(cls):
            try:
                value = get(page_of(one.name), one.name)
            except (AttributeError, KeyError):
                continue
            if type(value) is type(one.default):  # exactly: a bool is an int to isinstance
                found[one.name] = value
        return cls(**found)

    def of_model(self, offer: ModelOffer) -> ModelOffer:
        """A model as it is preferred to run, where nothing was chosen for it.

        The toy stays on the CPU, where its figures were measured.
        """
        choice = offer.choice
        if choice.profile == TOY:
            return offer
        return replace(
            offer,
            choice=replace(
                choice,
                device=self.device if choice.device == "auto" else choice.device,
                dtype=self.dtype if choice.dtype == "auto" else choice.dtype,
            ),
        )

    def frames_warning(self, count: int) -> str:
        """A line about so many images in one question; "" where they are not too many."""
        if count <= self.many_frames:
            return ""
        return f"! {count} images are more than the {self.many_frames} that you set as many"


def page_of(key: str) -> str:
    """The page of the manifest's settings that holds a field.

    Raises
    ------
    KeyError
        For no field of `Preferences`.
    """
    return str({one.name: one.metadata["page"] for one in fields(Preferences)}[key])
