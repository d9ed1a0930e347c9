"""CheXOne, MedVLM-R1, the demo model and their relatives: questions to prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...dialogue.context import ParseContext
from ...dialogue.question import FrameKind, Question
from ...dialogue.reply import BoxSystem, FinishReason, Reply
from ...errors import CheckpointError, QuestionError
from ...imaging.frame import Frame
from ..base import Prompt
from ..chat import ChatTemplate, named_tokens, read_template
from ..checkpoint import Checkpoint, require_files
from ..family import AnsweringModel, opens_thought
from ..form import Form
from ..needs import NEEDED, PREPROCESSOR
from ..processing import required_image_processing, video_processing
from ..profiles import Profile
from ..resizing import Backend
from ..subject import pictures_before, sent_with, subject_of
from ..tokens import Tokens, stop_ids
from ..weights import Progress
from ..wording import TurnWriter
from .assemble import assemble
from .messages import for_template, load_visual, visual_items
from .network import CLASSES, QwenNetwork
from .pixels import CLIP_MEAN, CLIP_STD, Kind, Processor
from .resize import PATCH, PixelLimits, image_size, video_keys, video_limits

PADS: dict[Kind, str] = {"image": "<|image_pad|>", "video": "<|video_pad|>"}


def library_classes(model_type: str) -> tuple[str, ...]:
    """What a checkpoint of this type takes of transformers."""
    return CLASSES[model_type]


def load(
    checkpoint: Checkpoint,
    profile: Profile,
    *,
    form: Form,
    progress: Progress | None = None,
) -> QwenVL:
    """Load a checkpoint of this family.

    Parameters
    ----------
    checkpoint
        The folder.
    profile
        How it is talked to.
    form
        Where its weights go and what they become.
    progress
        Told the stage, and the fraction of the tensors that are there.
    """
    require_files(checkpoint.folder, NEEDED["qwen_vl"])
    tokens = Tokens(checkpoint)
    template = ChatTemplate(read_template(checkpoint), named_tokens(checkpoint))
    network = QwenNetwork(checkpoint, form, progress)
    template.check()
    return QwenVL(checkpoint, profile, network, tokens, template)


class QwenVL(AnsweringModel):
    """A loaded Qwen2-VL or Qwen2.5-VL checkpoint.

    Parameters
    ----------
    checkpoint
        The folder.
    profile
        How it is talked to.
    network, tokens, template
        Of the folder.

    Attributes
    ----------
    box_system
        Reads the model's boxes in another system than its own; None is its own.
    """

    family = "qwen_vl"

    def __init__(
        self,
        checkpoint: Checkpoint,
        profile: Profile,
        network: QwenNetwork,
        tokens: Tokens,
        template: ChatTemplate,
    ) -> None:
        super().__init__(
            network,
            tokens,
            profile,
            stops=stop_ids(checkpoint, tokens),
            generation=checkpoint.generation,
        )
        self.box_system: BoxSystem | None = None
        self.dtype = network.form.name
        self.memory_bytes = network.memory_bytes
        self._max_positions = network.max_positions
        self._tokens_per_second = network.tokens_per_second
        self._template = template
        self._image_config = required_image_processing(checkpoint.folder)
        self.writer = TurnWriter(profile, tokens.special, self.limits)
        self._video_config = video_processing(checkpoint.folder)
        _check_sizes(self._image_config)
        ids = {kind: getattr(network.config, f"{kind}_token_id") for kind in PADS}
        self._pad_ids: dict[Kind, int] = {kind: int(ids[kind]) for kind in PADS}
        wrong = [pad for kind, pad in PADS.items() if tokens.id_of(pad) != self._pad_ids[kind]]
        if wrong:
            raise CheckpointError(
                f"config.json and the tokenizer disagree about the id of {wrong[0]}.",
                "Check that all files of the folder belong to the same model.",
            )

    @property
    def max_positions(self) -> int:
        """Tokens of the longest conversation, answer included."""
        return self._max_positions

    @property
    def limits(self) -> PixelLimits:
        """Bounds of an image's area for questions: the checkpoint's, below the profile's."""
        return PixelLimits.of(self._image_config).below(self.profile.max_pixels)

    def encode(self, question: Question) -> Prompt:
        """Turn a question into tokens and pixels.

        Parameters
        ----------
        question
            What is asked. Frames that were sent last are not sent again: see
            :mod:`napari_medvlm.models.subject`.

        Raises
        ------
        QuestionError
            For a question without frames, a 3D tensor, an unknown task, a region outside the
            frames, or more tokens than the model takes.
        """
        if question.volume is not None:
            raise QuestionError(
                f"{self.name} takes images, not a volume.", "Choose slices of the volume."
            )
        if question.tiles:
            raise QuestionError(f"{self.name} takes images whole.", "Ask without tiles.")
        if self.profile.contract.needs_frames and not subject_of(question).frames:
            raise QuestionError(
                f"{self.name} needs at least one frame, found none.",
                "Choose a slice, an image or frames of a clip.",
            )
        messages = [*self._history(question), self._turn(question)]
        prompt = self._prompt(
            messages,
            Processor(self.limits, *self._statistics(self._image_config)),
            Processor(self._video_limits({}), *self._statistics(self._video_config)),
            pass_rate=True,
            add_vision_id=self.profile.add_vision_id,
        )
        return self.check_length(prompt)

    def encode_messages(
        self,
        messages: Sequence[Mapping[str, Any]],
        processor: Mapping[str, Any] | None = None,
        pipeline: Mapping[str, Any] | None = None,
        base: str | Path | None = None,
        *,
        backend: Backend = "torch",
        add_vision_id: bool = False,
    ) -> Prompt:
        """Encode messages in the form of qwen-vl-utils as the published pipeline does.

        Parameters
        ----------
        messages
            Roles and contents.
        processor
            Arguments of the processor: ``min_pixels``, ``max_pixels``, ``use_fast``.
        pipeline
            ``return_video_kwargs``: whether a clip's rate reaches the processor;
            ``add_vision_id``: as below.
        base
            Folder that relative paths start from.
        backend
            Of the second resize.
        add_vision_id
            Whether pictures are numbered in the text.

        Raises
        ------
        QuestionError
            For an argument that is not known, and what a message cannot be.
        """
        chosen, run = dict(processor or {}), dict(pipeline or {})
        if chosen.pop("use_fast", True) is False:
            backend = "pil"
        pass_rate = bool(run.pop("return_video_kwargs", False))
        add_vision_id = bool(run.pop("add_vision_id", add_vision_id))
        strange = sorted({*run, *chosen} - {"min_pixels", "max_pixels", "size"})
        if strange:
            raise QuestionError(f"Unknown arguments of the pipeline: {', '.join(strange)}.")
        image_limits = PixelLimits.of({**self._image_config, **chosen})
        return self._prompt(
            messages,
            Processor(image_limits, *self._statistics(self._image_config), backend),
            Processor(self._video_limits(chosen), *self._statistics(self._video_config), backend),
            pass_rate=pass_rate,
            add_vision_id=add_vision_id,
            base=None if base is None else Path(base),
        )

    def parse_context(
        self, question: Question, prompt: Prompt, finish_reason: FinishReason
    ) -> ParseContext:
        """Say what the reply's reader has to know.

        Where the pictures are numbered in the text, those of earlier turns are counted first;
        :meth:`finish_reply` takes them off again.
        """
        subject = subject_of(question)
        before = pictures_before(question, subject) if self.profile.add_vision_id else ()
        visuals = prompt.extra["visuals"][subject.first_visual :]
        if subject.kind == "video":
            visuals = visuals[:1] * len(subject.frames)
        sizes = [visual.size_wh for visual in visuals[: len(subject.frames)]]
        earlier = [image_size(f.pixels.shape[:2], self.limits)[::-1] for f in before]
        return ParseContext.of(
            replace(question, frames=(*before, *subject.frames)),
            family=self.profile.parser,
            finish_reason=finish_reason,
            resized_size_wh=[*earlier, *sizes],
            prompt_ends_with_think=opens_thought(prompt),
            box_system=self.box_system,
        )

    def finish_reply(self, question: Question, reply: Reply) -> Reply:
        """Count boxes and references by the question's own frames; negative ones lie before."""
        subject = subject_of(question)
        if not self.profile.add_vision_id or not subject.first_picture:
            return reply
        boxes = (replace(b, frame=b.frame - subject.first_picture) for b in reply.boxes)
        references = (replace(r, frame=r.frame - subject.first_picture) for r in reply.references)
        return replace(reply, boxes=tuple(boxes), references=tuple(references))

    def _history(self, question: Question) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        for index, turn in enumerate(question.history):
            frames = sent_with(question.history, index)
            items = self._items(frames, turn.frame_kind, turn.seconds_per_frame)
            text = self.writer.earlier(turn, frames)
            messages.append({"role": "user", "content": [*items, {"type": "text", "text": text}]})
            messages.append({"role": "assistant", "content": self.writer.earlier_reply(turn)})
        return messages

    def _turn(self, question: Question) -> dict[str, Any]:
        frames = question.frames if subject_of(question).sent else ()
        items = self._items(frames, question.frame_kind, question.seconds_per_frame)
        text = {"type": "text", "text": self.user_text(question)}
        return {"role": "user", "content": [*items, text]}

    def _items(
        self, frames: Sequence[Frame], kind: FrameKind, seconds: float | None
    ) -> list[dict[str, Any]]:
        pixels = [frame.pixels for frame in frames]
        if kind == "images" or not pixels:
            return [{"type": "image", "image": image} for image in pixels]
        if seconds is not None and not seconds > 0:
            raise QuestionError(f"Expected more than 0 s between frames, found {seconds}.")
        rate = self.profile.video_fps or (1 / seconds if seconds else 2.0)
        item: dict[str, Any] = {"type": "video", "video": pixels, "sample_fps": rate}
        if self.profile.video_max_pixels is not None:
            item |= video_keys(self._video_limits({}), self.profile.video_max_pixels)
        return [item]

    def _prompt(
        self,
        messages: Sequence[Mapping[str, Any]],
        image: Processor,
        video: Processor,
        *,
        pass_rate: bool,
        add_vision_id: bool,
        base: Path | None = None,
    ) -> Prompt:
        visuals = [
            load_visual(item, image, video, base=base, pass_rate=pass_rate)
            for item in visual_items(messages)
        ]
        text = self._template.render(
            for_template(messages, list(PADS.values())),
            add_generation_prompt=True,
            add_vision_id=add_vision_id,
        )
        return assemble(
            text,
            visuals,
            encode=self.tokens.encode,
            pads=PADS,
            pad_ids=self._pad_ids,
            tokens_per_second=self._tokens_per_second,
        )

    def _video_limits(self, chosen: Mapping[str, Any]) -> PixelLimits:
        return video_limits({**self._video_config, **chosen})

    @staticmethod
    def _statistics(config: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        mean = config.get("image_mean") or CLIP_MEAN
        return tuple(mean), tuple(config.get("image_std") or CLIP_STD)


def _check_sizes(config: Mapping[str, Any]) -> None:
    """Refuse patches of another size: the pixels here are cut for 14, 2 and 2."""
    wanted = {"patch_size": PATCH, "merge_size": 2, "temporal_patch_size": 2}
    for key, value in wanted.items():
        if config.get(key, value) != value:
            raise CheckpointError(f"Expected {key} {value} in {PREPROCESSOR}, found {config[key]}.")
