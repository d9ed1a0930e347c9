"""What is chosen and the state of the conversation: what the panel and the command line share.

No screen and no model in here: frames are taken, questions are written, the engine's events
become words, and the answer's boxes go back to their source.
"""

from __future__ import annotations

from .answer.placing import Grid, PlacedBox, box_size, grid_of, place, place_box, size_words
from .answer.wording import (
    answer_words,
    frame_words,
    frames_words,
    position_words,
    sent_words,
    strip_captions,
    window_words,
)
from .choose.budget import Budget
from .choose.chips import chips_of, sent_frames, sent_question
from .choose.choosing import SliceChoice, scaling_of
from .choose.composing import Composed, compose
from .choose.legend import legend_of, without_legend
from .choose.parts import Part, Parts, part_of_each, several
from .choose.picks import Pick, Picks
from .choose.preparing import FramePreparer, Prepared
from .choose.regions import FrameBox, LeftOut, SourceBox, place_regions
from .choose.sources import Offer, Stack, offer
from .model.offers import ModelOffer, known_models, model_offer
from .talk.conversation import Conversation
from .talk.exchange import Exchange, Stage
from .talk.keeping import Keeper, exchange_of
from .talk.session import Session
from .talk.thread import AskingThread

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
