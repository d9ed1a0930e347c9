from __future__ import annotations

import pytest

from napari_medvlm.asking.answer.searching import Hit, search
from napari_medvlm.asking.talk.exchange import Exchange
from napari_medvlm.dialogue import Question

TALK = (
    Exchange(1, 7, Question("Where is the nodule?"), reasoning=" A Nodule.\n", answer="Right lung"),
    Exchange(3, 8, Question("", task="report"), answer="right \n lung, nodule nodule"),
)


def test_hits_come_in_reading_order_whatever_their_case() -> None:
    assert search(TALK, "nodule") == (
        Hit(1, "question", 13, 19),
        Hit(1, "reasoning", 2, 8),
        Hit(3, "answer", 13, 19),
        Hit(3, "answer", 20, 26),
    )


def test_gaps_between_words_may_be_of_any_width() -> None:
    assert [(hit.number, hit.start) for hit in search(TALK, " RIGHT lung")] == [(1, 0), (3, 0)]


@pytest.mark.parametrize("words", ["", "  ", "absent", ".*", "["])
def test_what_is_not_there_is_not_found(words: str) -> None:
    assert search(TALK, words) == ()


def test_a_task_without_words_is_found_by_its_name() -> None:
    assert search(TALK, "report") == (Hit(3, "question", 0, 6),)
