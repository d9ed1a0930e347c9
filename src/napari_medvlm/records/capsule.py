"""The run capsule: everything that decides an answer, as plain JSON with a hash.

Two runs with the same capsule were asked the same thing of the same model in the same way; so
a run can be repeated later, and compared. Images are named by the hash of their pixels, scans by
the hash of their content: no patient, no file and no folder has its name in here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..dialogue import Question
from ..errors import RecordError
from .plain import Pixels, canonical, question_from_plain, question_to_plain, sha256

#: Raised when the meaning of a capsule's JSON changes.
CAPSULE_VERSION = 1


@dataclass(frozen=True)
class ModelRecord:
    """Which model was asked, and how it was loaded.

    Parameters
    ----------
    label
        What people call it.
    digest
        Hash of the checkpoint folder's content; "" where it is not known.
    profile
        Key of the profile that it is talked to by.
    device, dtype
        As chosen ("auto" stands for what the machine has) or as loaded.
    """

    label: str
    digest: str = ""
    profile: str = ""
    device: str = ""
    dtype: str = ""


@dataclass(frozen=True, eq=False)
class Capsule:
    """All that decides an answer; equal ones have equal digests.

    Parameters
    ----------
    question
        The question as plain values, as `plain.question_to_plain` makes them.
    model
        Which model was asked.
    prompt
        The question's turn as the model got it; "" where it is not known.
    versions
        Library to version: "napari-medvlm", "torch", "transformers".
    """

    question: Mapping[str, Any]
    model: ModelRecord
    prompt: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        question: Question,
        model: ModelRecord,
        *,
        prompt: str = "",
        versions: Mapping[str, str] | None = None,
    ) -> Capsule:
        """The capsule of a question that is about to be asked."""
        return cls(question_to_plain(question), model, prompt, dict(versions or {}))

    @cached_property
    def json(self) -> str:
        """Canonical JSON: the same capsule has the same text.

        Raises
        ------
        RecordError
            If a number in it is not finite.
        """
        try:
            return canonical(
                {
                    "capsule": CAPSULE_VERSION,
                    "question": self.question,
                    "model": asdict(self.model),
                    "prompt": self.prompt,
                    "versions": dict(self.versions),
                }
            )
        except ValueError as error:
            raise RecordError(f"The question holds a number that is not finite: {error}") from error

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return sha256(self.json)

    def __eq__(self, other: object) -> bool:
        return self.json == other.json if isinstance(other, Capsule) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.json)

    @property
    def frame_digests(self) -> tuple[str, ...]:
        """Content hashes of all frames, those of the history first, each once."""
        frames = [f for turn in self.question["history"] for f in turn["frames"]]
        seen = dict.fromkeys(f["digest"] for f in [*frames, *self.question["frames"]])
        return tuple(seen)

    @property
    def study(self) -> str:
        """Content hash of the scan or clip that the first frame was taken from; "" without one."""
        frames = self.question["frames"]
        return str(frames[0]["source"]) if frames else ""

    @property
    def studies(self) -> tuple[str, ...]:
        """Content hashes of all scans and clips whose frames were sent, each once."""
        sources = (str(frame["source"]) for frame in self.question["frames"])
        return tuple(source for source in dict.fromkeys(sources) if source)

    def without_pixels(self) -> Question:
        """The question with black frames of the right sizes: for lists, which show no image.

        Raises
        ------
        RecordError
            If it holds no question.
        """
        plain = [f for turn in self.question["history"] for f in turn["frames"]]
        sizes = {f["digest"]: f["size"] for f in [*plain, *self.question["frames"]]}
        black = {
            digest: np.broadcast_to(np.zeros(1, np.uint8), (int(high), int(wide), 3))
            for digest, (wide, high) in sizes.items()
        }
        question = self.ask_again(black)
        turns = zip(question.history, self.question["history"], strict=True)
        pairs = [(question.frames, self.question["frames"])]
        pairs += [(turn.frames, told["frames"]) for turn, told in turns]
        for frames, facts in pairs:
            for frame, fact in zip(frames, facts, strict=True):
                frame.__dict__["digest"] = fact["digest"]  # kept, of the true pixels
        return question

    def ask_again(self, pixels: Pixels) -> Question:
        """The question, from its kept frames.

        Parameters
        ----------
        pixels
            uint8 (rows, columns, 3) by content hash.

        Raises
        ------
        RecordError
            If the pixels of a frame are missing.
        """
        try:
            return question_from_plain(self.question, pixels)
        except KeyError as error:
            raise RecordError(f"An image of this question is missing: {error}.") from error


def read_capsule(text: str) -> Capsule:
    """Read a capsule's JSON.

    Raises
    ------
    RecordError
        If it is none, or was written by a newer version.
    """
    try:
        plain = json.loads(text)
        version = plain["capsule"]
        if version == CAPSULE_VERSION:
            model = ModelRecord(**plain["model"])
            found = Capsule(plain["question"], model, plain["prompt"], plain["versions"])
            # What names its frames has the form; `ask_again` reads the rest.
            found.frame_digests, found.study  # noqa: B018
            return found
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordError(f"This is no run capsule: {error}.") from error
    raise RecordError(
        f"Run capsules of version {CAPSULE_VERSION} are read here; this one says {version!r}.",
        "Read it with the napari-medvlm that wrote it, or a newer one.",
    )
