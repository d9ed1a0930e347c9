from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.dialogue import Box, Region, Reply
from napari_medvlm.imaging import Window
from napari_medvlm.records.capsule import Capsule, ModelRecord
from napari_medvlm.records.html import html
from napari_medvlm.records.kept import Kept, Progress, State
from napari_medvlm.records.markdown import escaped, fenced, markdown
from napari_medvlm.records.png import from_png

from .questions import question

HOSTILE = """</div></body><script>alert(1)</script><img src=x onerror=alert(1)>
![x](https://evil.example/a.png) [y](javascript:alert(1)) https://evil.example <b>bold</b>
```
# heading
````
| a | b |
"><svg onload=alert(1)> &lt;script&gt; \u202e\x07\x9b \ud800
"""
#: Everything that a file of ours holds.
TAGS = {"html", "head", "meta", "title", "style", "body", "h1", "p", "section", "h2", "h3", "div"}
TAGS |= {"figure", "svg", "image", "rect", "figcaption"}


def _kept(hostile: str = "", state: State = "replied", label: str = "nodule") -> Kept:
    asked = question("Is there a nodule?" + hostile)
    first, second = asked.frames
    first = replace(first, window=Window(-600, 1500, "lung" + hostile))
    regions = (Region(0, (2.0, 3.0, 9.0, 8.0), "region 1" + hostile),)
    asked = replace(asked, frames=(first, second), regions=regions)
    reply = Reply("raw", boxes=(Box(label + hostile, (1.5, 2.0, 5.5, 6.0), 1, clipped=True),))
    capsule = Capsule.of(asked, ModelRecord("demo (toy)" + hostile))
    words = ("A bright spot." + hostile, "One nodule." + hostile)
    progress = Progress(state, *words, 12, 7, 2.5, reply, "Message" + hostile, "Advice" + hostile)
    return Kept(1, 1, 0.0, capsule, progress, {f.digest: f.pixels for f in asked.frames})


class _Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("write", [html, markdown])
def test_an_export_tells_the_whole_conversation(write) -> None:  # type: ignore[no-untyped-def]
    text = write("A talk", [_kept(), _kept(state="stopped")])
    if write is markdown:
        text = text.replace("\\", "")
    for words in (
        "A talk",
        "Not for diagnosis",
        "Question 2",
        "Is there a nodule?",
        "1970-01-01 00:00 UTC · demo (toy) · reasoning · 12 tokens · 2.5 s · run ",
        "Image 2: axial slice 31 · −5.0 mm · lung window (C −600, W 1500)",
        "region 1: image 1, x 2.0 to 9.0, y 3.0 to 8.0",
        "A bright spot.",
        "One nodule.",
        "nodule: image 2, x 1.5 to 5.5, y 2.0 to 6.0 (cut to the image)",
        "Stopped by the user. Message. Advice",
    ):
        assert words in text


@pytest.mark.parametrize("write", [html, markdown])
def test_the_frames_inside_are_those_that_were_sent(write) -> None:  # type: ignore[no-untyped-def]
    kept = _kept()
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", write("t", [kept]))
    assert len(found) == 2
    for text, frame in zip(found, kept.question.frames, strict=True):
        np.testing.assert_array_equal(from_png(base64.b64decode(text)), frame.pixels)


def test_boxes_and_regions_are_drawn_where_they_are_on_their_frames() -> None:
    shapes = [(t, a) for t, a in _Reader(html("t", [_kept()])).tags if t in ("svg", "rect")]
    assert [(tag, a.get("class")) for tag, a in shapes] == [
        ("svg", None),
        ("rect", "region"),
        ("svg", None),
        ("rect", "box"),
    ]
    assert shapes[0][1]["viewbox"] == "0 0 24 16"
    assert [shapes[3][1][k] for k in ("x", "y", "width", "height")] == ["1.5", "2", "4", "4"]


@settings(max_examples=60, deadline=None)
@given(st.just(HOSTILE) | st.text(st.characters(codec=None), max_size=40))
def test_html_of_hostile_text_holds_no_markup_of_it(hostile: str) -> None:
    text = html("Title" + hostile, [_kept(hostile)])
    text.encode()
    read = _Reader(text)
    assert {tag for tag, _ in read.tags} <= TAGS
    plain = [tag for tag, _ in _Reader(html("Title", [_kept()])).tags]
    assert [tag for tag, _ in read.tags] == plain
    for tag, attributes in read.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "data:image/png;base64,").startswith("data:image/png;")
        assert tag == "meta" or "src" not in attributes


def test_hostile_text_can_be_read_in_html_as_it_was_written() -> None:
    assert (
        "<script>alert(1)</script><img src=x onerror=alert(1)>"
        in _Reader(html("t", [_kept(HOSTILE)])).words
    )
    assert "default-src 'none'" in html("t", [])


def _outside_of_fences(text: str) -> list[str]:
    """Lines of Markdown that are not in a code fence, by CommonMark's rules."""
    outside, fence = [], ""
    for line in text.split("\n"):
        mark = re.match(r"( {0,3})(`{3,}|~{3,})(.*)$", line)
        if fence:
            if mark and mark[2].startswith(fence) and not mark[3].strip():
                fence = ""
        elif mark:
            fence = mark[2]
        else:
            outside.append(line)
    assert not fence, "a fence is still open"
    return outside


@settings(max_examples=60, deadline=None)
@given(st.just(HOSTILE) | st.text(st.sampled_from("`~!#<>[]()\\ \n\r\t.:/aw-*_|&;1"), max_size=40))
def test_markdown_of_hostile_text_holds_no_markup_of_it(hostile: str) -> None:
    text = markdown("Title" + hostile, [_kept(hostile)])
    text.encode()
    lines = _outside_of_fences(text)
    headings = [line for line in lines if line.startswith("#")]
    assert [line.split(" ")[0] for line in headings] == ["#", "##", "###", "###", "###", "###"]
    for line in lines:
        line = re.sub(r"^!\[(.*)\]\(data:image/png;base64,[A-Za-z0-9+/=]+\)$", r"\1", line)
        line = re.sub(r"^#+ ", "", line)
        if line != "For research only. Not for diagnosis.":
            # What is left has no punctuation of Markdown, HTML or addresses that is not escaped.
            assert not re.search(r"[!-/:-@\[-`{-~]", re.sub(r"\\[!-/:-@\[-`{-~]", "", line))


def test_a_fence_is_longer_than_any_inside() -> None:
    assert fenced("a\n`````\nb").split("\n")[0] == "``````text"
    assert fenced("") == "```text\n\n```"
    assert escaped("a\n# <b> www.x.y") == r"a \# \<b\> www\.x\.y"


def test_what_has_no_answer_says_why() -> None:
    kept = _kept()
    ended = replace(kept, progress=Progress("answering", "Well"))
    assert "the program ended before the answer did" in html("t", [ended])
    assert "the program ended before the answer did" in markdown("t", [ended])
    cut = replace(kept, progress=Progress("replied", reply=Reply("", finish_reason="length")))
    assert "Cut at the token limit" in html("t", [cut])
