"""Fleming-VL and its relatives: questions to prompts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...dialogue.context import ParseContext
from ...dialogue.question import Question
from ...dialogue.reply import FinishReason
from ...errors import CheckpointError, QuestionError
from ...imaging.frame import Frame
from ..base import Prompt
from ..byte_cache import ByteCache
from ..checkpoint import Checkpoint, require_files
from ..family import AnsweringModel, opens_thought
from ..form import Form
from ..needs import NEEDED
from ..processing import required_image_processing
from ..profiles import Profile
from ..resizing import Backend
from ..subject import subject_of
from ..tokens import Tokens
from ..weights import Progress
from ..wording import TurnWriter
from .assemble import assemble, find_spans
from .layout import Layout, read_layout
from .network import InternVLNetwork
from .pixels import Normaliser, Picture, tiled, whole
from .template import CLOSE, CONTEXT, END, OPEN, PLACE, TurnText, fill_places, render
from .tiles import tile_count
from .wording import pictures_sent, turn_pictures

#: Resized pictures of earlier questions are dropped, oldest first, beyond this many bytes.
PICTURE_BYTES = 128 * 2**20
#: Special tokens that stay in an answer: the authors' tokenizer keeps them, and boxes need them.
ANSWER_MARKS = (
    OPEN, CLOSE, CONTEXT, "<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>",
)  # fmt: skip
_FILLED = re.compile(f"{OPEN}(?:{CONTEXT})+{CLOSE}")
#: A picture of a prompt: its visual tokens, and how its pixels are made.
_Sent = tuple[int, Callable[[], Picture]]


def library_classes(model_type: str) -> tuple[str, ...]:
    """What a checkpoint takes of transformers; its language models are of one kind."""
    return (
        "InternVLConfig", "InternVLForConditionalGeneration", "InternVLVisionModel", "Qwen2Model",
        "Qwen2ForCausalLM",
    )  # fmt: skip


def load(
    checkpoint: Checkpoint,
    profile: Profile,
    *,
    form: Form,
    progress: Progress | None = None,
) -> InternVL:
    """Load a checkpoint of this family.

    Parameters
    ----------
    checkpoint
        The folder, in the authors' layout or that of transformers.
    profile
        How it is talked to.
    form
        Where its weights go and what they become.
    progress
        Told the stage, and the fraction of the tensors that are there.
    """
    require_files(checkpoint.folder, NEEDED["internvl"])
    layout = read_layout(checkpoint.config)
    tokens = Tokens(checkpoint, kept=ANSWER_MARKS)
    normalise = Normaliser.of(required_image_processing(checkpoint.folder), layout.image_size)
    network = InternVLNetwork(checkpoint, layout, form, progress)
    return InternVL(layout, profile, network, tokens, normalise, checkpoint.generation)


class InternVL(AnsweringModel):
    """A loaded InternVL checkpoint.

    Parameters
    ----------
    layout
        What its configuration says.
    profile
        How it is talked to.
    network, tokens, normalise, generation
        Of the folder.
    """

    family = "internvl"
    shorter = "Send fewer slices or frames, without tiles, or start a new conversation."

    def __init__(
        self,
        layout: Layout,
        profile: Profile,
        network: InternVLNetwork,
        tokens: Tokens,
        normalise: Normaliser,
        generation: Mapping[str, Any],
    ) -> None:
        # The end token of the language model's configuration is another, which does not end
        # an answer here.
        stop, self._context_id = _id_of(tokens, END), _id_of(tokens, CONTEXT)
        super().__init__(network, tokens, profile, stops=(stop,), generation=generation)
        self.dtype = network.form.name
        self.memory_bytes = network.memory_bytes
        self.writer = TurnWriter(profile, tokens.special)
        self.layout = layout
        self._max_positions = network.max_positions
        self._normalise = normalise
        self._pictures = ByteCache[Picture](PICTURE_BYTES, lambda kept: kept.tiles.nbytes)
        #: "pil" as in training; "torch" is faster and differs by a level or two in some pixels.
        self.resizing: Backend = "pil"

    def forget(self) -> None:
        """Drop what is kept of earlier questions."""
        super().forget()
        self._pictures.clear()

    @property
    def max_positions(self) -> int:
        """Tokens of the longest conversation, answer included."""
        return self._max_positions

    def encode(self, question: Question, writer: TurnWriter | None = None) -> Prompt:
        """Turn a question into tokens and pixels.

        Parameters
        ----------
        question
            What is asked. Frames that were sent last are not sent again: see
            :mod:`napari_medvlm.models.subject`.
        writer
            Writes the turns; None is the model's own. (Recorded conversations may have had
            another prompt around them.)

        Raises
        ------
        QuestionError
            For a 3D tensor, tiles of a clip, an unknown task, a region outside the frames, or
            more tokens than the model takes.
        """
        if question.volume is not None:
            raise QuestionError(
                f"{self.name} takes images, not a volume.", "Choose slices of the volume."
            )
        if question.tiles and question.frame_kind == "video":
            raise QuestionError(f"{self.name} takes frames of a clip whole.", "Ask without tiles.")
        if self.profile.contract.needs_frames and not subject_of(question).frames:
            raise QuestionError(f"{self.name} needs at least one frame, found none.")
        writer = writer or self.writer
        turns: list[TurnText] = []
        sent: list[_Sent] = []
        for index, turn in enumerate(question.history):
            frames = turn_pictures(question.history, index)
            turns.append((writer.earlier(turn, frames), writer.earlier_reply(turn)))
            sent += [self._sent(frame, tiles=turn.tiles) for frame in frames]
        turns.append((writer.write(question), None))
        sent += [self._sent(frame, tiles=question.tiles) for frame in pictures_sent(question)]
        return self._prompt(turns, sent)

    def encode_chat(
        self,
        question: str,
        images: Sequence[Any] = (),
        *,
        history: Sequence[tuple[str, str]] | None = None,
        tiles: bool = False,
    ) -> Prompt:
        """Encode what the authors' ``chat`` takes, to the letter.

        Parameters
        ----------
        question
            With one ``<image>`` for each image that is not in the history.
        images
            Of the whole conversation, in the order of their places: uint8 (rows, columns, 3),
            or Pillow images, which are resized in their own mode.
        history
            Earlier questions with their answers. Without any, images without a place are put
            in front.
        tiles
            Whether the images are tiled.

        Raises
        ------
        QuestionError
            If places and images do not match.
        """
        if history is None and images and PLACE not in question:
            question = f"{PLACE}\n" * len(images) + question
        turns: list[TurnText] = [*(history or ()), (question, None)]
        return self._prompt(turns, [self._image(image, tiles=tiles) for image in images])

    def parse_context(
        self, question: Question, prompt: Prompt, finish_reason: FinishReason
    ) -> ParseContext:
        """Say what the reply's reader has to know; boxes are thousandths of the whole image."""
        return ParseContext.of(
            replace(question, frames=subject_of(question).frames),
            family=self.profile.parser,
            finish_reason=finish_reason,
            prompt_ends_with_think=opens_thought(prompt),
        )

    def readable(self, prompt: Prompt) -> str:
        """Text of a prompt with one ``<image>`` for each picture."""
        return _FILLED.sub(PLACE, prompt.text)

    def _prompt(self, turns: Sequence[TurnText], sent: Sequence[_Sent]) -> Prompt:
        counts = [count for count, _ in sent]
        text = fill_places(render(self.layout.system_message, turns), counts)
        ids = np.array(self.tokens.encode(text), dtype=np.int64)
        spans = find_spans(ids, counts, self._context_id)
        # Before any pixel is touched: hundreds of slices take a while to resize.
        self.check_count(len(ids), sum(counts))
        return assemble(text, ids, spans, [make() for _, make in sent], self._normalise)

    def _sent(self, frame: Frame, *, tiles: bool) -> _Sent:
        count, make = self._image(frame.pixels, tiles=tiles)
        return count, lambda: self._pictures.made((frame.digest, tiles, self.resizing), make)

    def _image(self, image: Any, *, tiles: bool) -> _Sent:
        side, layout = self.layout.image_size, self.layout
        if not tiles:
            return layout.tokens_per_tile, lambda: whole(image, side, self.resizing)
        size = image.shape[1::-1] if isinstance(image, np.ndarray) else image.size
        count = tile_count(size, side, layout.tiles, thumbnail=layout.thumbnail)
        return (
            count * layout.tokens_per_tile,
            lambda: tiled(image, side, layout.tiles, thumbnail=layout.thumbnail),
        )


def _id_of(tokens: Tokens, text: str) -> int:
    found = tokens.id_of(text)
    if found is None:
        raise CheckpointError(
            f"Expected the token {text} in the tokenizer, found none.",
            "Copy the tokenizer's files from the place where the model was published.",
        )
    return found
