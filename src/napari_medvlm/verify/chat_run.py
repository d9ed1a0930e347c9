"""A recorded chat run through a model: every quantity, computed once when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dialogue import Generation, Question, Turn
from ..dialogue.question import Mode
from ..imaging import Frame, Selection, Volume, even, per_second, read, segments, take
from ..imaging.arrays import plain_voxels, scale_affine
from .files import RecordError, read_arrays

PLACE = "<image>"


class ChatRun:
    """One case and one model.

    Parameters
    ----------
    folder
        Of the case; its name names the rows.
    case
        ``case.json``.
    model
        A loaded model of the family ``internvl``.
    answer
        Recorded tokens, before each of which the logits are compared.
    """

    def __init__(
        self, folder: Path, case: Mapping[str, Any], model: Any, answer: Sequence[int] | None
    ) -> None:
        self.name = folder.name
        self.model = model
        self._folder = folder
        self.case = case
        self._answer = answer

    @cached_property
    def prompt(self) -> Any:
        """The prompt of what the authors' chat was given."""
        history = self.case.get("history")
        return self.model.encode_chat(
            str(self.case["full_question"]),
            self._images,
            history=None if history is None else [(str(q), str(a)) for q, a in history],
            tiles=self._tiles,
        )

    @property
    def pictures(self) -> Sequence[Any]:
        """Pictures of the prompt, in 8 bit."""
        found: Sequence[Any] = self.prompt.extra["pictures"]
        return found

    @property
    def pixels(self) -> npt.NDArray[np.float32]:
        """What the vision tower gets.

        Raises
        ------
        RecordError
            If the case has no images.
        """
        if self.prompt.pixels is None:
            raise RecordError("Expected images in this case, found none.")
        pixels: npt.NDArray[np.float32] = self.prompt.pixels
        return pixels

    @cached_property
    def features(self) -> npt.NDArray[np.float32]:
        """Vision features (tiles, tokens, hidden)."""
        features: npt.NDArray[np.float32] = self.model.features(self.prompt)
        return features.reshape(len(self.pixels), -1, features.shape[-1])

    @cached_property
    def ids(self) -> list[int]:
        """New tokens of the decode loop, greedy."""
        settings = Generation(max_new_tokens=int(self.case["max_new_tokens"]))
        return [int(i) for i in self.model.generate_ids(self.prompt, settings)]

    @cached_property
    def step_logits(self) -> npt.NDArray[np.float32]:
        """Logits before each recorded token."""
        answer = self.ids if self._answer is None else [int(i) for i in self._answer]
        logits: npt.NDArray[np.float32] = self.model.step_logits(self.prompt, answer)
        return logits

    @property
    def composed(self) -> str:
        """The question as this software writes it.

        A reasoning prompt that is not the model's own stands as part of the words.
        """
        words, first = str(self.case["question"]), self.case.get("reasoning_prompt")
        if first is None or PLACE in words:
            return words
        count = len(self._images)
        places = f"{PLACE}\n" * count
        if self.model.profile.reasoning.startswith(first):
            blank = Frame.from_pixels(np.zeros((2, 2), dtype=np.uint8))
            asked: str = self.model.user_text(Question(words, frames=(blank,) * count))
            return asked
        return f"{first}\n{places}{words}"

    @cached_property
    def indices(self) -> tuple[int, ...]:
        """Slices or frames that are taken."""
        if "volume" in self.case["inputs"]:
            return even(len(self._arrays("volume")["volume"]), 11)
        count, fps = self.clip
        if "video_duration_s" in self.case:
            return per_second(count, fps)
        first, last = self.case["bound_s"]
        return segments(count, int(self.case["num_segments"]), fps, (float(first), float(last)))

    @cached_property
    def clip(self) -> tuple[int, float]:
        """Frames of the video, and how many a second."""
        stored = self._arrays("frames")
        return len(stored["frames"]), float(stored["fps"])

    @property
    def frames_prompt(self) -> Any | None:
        """The same question asked through frames; None for an image with transparency.

        Such an image is shown on white here, and its colours are taken as they are there.
        """
        frames = self._frames
        if frames is None:
            return None
        turns, words = [], str(self.case["full_question"])
        for question, answer in self.case.get("history") or []:
            count = question.count(PLACE)
            turns.append(Turn(question, answer, frames=frames[:count], tiles=self._tiles))
            frames = frames[count:]
        head, text = _head_and_words(words, len(frames))
        mode: Mode = "reasoning" if frames else "instruct"
        own = self.model.writer
        # What a case says before its pictures stands where this software has its own prompt.
        writer = replace(own, profile=replace(own.profile, reasoning=f"{head}{{text}}"))
        return self.model.encode(
            Question(text, frames, history=tuple(turns), tiles=self._tiles, mode=mode), writer
        )

    @property
    def _tiles(self) -> bool:
        return str(self.case["kind"]).endswith("_tiled")

    @cached_property
    def _images(self) -> list[Any]:
        """Images as the authors' script hands them over: Pillow's own, or 8-bit arrays."""
        from PIL import Image

        found = []
        for path in self._paths:
            with Image.open(path) as image:
                image.load()
                found.append(image)
        if found or not self.case["inputs"]:
            return found
        return [frame.pixels for frame in self._frames or ()]

    @cached_property
    def _frames(self) -> tuple[Frame, ...] | None:
        kinds = set(self.case["inputs"])
        if not kinds:
            return ()
        if kinds == {"volume"}:
            voxels, _ = plain_voxels(self._arrays("volume")["volume"])
            volume = Volume(voxels, scale_affine(1, 1, 1), oriented=False, unit="pixel")
            chosen = Selection(self.indices, "acquired", scaling="slice_extremes")
            return take(volume, chosen)
        if kinds == {"frames"}:
            stored = self._arrays("frames")["frames"]
            return tuple(Frame.from_pixels(stored[i]) for i in self.indices)
        if any(image.mode in ("LA", "PA", "RGBA") for image in self._images):
            return None
        pictures = [read(path)[0] for path in self._paths]
        return tuple(take(p, Selection((0,), "acquired"))[0] for p in pictures)

    @property
    def _paths(self) -> list[Path]:
        inputs = self.case["inputs"]
        strange = sorted(set(inputs) - {"image", "images", "volume", "frames"})
        if strange:
            raise RecordError(f"Inputs of this kind are not known: {', '.join(strange)}.")
        names = [inputs["image"]] if "image" in inputs else inputs.get("images", [])
        return [self._folder / str(name) for name in names]

    def _arrays(self, kind: str) -> dict[str, npt.NDArray[Any]]:
        return read_arrays(self._folder / str(self.case["inputs"][kind]))


def _head_and_words(words: str, pictures: int) -> tuple[str, str]:
    """What stands before a question's pictures, and what stands behind them."""
    head, found, _ = words.partition(PLACE)
    if not found:
        return "", words
    return head, words[len(head) :].removeprefix(f"{PLACE}\n" * pictures)
