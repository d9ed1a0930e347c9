from __future__ import annotations

import base64
import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from napari_medvlm.dialogue import Box, Region, Reply
from napari_medvlm.imaging import Window
from napari_medvlm.records.account import Account, edge_letters, patient_words
from napari_medvlm.records.capsule import Capsule, ModelRecord
from napari_medvlm.records.exporting import export
from napari_medvlm.records.html import html
from napari_medvlm.records.kept import Kept, Progress, State
from napari_medvlm.records.markdown import escaped, fenced, markdown
from napari_medvlm.records.png import from_png
from napari_medvlm.records.tables import runs_csv, runs_json

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
TAGS |= {"figure", "svg", "image", "use", "rect", "text", "figcaption", "details", "summary"}
#: Pixel (x, y) of an axial slice seen from the feet: half a millimetre each, at S 20 mm.
TO_PATIENT = np.array([[-0.5, 0, 6.0], [0, -0.5, 4.0], [0, 0, 20.0]])


def _account(hostile: str = "", state: State = "replied", **more: str) -> Account:
    words = {"asked": "Is there a nodule?" + hostile, "answer": "One nodule." + hostile}
    kept = _kept(hostile, state)
    return Account(kept, **{**words, **more}, remarks=("Careful." + hostile,))


def _kept(hostile: str = "", state: State = "replied", label: str = "nodule") -> Kept:
    asked = question("Is there a nodule?" + hostile)
    first, second = asked.frames
    second = replace(second, to_patient=TO_PATIENT)
    first = replace(first, window=Window(-600, 1500, "lung" + hostile))
    regions = (Region(0, (2.0, 3.0, 9.0, 8.0), "region 1" + hostile),)
    asked = replace(asked, frames=(first, second), regions=regions)
    box = Box(label + hostile, (1.5, 2.0, 5.5, 6.0), 1, clipped=True)
    reply = Reply("raw" + hostile, outside="MASS" + hostile, boxes=(box,))
    model = ModelRecord("demo (toy)" + hostile, "0123456789abcdef", "demo", "cpu", "float32")
    versions = {"napari-medvlm": "0.1.0", "torch": ""}
    capsule = Capsule.of(asked, model, prompt="As sent." + hostile, versions=versions)
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
    text = write("A talk", [_account(), _account(state="stopped")])
    for words in (
        "A talk",
        "Not for diagnosis",
        "Question 2",
        "Is there a nodule?",
        "1970-01-01 00:00 UTC · demo (toy) · reasoning · 12 tokens · 2.5 s · run ",
        "Image 2: axial slice 31 · −5.0 mm · lung window (C −600, W 1500) · R left, L right",
        "region 1: image 1, x 2.0 to 9.0, y 3.0 to 8.0",
        "A bright spot.",
        "One nodule.",
        "MASS",
        "nodule: image 2, x 1.5 to 5.5, y 2.0 to 6.0; 2.0 × 2.0 mm, "
        "R 3.2 to 5.2 · A 1.0 to 3.0 · S 20.0 mm (cut to the image)",
        "Stopped by the user. Message. Advice",
        "Careful.",
        "Model: demo (toy) · profile demo · cpu, float32 · content 0123456789ab",
        "Settings: at most 1,024 new tokens · greedy (temperature 0) · repetition penalty as the "
        "model's own",
        "Versions: napari-medvlm 0.1.0",
        "As sent.",
        "raw",
    ):
        assert words in text.replace("&#x27;", "'"), words
    # No wall of backslashes: captions and facts read as they are.
    assert text.count("\\") == 0


@pytest.mark.parametrize("write", [html, markdown])
def test_the_frames_inside_are_those_that_were_sent(write) -> None:  # type: ignore[no-untyped-def]
    account = _account()
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", write("t", [account, account]))
    assert len(found) == 2  # each once, however many questions show it
    for text, frame in zip(found, account.question.frames, strict=True):
        np.testing.assert_array_equal(from_png(base64.b64decode(text)), frame.pixels)
    assert "Images 1-2: shown with question 1." in write("t", [account, account])


def test_boxes_and_regions_are_drawn_where_they_are_on_their_frames() -> None:
    read = _Reader(html("t", [_account(), _account()]))
    shapes = [(t, a) for t, a in read.tags if t in ("svg", "image", "use", "rect")]
    assert [(tag, a.get("class")) for tag, a in shapes] == [
        ("svg", None), ("image", None), ("rect", "region"),
        ("svg", None), ("image", None), ("rect", "box"),
        ("svg", None), ("use", None), ("rect", "region"),
        ("svg", None), ("use", None), ("rect", "box"),
    ]  # fmt: skip
    assert shapes[0][1]["viewbox"] == "0 0 24 16"
    assert [shapes[5][1][k] for k in ("x", "y", "width", "height")] == ["1.5", "2", "4", "4"]
    assert f"#{shapes[1][1]['id']}" == shapes[7][1]["href"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.just(HOSTILE) | st.text(st.characters(codec=None), max_size=40))
def test_html_of_hostile_text_holds_no_markup_of_it(hostile: str) -> None:
    text = html("Title" + hostile, [_account(hostile)])
    text.encode()
    read = _Reader(text)
    assert {tag for tag, _ in read.tags} <= TAGS
    plain = [tag for tag, _ in _Reader(html("Title", [_account()])).tags]
    assert [tag for tag, _ in read.tags] == plain
    for tag, attributes in read.tags:
        assert not any(name.startswith("on") for name in attributes)
        href = attributes.get("href") or "data:image/png;base64,"
        assert href.startswith("data:image/png;") or re.fullmatch(r"#image-\d+", href)
        assert tag == "meta" or "src" not in attributes
    turning = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 7, 27)}
    assert not set(text) & turning


def test_hostile_text_can_be_read_in_html_as_it_was_written() -> None:
    assert (
        "<script>alert(1)</script><img src=x onerror=alert(1)>"
        in _Reader(html("t", [_account(HOSTILE)])).words
    )
    assert "default-src 'none'" in html("t", [])


MARKS = ("http://", "www.", "a@b.cc", "![x](y)", "[y](z)", "# ", "1. ", "- ", "| a |", "---")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.just(HOSTILE)
    | st.text(st.sampled_from("`~!#<>[]()\\ \n\r\t.:/aw-*_|&;1+=@"), max_size=40)
    | st.lists(st.sampled_from(MARKS), max_size=5).map("".join)
)
def test_markdown_of_hostile_text_holds_no_markup_of_it(hostile: str) -> None:
    text = markdown("Title" + hostile, [_account(hostile)])
    text.encode()
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    plain = parser.parse(markdown("Title", [_account()]))
    assert [token.type for token in tokens] == [token.type for token in plain]
    for token in tokens:
        for child in token.children or ():
            assert child.type in ("text", "text_special", "image"), child
            if child.type == "image":
                assert str(child.attrs["src"]).startswith("data:image/png;base64,")
        # What GitHub turns into a link without any mark is broken by a backslash.
        if token.type == "inline" and not token.content.startswith("!["):
            assert not re.search(r"(?i)www\.|(?:https?|ftp|mailto|xmpp):|(?<!\\)@", token.content)


def test_lines_are_escaped_no_more_than_they_need() -> None:
    line = "2026-12-01 04:23 · axial slice 36 (C −600, W 1500)"
    assert escaped(line) == line
    assert escaped("a\n# <b> www.x.y") == r"a # \<b\> www\.x.y"
    assert escaped("# x") == r"\# x"
    assert escaped("1. x") == r"1\. x"


def test_places_are_told_along_the_axes_of_the_patient() -> None:
    assert patient_words(None) == ""
    assert patient_words(np.array([[-3.0, 2, -20], [4.0, -1, -20]])) == (
        "R 4.0 to L 3.0 · A 2.0 to P 1.0 · I 20.0 mm"
    )
    frame = replace(question().frames[0], to_patient=TO_PATIENT)
    assert edge_letters(frame) == ("R", "L", "A", "P")
    assert edge_letters(question().frames[0]) is None


def test_runs_as_json_hold_everything_and_read_back() -> None:
    account = _account(HOSTILE)
    text = runs_json("t", [account, account])
    assert text.isascii()
    (run, _) = json.loads(text)["runs"]
    assert run["raw"] == "raw" + HOSTILE
    assert run["question"].startswith("Is there a nodule?")
    assert run["sent"].startswith("As sent.")
    assert run["asked"]["generation"]["max_new_tokens"] == 1024
    assert run["boxes"][0]["corners_ras_mm"][0] == [5.25, 3.0, 20.0]
    assert run["versions"]["napari-medvlm"] == "0.1.0"
    assert run["model"]["digest"] == "0123456789abcdef"


def test_runs_as_a_table_are_one_a_row_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(runs_csv("t", [_account(answer="=1+1"), _account()]))))
    assert [row["answer"] for row in rows] == ["'=1+1", "One nodule."]
    assert rows[0]["slices"] == "30 31"
    assert rows[0]["scans"] == "abcdef012345"
    assert json.loads(rows[0]["boxes"])[0]["place"].startswith("R 3.2")
    assert runs_csv("t", []).strip() == ""


def test_a_table_needs_no_pixels() -> None:
    whole = _account()
    bare = replace(whole, kept=replace(whole.kept, pixels={}))
    assert runs_json("t", [bare]) == runs_json("t", [whole])
    assert [f.digest for f in bare.question.frames] == [f.digest for f in whole.question.frames]


def test_a_fence_is_longer_than_any_inside() -> None:
    assert fenced("a\n`````\nb").split("\n")[0] == "``````text"
    assert fenced("") == "```text\n\n```"


def test_what_has_no_answer_says_why() -> None:
    kept = _kept()
    ended = Account(replace(kept, progress=Progress("answering", "Well")))
    assert "the program ended before the answer did" in html("t", [ended])
    assert "the program ended before the answer did" in markdown("t", [ended])
    cut = replace(kept, progress=Progress("replied", reply=Reply("", finish_reason="length")))
    assert "Cut at the token limit" in html("t", [Account(cut)])


@pytest.mark.parametrize("ending", [".md", ".html", ".json", ".csv"])
def test_an_export_holds_nothing_that_a_terminal_or_a_reader_would_obey(
    ending: str, tmp_path: Path
) -> None:
    hostile = "right\x1b]0;TITLE\x07\x1b[2J\x1b[31m\x7f\u202edne\u2066"
    file = tmp_path / f"talk{ending}"
    export(file, [_account(hostile), _account(hostile)])
    text = file.read_bytes().decode("utf-8")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "TITLE" in text
