from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking.ask.recall import MOST, Recall


def recall(*asked: str) -> Recall:
    made = Recall()
    for words in asked:
        made.add(words)
    return made


def test_back_and_forth_ends_at_the_draft() -> None:
    asked = recall("one", "two")
    assert asked.back("draft") == "two"
    assert asked.back("two") == "one"
    assert asked.back("one") is None
    assert asked.forth("one") == "two"
    assert asked.forth("two") == "draft"
    assert asked.forth("draft") is None


def test_without_questions_nothing_happens() -> None:
    assert recall().back("draft") is None
    assert recall().forth("draft") is None


def test_a_question_asked_again_is_the_newest_and_stands_once() -> None:
    assert recall("one", "two", "one", " ").asked == ("two", "one")


def test_words_changed_on_the_way_become_the_draft() -> None:
    asked = recall("one", "two")
    assert asked.back("draft") == "two"
    assert asked.back("two, changed") == "draft"  # the first draft was put aside
    assert asked.forth("draft") == "two, changed"


def test_questions_of_earlier_sittings_come_before() -> None:
    asked = recall("two", "three")
    assert asked.back("") == "three"
    asked.learn(["zero", "two", "one", "one"])
    assert asked.asked == ("zero", "one", "two", "three")
    assert asked.back("three") == "two"


def test_no_more_than_anybody_goes_through_is_held() -> None:
    asked = recall(*(str(number) for number in range(MOST + 5)))
    assert len(asked.asked) == MOST
    asked.learn(["older"])
    assert len(asked.asked) == MOST
    assert "older" not in asked.asked


@given(
    st.lists(st.text(min_size=1, max_size=3).filter(str.strip), max_size=5),
    st.text(max_size=3),
    st.lists(st.sampled_from(["back", "forth"])),
)
def test_the_draft_is_always_found_again(asked: list[str], draft: str, keys: list[str]) -> None:
    now, made = draft, recall(*asked)
    for key in keys:
        now = next((w for w in [getattr(made, key)(now)] if w is not None), now)
    while (after := made.forth(now)) is not None:
        now = after
    assert now == draft
