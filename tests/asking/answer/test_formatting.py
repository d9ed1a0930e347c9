"""A model's text as blocks: nothing is lost, nothing is anything but text."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from napari_medvlm.asking.answer.formatting import LONG, Formatter, formatted, shown_words, words_of
from napari_medvlm.asking.answer.inline import Run, styled

SHARDS = st.sampled_from(
    [
        *("*", "**", "***", "_", "__", "`", "``", "```", "```json\n", "~~~\n", "# ", "###### "),
        *("- ", "* ", "+ ", "• ", "1. ", "12) ", "  - ", "\n", "\n\n", " ", "\t", "    ", "---"),
        *("| a | b |\n", "|---|:-:|\n", "|", "| c |\n", "\\", "\r\n", "\r", "\u2029", "\ufdd0"),
        *("<b>", "</b>", "<img src=x>", "[a](http://b)", "![c](file:///d)", "<http://e>", "&lt;"),
        *("nodule", "14*12*10 mm", "5.2", "image 3", ". ", "éß", "🫁", "\ufffc", "\x00", "w" * 400),
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(SHARDS, max_size=30).map("".join))


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


@given(TEXTS)
@example("| a |\n|---|\n| b | c | d |")
def test_no_letter_or_digit_is_lost_or_moved(text: str) -> None:
    assert _letters(shown_words(text)) == _letters(text)


@given(TEXTS)
def test_no_block_holds_what_would_end_a_line_where_it_is_shown(text: str) -> None:
    for block in formatted(text):
        assert not set(block.text) & set("\n\r\u2028\u2029\ufdd0\ufffc\x00\x0b\x0c\x85")
        block.text.encode("utf-8")


@given(TEXTS, st.lists(st.integers(0, 400), max_size=12))
@example("a | b\n---|---\nc | d\n\nafter", [5, 9, 13, 17, 22])
@example("x" * (LONG + 9) + ". y" + "z" * (LONG - 3) + ". - no item", [LONG, LONG + 10, LONG + 12])
def test_a_text_that_grows_ends_as_the_whole_text(text: str, cuts: list[int]) -> None:
    growing = Formatter()
    before: list[object] = []
    for cut in [*sorted(cuts), len(text)]:
        same = growing.show(text[:cut])
        assert before[:same] == growing.blocks[:same]
        before = list(growing.blocks)
    assert tuple(growing.blocks) == formatted(text)


def test_a_text_that_became_another_is_read_anew() -> None:
    growing = Formatter()
    growing.show("one\ntwo\nthree")
    assert growing.show("four\nfive") == 0
    assert words_of(growing.blocks) == "four\nfive"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("a **b** c", (Run("a "), Run("b", bold=True), Run(" c"))),
        ("__b__, *i*", (Run("b", bold=True), Run(", "), Run("i", italic=True))),
        ("***both***", (Run("both", bold=True, italic=True),)),
        (
            "**b *c* b**",
            (Run("b ", bold=True), Run("c", bold=True, italic=True), Run(" b", bold=True)),
        ),
        ("`a*b*` c", (Run("a*b*", code=True), Run(" c"))),
        ("``a`b``", (Run("a`b", code=True),)),
        # A mark that has no partner, or stands within a word or a measurement, is text.
        ("14*12*10 mm", (Run("14*12*10 mm"),)),
        ("14 * 12 * 10 mm", (Run("14 * 12 * 10 mm"),)),
        ("snake_case_name", (Run("snake_case_name"),)),
        ("5.2* (high), 6.1* too", (Run("5.2* (high), 6.1* too"),)),
        ("**open", (Run("**open"),)),
        ("`open", (Run("`open"),)),
        ("****", (Run("****"),)),
        ("", ()),
    ],
)
def test_marks_within_a_line(text: str, runs: tuple[Run, ...]) -> None:
    assert styled(text) == runs


def _shape(text: str) -> list[tuple[str, str, int]]:
    return [(block.kind, block.text, block.depth) for block in formatted(text)]


def test_headings_lists_and_code() -> None:
    assert _shape("## Findings\n- one\n  - *two*\n    goes on\n3. three\n\n\nplain") == [
        ("heading", "Findings", 0),
        ("item", "• one", 0),
        ("item", "• two", 1),
        ("text", "goes on", 2),
        ("item", "3. three", 0),
        ("gap", "", 0),
        ("text", "plain", 0),
    ]
    assert _shape('```json\n{"a": "**b**"}\n\n```\nafter') == [
        ("code", "json", 0),
        ("code", '{"a": "**b**"}', 0),
        ("code", "", 0),
        ("text", "after", 0),
    ]
    assert _shape("above\n---\nbelow")[1] == ("rule", "", 0)


def test_what_may_be_a_minus_sign_or_a_number_stays_as_written() -> None:
    assert shown_words("- 600 HU\n- mass\n14. rib\n3. rib") == "- 600 HU\n• mass\n14. rib\n3. rib"


def test_a_table_has_cells_and_an_odd_row_loses_none() -> None:
    blocks = formatted("| lobe | size |\n|:--|--:|\n| upper | **8 mm** | x |\n| lower |\n\nend")
    assert words_of(blocks) == "lobe\tsize\t\nupper\t8 mm\tx\nlower\t\t\n\nend"
    assert {block.columns for block in blocks if block.kind == "cell"} == {3}
    assert blocks[0].runs == (Run("lobe", bold=True),)
    assert shown_words("a | b\nno dashes") == "a | b\nno dashes"


@pytest.mark.parametrize(
    "text",
    [
        "<img src='file:///etc/hosts'>",
        "[click](https://example.org)",
        "![x](https://example.org/x.png)",
        "<https://example.org> https://example.org",
        "&lt;b&gt; &#x41;",
        "[1]: https://example.org",
        "<script>alert(1)</script>",
        "\\(x\\) and \\*",
        "> quoted",
    ],
)
def test_links_images_html_and_entities_are_shown_as_they_were_written(text: str) -> None:
    assert shown_words(text) == text


def test_a_long_line_is_broken_after_a_sentence_and_goes_on_as_text() -> None:
    line = "- " + "word " * 400 + "end. - no item. " + "more " * 10
    blocks = formatted(line.strip())
    assert [block.kind for block in blocks] == ["item", "text"]
    assert blocks[0].text.endswith("end. ")
    assert blocks[1].text.startswith("- no item. more")
    assert len(formatted("w" * (5 * LONG))) == 3


@pytest.mark.parametrize(
    "unit",
    [
        *("*", "**a", "a** ", "_a_ ", "`", "``` ", "`a``", "# ", "- ", "1. ", "| ", "|-"),
        *("a | b\n", "\n", "- - ", "*a **b ", "a. ", "\t", " "),
    ],
)
def test_a_long_hostile_text_is_read_in_linear_time(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    started = time.process_time()
    formatted(text)
    formatted("| a | b |\n|---|---|\n" + text)
    # Linear time is a fraction of a second; a quadratic search takes minutes.
    assert time.process_time() - started < 5
