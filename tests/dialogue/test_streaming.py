"""Live display: what is shown while a text arrives."""

from __future__ import annotations

from napari_medvlm.dialogue import ParseContext, PartSplitter, Piece


def letter_by_letter(text: str, context: ParseContext) -> list[Piece]:
    splitter = PartSplitter(context)
    return [piece for letter in text for piece in splitter.feed(letter)] + splitter.finish()


def test_tags_are_never_shown_and_nothing_restarts_in_the_trained_form() -> None:
    text = "<think>\nThe lung is clear & <b>.\n</think>\n\n<answer>B</answer>"
    pieces = letter_by_letter(text, ParseContext(mode="reasoning"))
    shown = {"reasoning": "", "answer": ""}
    for piece in pieces:
        assert not piece.restart
        shown[piece.part] += piece.text
    assert shown == {"reasoning": "The lung is clear & <b>.", "answer": "B"}


def test_a_boxed_report_streams_as_reasoning_then_answer() -> None:
    pieces = letter_by_letter(
        "Clear.\n\\boxed{No effusion}", ParseContext(mode="reasoning", family="chexone")
    )
    assert [piece.part for piece in pieces] == ["reasoning"] * 6 + ["answer"] * 10
    assert not any(piece.restart for piece in pieces)


def test_an_instruct_answer_streams_as_the_answer() -> None:
    pieces = letter_by_letter("No effusion.", ParseContext(mode="instruct"))
    assert {piece.part for piece in pieces} == {"answer"}


def test_an_answer_that_turns_out_to_be_reasoning_moves() -> None:
    splitter = PartSplitter(ParseContext(mode="instruct"))
    assert splitter.feed("Clear. ") == [Piece("answer", "Clear.")]
    assert splitter.feed("\\boxed{B}") == [
        Piece("reasoning", "Clear."),
        Piece("answer", "B", restart=True),
    ]


def test_the_start_of_a_tag_is_held_back_and_shown_when_it_is_none() -> None:
    splitter = PartSplitter(ParseContext(mode="instruct"))
    assert splitter.feed("a <") == [Piece("answer", "a")]
    assert splitter.feed(" 5 mm") == [Piece("answer", " < 5 mm")]
