"""What is chosen and the state of the conversation: what the panel and the command line share.

No screen and no model in here: frames are taken, questions are written, the engine's events
become words, and the answer's boxes go back to their source.
"""

from __future__ import annotations

from .budget import Budget
from .chips import chips_of, sent_frames, sent_question
from .choosing import SliceChoice, scaling_of
from .composing import Composed, compose
from .conversation import Conversation
from .exchange import Exchange, Stage
from .keeping import Keeper, exchange_of
from .legend import legend_of, without_legend
from .offers import ModelOffer, known_models, model_offer
from .parts import Part, Parts, part_of_each, several
from .picks import Pick, Picks
from .placing import Grid, PlacedBox, box_size, grid_of, place, place_box, size_words
from .preparing import FramePreparer, Prepared
from .regions import FrameBox, LeftOut, SourceBox, place_regions
from .session import Session
from .sources import Offer, Stack, offer
from .thread import AskingThread
from .wording import (
    answer_words,
    frame_words,
    frames_words,
    position_words,
    sent_words,
    strip_captions,
    window_words,
)

__all__ = [
    "answer_words",
    "AskingThread",
    "Budget",
    "Composed",
    "Conversation",
    "Exchange",
    "FrameBox",
    "FramePreparer",
    "Grid",
    "Keeper",
    "LeftOut",
    "ModelOffer",
    "Offer",
    "Part",
    "Parts",
    "Pick",
    "Picks",
    "PlacedBox",
    "Prepared",
    "Session",
    "SliceChoice",
    "SourceBox",
    "Stack",
    "Stage",
    "box_size",
    "chips_of",
    "compose",
    "exchange_of",
    "frame_words",
    "frames_words",
    "grid_of",
    "known_models",
    "legend_of",
    "model_offer",
    "offer",
    "part_of_each",
    "place",
    "place_box",
    "place_regions",
    "position_words",
    "scaling_of",
    "sent_frames",
    "sent_question",
    "sent_words",
    "several",
    "size_words",
    "strip_captions",
    "window_words",
    "without_legend",
]
