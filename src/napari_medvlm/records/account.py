"""A run in words: what an export tells of a kept question beside what was kept."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dialogue import Box, Question
from ..imaging import BoxXYXY, Frame
from .kept import Kept

_LETTERS = (("R", "L"), ("A", "P"), ("S", "I"))


@dataclass(frozen=True, eq=False)
class Account:
    """A kept question with its words for people, as plain values.

    Parameters
    ----------
    kept
        What was kept.
    asked
        The question as people read it, where its own text does not say it: that of a task.
    answer
        The answer as people read it: a list of boxes as a sentence. "" is the model's own text.
    choice
        The options that the answer chose, with their texts.
    remarks
        What to know before relying on the answer, a sentence each.
    """

    kept: Kept
    asked: str = ""
    answer: str = ""
    choice: str = ""
    remarks: tuple[str, ...] = ()

    @cached_property
    def question(self) -> Question:
        """The question; without its pixels where these were not read.

        Raises
        ------
        RecordError
            If a frame is missing.
        """
        return self.kept.question if self.kept.pixels else self.kept.capsule.without_pixels()

    @property
    def asked_words(self) -> str:
        """The question as people read it."""
        question = self.kept.capsule.question
        return self.asked or str(question["text"]) or str(question["task"])

    @property
    def answer_words(self) -> str:
        """The answer as people read it."""
        return self.answer or self.kept.progress.answer.strip()

    @property
    def raw(self) -> str:
        """The whole text as the model wrote it; "" where none was kept."""
        reply = self.kept.progress.reply
        return "" if reply is None else reply.raw

    @property
    def outside(self) -> str:
        """Words that the model wrote outside of its answer."""
        reply = self.kept.progress.reply
        return "" if reply is None else reply.outside

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Boxes of the answer that lie on frames of the question."""
        reply, count = self.kept.progress.reply, len(self.kept.capsule.question["frames"])
        return () if reply is None else tuple(b for b in reply.boxes if 0 <= b.frame < count)

    @property
    def asked_at(self) -> str:
        """When it was asked: ISO 8601, UTC."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.kept.asked_at))

    @property
    def model_words(self) -> str:
        """Which model: "demo (toy) · profile demo · cpu, float32 · content 0123456789ab"."""
        model = self.kept.capsule.model
        loaded = ", ".join(part for part in (model.device, model.dtype) if part)
        parts = (
            model.label,
            f"profile {model.profile}" if model.profile else "",
            loaded,
            f"content {model.digest[:12]}" if model.digest else "",
        )
        return " · ".join(part for part in parts if part)

    @property
    def settings_words(self) -> str:
        """How the answer was generated, in a line."""
        settings = self.kept.capsule.question["generation"]
        words = [f"at most {settings['max_new_tokens']:,} new tokens"]
        if settings["temperature"] > 0:
            words.append(f"temperature {settings['temperature']:g}")
            words.append(f"top-p {settings['top_p']:g}")
            words.append(f"seed {settings['seed']}")
        else:
            words.append("greedy (temperature 0)")
        penalty = settings["repetition_penalty"]
        words.append(
            "repetition penalty as the model's own"
            if penalty is None
            else f"repetition penalty {penalty:g}"
        )
        return " · ".join(words)

    @property
    def versions_words(self) -> str:
        """Versions of what computed it: "napari-medvlm 0.1.0 · torch 2.13.0"."""
        versions = self.kept.capsule.versions
        return " · ".join(f"{name} {version}" for name, version in versions.items() if version)

    @property
    def follow_up_words(self) -> str:
        """That it is a follow-up: "follow-up to 2 earlier turns"; "" where it is none."""
        turns = len(self.kept.capsule.question["history"])
        if not turns:
            return ""
        return f"follow-up to {turns} earlier turn{'' if turns == 1 else 's'}"

    def plain(self) -> dict[str, Any]:
        """All of it as plain values, without pixels."""
        kept, state, capsule = self.kept, self.kept.progress, self.kept.capsule
        frames = self.question.frames
        reply = state.reply
        return {
            "run": kept.number,
            "conversation": kept.conversation,
            "asked_at": self.asked_at,
            "question": self.asked_words,
            "sent": capsule.prompt,
            "model": asdict(capsule.model),
            "versions": dict(capsule.versions),
            "asked": capsule.question,
            "state": state.state,
            "answer": self.answer_words,
            "answer_as_written": state.answer,
            "choice": self.choice,
            "reasoning": state.reasoning,
            "outside": self.outside,
            "raw": self.raw,
            "remarks": list(self.remarks),
            "boxes": [_box_facts(box, frames[box.frame]) for box in self.boxes],
            "finish_reason": "" if reply is None else reply.finish_reason,
            "prompt_tokens": None if reply is None else reply.prompt_tokens,
            "new_tokens": state.tokens,
            "seconds": round(state.seconds, 3),
            "message": state.message,
            "run_hash": capsule.digest,
        }


def patient_words(corners: npt.NDArray[np.float64] | None) -> str:
    """Where corners lie in the patient: "L 32.0 to 46.5 · A 3.4 to P 10.2 · S 20.0 mm".

    Parameters
    ----------
    corners
        (n, 3) in RAS+ millimetres; None where they are not known.

    Returns
    -------
    words
        The extent along each patient axis; "" where nothing is known.
    """
    if corners is None:
        return ""
    parts = []
    for letters, values in zip(_LETTERS, corners.T, strict=True):
        low, high = (round(float(value), 1) + 0.0 for value in (values.min(), values.max()))
        first, last = (_along(value, letters) for value in (low, high))
        if low == high:
            parts.append(first)
        elif first[0] == last[0]:
            near, far = sorted((abs(low), abs(high)))
            parts.append(f"{first[0]} {near:.1f} to {far:.1f}")
        else:
            parts.append(f"{last} to {first}")
    return f"{' · '.join(parts)} mm"


def size_words(frame: Frame, box: BoxXYXY) -> str:
    """Width and height of a box: "14.0 × 12.5 mm"; "" where no spacing is known."""
    corners = frame.patient_corners(box)
    if corners is None:
        return ""
    across = float(np.linalg.norm(corners[1] - corners[0]))
    down = float(np.linalg.norm(corners[3] - corners[0]))
    return f"{across:.1f} × {down:.1f} mm"


def edge_letters(frame: Frame) -> tuple[str, str, str, str] | None:
    """Letters of the patient at the left, right, upper and lower edge; None where unknown."""
    if frame.to_patient is None:
        return None
    found = []
    for column in (0, 1):
        way = frame.to_patient[:, column]
        axis = int(np.abs(way).argmax())
        positive, negative = _LETTERS[axis]
        found += [negative, positive] if way[axis] > 0 else [positive, negative]
    left, right, top, bottom = found
    return left, right, top, bottom


def _along(value: float, letters: tuple[str, str]) -> str:
    return f"{letters[0] if value >= 0 else letters[1]} {abs(value):.1f}"


def _box_facts(box: Box, frame: Frame) -> dict[str, Any]:
    corners = frame.patient_corners(box.box)
    return {
        "label": box.label or "",
        "image": box.frame + 1,
        "index": frame.index,
        "box_px": [round(value, 3) for value in box.box],
        "corners_kji": np.round(frame.box_corners(box.box), 3).tolist(),
        "corners_ras_mm": None if corners is None else np.round(corners, 2).tolist(),
        "place": patient_words(corners),
        "size": size_words(frame, box.box),
        "raw": list(box.raw),
        "system": box.system,
        "clipped": box.clipped,
        "reordered": box.reordered,
    }
