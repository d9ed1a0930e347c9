"""Task templates: the shipped ones, the user's file over them, and mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking.ask.templates import (
    line_of,
    make_file,
    parse,
    read_templates,
    shipped_text,
    starter,
    templates_path,
)
from napari_medvlm.errors import QuestionError
from napari_medvlm.models import PROFILES

CHEXONE, R1, DEMO = (PROFILES[name] for name in ("chexone", "medvlm-r1", "demo"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "templates.toml"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_ones_cover_what_people_ask(path: Path) -> None:
    shipped = read_templates(path)
    assert shipped.problem == ""
    assert [one.key for one in shipped.entries] == [
        "describe", "findings", "impression", "report", "options", "compare", "where", "region",
    ]  # fmt: skip


def test_what_a_model_was_trained_on_comes_first_and_keeps_its_words(path: Path) -> None:
    write(path, '[findings]\ntitle = "Mine"\ntext = "My findings"\n')
    offered = read_templates(path).offered(CHEXONE)
    trained = [one for one in offered if one.trained]
    assert [one.key for one in offered[: len(CHEXONE.tasks)]] == [t.key for t in CHEXONE.tasks]
    assert [one.wording for one in trained] == [task.template for task in CHEXONE.tasks[1:]]
    # The shipped findings make way for the trained ones; the user's own are there beside them.
    assert read_templates(path).find(CHEXONE, "findings").trained
    mine = read_templates(path).find(CHEXONE, "my-findings")
    assert (mine.title, mine.trained, mine.task) == ("Mine", False, "ask")
    shipped = read_templates(path.parent / "none").offered(CHEXONE)
    assert "my-findings" not in [one.key for one in shipped]
    mine = read_templates(path).find(R1, "findings")
    assert (mine.title, mine.trained, mine.task) == ("Mine", False, "ask")
    assert mine.about == "General wording, not trained: My findings"


def test_words_are_put_in_or_added(path: Path) -> None:
    shipped = read_templates(path)
    where = shipped.find(R1, "where")
    assert where.needs_text
    assert where.words(" the nodule ") == "Where is the nodule?"
    report = shipped.find(R1, "report")
    assert not report.needs_text
    assert report.words("Be short.").endswith("impression section. Be short.")
    # A trained task is worded by the family, words untouched; so are one's own.
    assert shipped.find(CHEXONE, "locate").words("effusion") == "effusion"
    assert shipped.find(DEMO, "ask").words("  as it is ") == "  as it is "


def test_the_users_file_changes_adds_and_hides(path: Path) -> None:
    write(
        path,
        """
        # mine
        [where]
        text = "Show me {text}."
        [report]
        hide = true
        [side]
        title = "Which side"
        text = "Which side is affected?"
        choices = ["left", "right"]
        models = ["medvlm-r1", "fleming-vl"]
        mode = "instruct"
        """,
    )
    read = read_templates(path)
    assert read.problem == ""
    keys = [one.key for one in read.offered(R1)]
    assert keys[-1] == "side"
    assert "report" not in keys
    assert read.find(R1, "where").words("it") == "Show me it."
    assert read.find(R1, "where").title == "Where is …"
    side = read.find(R1, "side")
    assert (side.choices, side.mode) == (("left", "right"), "instruct")
    assert "side" in [one.key for one in read.offered(PROFILES["fleming-vl-38b"])]
    with pytest.raises(QuestionError, match="no task named 'side'"):
        read.find(CHEXONE, "side")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[a]\ntitle = "x\n', 2, ""),
        ('\n\n[a]\ntitle = "A"\ntext = "Where is {organ}?"\n', 5, "unknown {organ}"),
        ('[a]\ntitle = "A"\n', 1, "needs a title and a text"),
        ('[a]\ntitle = "A"\ntext = "b"\ncolour = "red"\n', 4, "unknown 'colour'"),
        ('[a]\ntitle = "A"\ntext = 3\n', 3, "text is a text"),
        ('[a]\ntitle = "A"\ntext = " "\n', 3, "text is a text"),
        ('[a]\ntitle = "A"\ntext = "b"\nmode = "fast"\n', 4, "found 'fast'"),
        ('[a]\ntitle = "A"\ntext = "b"\nchoices = ["one"]\n', 4, "two or more"),
        ('[a]\ntitle = "A"\ntext = "b"\nchoices = ["x", " x"]\n', 4, "two or more"),
        ('[a]\ntitle = "A"\ntext = "b"\nmodels = ["gpt"]\n', 4, "no model is named 'gpt'"),
        ('[a]\ntitle = "A"\ntext = "b"\nmodels = "demo"\n', 4, "a list of texts"),
        ('[a]\ntitle = "A"\ntext = "b"\nhide = 1\n', 4, "true or false"),
        ("a = 3\n", 1, "expected a table [a]"),
        ('["b c"]\ntitle = "A"\ntext = "b"\n', 1, "letters, digits"),
        ('[ask]\ntext = "b"\n', 1, "your own words"),
        (f'[a]\ntext = "b"\ntitle = "{"x" * 81}"\n', 3, "longer than 80"),
    ],
)
def test_a_mistake_is_one_line_with_its_number(
    path: Path, text: str, line: int, words: str
) -> None:
    read = read_templates(write(path, text))
    assert read.problem.startswith(f"{path}, line {line}: ")
    assert words in read.problem
    assert "\n" not in read.problem
    # What is shipped stays, and so does what else is right.
    assert len(read.entries) == len(read_templates(path.parent / "none").entries)


def test_a_nest_of_lists_is_told_too(path: Path) -> None:
    read = read_templates(write(path, "a = " + "[" * 100_000))
    assert read.problem == f"{path}, line 1: lists within too many lists."


def test_a_mistake_costs_its_own_template_alone(path: Path) -> None:
    text = '[bad]\ntitle = "A"\n[good]\ntitle = "G"\ntext = "g"\n[worse]\nhide = 3\n'
    read = read_templates(write(path, text))
    assert read.find(R1, "good").words("") == "g"
    assert read.problem.endswith("line 1: [bad] needs a title and a text. (1 more)")


def test_files_that_cannot_be_read_are_told(path: Path, tmp_path: Path) -> None:
    write(path, "")
    path.write_bytes(b'[a]\ntitle = "A"\ntext = "\xff"\n')
    assert read_templates(path).problem == f"{path}, line 3: this is no text in UTF-8."
    path.write_bytes(b"#" * 1_000_001)
    assert "larger than" in read_templates(path).problem
    assert read_templates(tmp_path).problem == ""  # a folder is no file


def test_a_new_file_explains_itself_and_changes_nothing(path: Path) -> None:
    assert make_file(path) == path
    read = read_templates(path)
    assert read == read_templates(path.parent / "none")
    assert "{text} stands for what is typed" in path.read_text(encoding="utf-8")
    # With the marks of comments taken away it is what is shipped.
    tail = starter().partition("# What is shipped:\n")[2]
    bare = "\n".join(line.removeprefix("# ").removeprefix("#") for line in tail.splitlines())
    assert parse(bare, "x").entries == parse(shipped_text(), "y").entries
    path.write_text("# mine", encoding="utf-8")
    make_file(path)
    assert path.read_text(encoding="utf-8") == "# mine"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(QuestionError, match="cannot be written"):
        make_file(tmp_path / "file" / "templates.toml")


def test_the_place_of_the_file_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDVLM_CONFIG", "~/mine")
    assert templates_path() == Path("~/mine/templates.toml").expanduser()
    monkeypatch.delenv("MEDVLM_CONFIG")
    assert templates_path().name == "templates.toml"
    assert "napari-medvlm" in templates_path().parts


def test_lines_are_found_by_head_and_field() -> None:
    text = 'x = 1\n[a]\ntext = "t"\n\n["b"]\n text= "u"\n'
    assert line_of(text, "a") == 2
    assert line_of(text, "a", "text") == 3
    assert line_of(text, "b", "text") == 6
    assert line_of(text, "b", "title") == 5
    assert line_of(text, "x") == 1
    assert line_of(text, "none") == 1


@given(st.text(max_size=200))
def test_whatever_stands_in_the_file_the_shipped_ones_stay_or_are_changed(text: str) -> None:
    before = parse(shipped_text(), "x").entries
    read = parse(text, "mine", before)
    assert {one.key for one in before} <= {one.key for one in read.entries}
    assert "\n" not in read.problem
