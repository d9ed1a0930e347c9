"""Words of a model on the screen: in blocks, with our links, and never markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QTextDocument, QTextFragment
from qtpy.QtWidgets import QApplication

from asking.answer.test_formatting import TEXTS
from napari_medvlm.asking.answer.formatting import shown_words
from napari_medvlm.asking.answer.linking import Link
from napari_medvlm.widgets.answer.text_view import TextView

#: What Qt writes for paragraphs, stretches of text, tables, links and rules.
_TAGS = {"html", "head", "meta", "style", "body", "p", "span", "a", "br", "hr",
         "table", "thead", "tbody", "tr", "td", "h1"}  # fmt: skip
_TABLE = "| lobe | size |\n|---|---|\n| upper | **8 mm** |\n| lower | 4 mm |"


@pytest.fixture
def view(qtbot: Any) -> TextView:
    made = TextView()
    qtbot.addWidget(made)
    made.resize(300, 20)
    return made


def _fragments(document: QTextDocument) -> Iterator[QTextFragment]:
    block = document.begin()
    while block.isValid():
        place = block.begin()
        while not place.atEnd():
            yield place.fragment()
            place += 1
        block = block.next()


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(TEXTS, st.integers(0, 200), st.integers(0, 200))
@example('<a href="https://example.org"><img src="file:///etc/hosts"></a> <script>', 0, 9)
@example(f"{_TABLE}\n\n[x](https://example.org) ![y](z.png)", 3, 40)
def test_no_text_makes_a_tag_an_image_or_an_address_of_its_own(
    view: TextView, text: str, start: int, stop: int
) -> None:
    view.show_text(text)
    words = view.text()
    assert words == shown_words(text)
    if start < min(stop, len(words)):
        view.show_links([Link(start, min(stop, len(words)), frames=(0,))], ["there"])
    html = view.toHtml()
    assert {tag.lower() for tag in re.findall(r"<([A-Za-z]\w*)", html)} <= _TAGS
    assert set(re.findall(r'(?:href|src|action|data|background)="([^"]*)"', html)) <= {
        "medvlm-link:0"
    }
    assert "url(" not in re.sub(r"&quot;|>[^<]*<", "", html)
    for fragment in _fragments(view.document()):
        assert not fragment.charFormat().isImageFormat()
        assert fragment.charFormat().anchorHref() in ("", "medvlm-link:0")


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(TEXTS, st.lists(st.integers(0, 300), max_size=6))
@example(f"a\n\n{_TABLE}\n\nb\n{_TABLE}", [4, 20, 30, 40, 41, 55, 90])
@example(f"{_TABLE}\nno row", [40, 70])
def test_a_text_that_grows_ends_as_the_same_document(
    view: TextView, text: str, cuts: list[int]
) -> None:
    for cut in [*sorted(cuts), len(text)]:
        view.show_text(text[:cut])
    whole = TextView()
    whole.show_text(text)
    assert view.text() == whole.text()
    assert view.toHtml() == whole.toHtml()
    whole.deleteLater()


@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(TEXTS, st.integers(0, 300), st.integers(1, 30))
@example(f"🫁 {_TABLE}\n\n🫁 right lung", 40, 12)
def test_what_is_selected_is_what_was_meant(
    view: TextView, text: str, start: int, length: int
) -> None:
    view.show_text(text)
    words = view.text()
    stop = min(start + length, len(words))
    meant = words[start:stop]
    if not meant or {"\n", "\t"} & set(meant):
        return  # ends of lines are other characters there, and a table has cells between
    view.select(start, stop)
    assert view.textCursor().selectedText() == meant
    view.select(0, 0)
    assert not view.textCursor().hasSelection()


def test_marks_become_styles_and_a_table_has_cells(view: TextView) -> None:
    view.show_text(f"# Findings\n- a **big** one\n\n{_TABLE}")
    tables = [f for f in view.document().rootFrame().childFrames() if hasattr(f, "rows")]
    assert [(table.rows(), table.columns()) for table in tables] == [(3, 2)]
    assert tables[0].cellAt(1, 1).firstCursorPosition().block().text() == "8 mm"
    bold = {
        fragment.text()
        for fragment in _fragments(view.document())
        if fragment.charFormat().fontWeight() > 500
    }
    assert bold == {"Findings", "big", "lobe", "size", "8 mm"}


def test_nothing_is_ever_loaded(view: TextView) -> None:
    view.show_text("x")
    assert view.loadResource(2, QUrl("file:///etc/hosts")) is None
    view.document().resource(2, QUrl("file:///etc/hosts"))
    assert "localhost" not in view.toPlainText()


def test_a_link_is_clicked_where_its_words_stand(qtbot: Any, view: TextView) -> None:
    view.show_text("- see **image 1** and image 9")
    words = view.text()
    at = words.index("image 1")
    problem = words.index("image 9")
    view.show_links(
        [Link(at, at + 7, frames=(0,)), Link(problem, problem + 7, problem="No such image.")],
        ["Image 1", "No such image."],
    )
    view.show()
    followed: list[int] = []
    view.followed.connect(followed.append)
    for offset in (at, problem):
        place = view._stretch(offset + 3, offset + 3)
        qtbot.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton, pos=view.cursorRect(place).center()
        )
    assert followed == [0]


def test_it_is_as_high_as_its_text(qtbot: Any, view: TextView) -> None:
    view.show()
    view.show_text("one line")
    low = view.height()
    view.show_text("one line\n" * 10)
    assert view.height() >= 9 * low
    view.resize(120, view.height())
    narrow = view.height()
    view.show_text("many words that are broken into lines " * 5)
    assert view.height() > low
    assert narrow >= 9 * low
    assert view.verticalScrollBar().maximum() == 0


def test_selected_words_are_copied_as_plain_text(qtbot: Any, view: TextView) -> None:
    view.show_text("a **bold** word")
    view.show()
    view.select(2, 6)
    view.copy()
    assert QApplication.clipboard().mimeData().text() == "bold"
