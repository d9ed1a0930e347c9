"""Task templates: what a model was trained on first, then wordings from an editable file.

The file is TOML, one table a template::

    [where]                      # its key; a key of a shipped template changes that one
    title = "Where is …"         # what the list shows
    text = "Where is {text}?"    # what is asked; {text} stands for what is typed
    hint = "the nodule"          # stands in the empty field
    mode = "instruct"            # or "reasoning"; left out: as it is set
    models = ["medvlm-r1"]       # for these alone; left out: for all
    choices = ["yes", "no"]      # options; an empty list leaves them to be filled in
    hide = true                  # takes a shipped one off the list

A mistake costs its own template (one in the grammar costs the whole file), and is told in a line
with its number. What is shipped stays.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...dialogue.question import Mode
from ...errors import QuestionError
from ...models.catalog import PROFILES
from ...models.profiles import Profile, Task
from ..model.remembered import VARIABLE, config_file

FILE_NAME = "templates.toml"
#: Larger files are none of ours.
MOST_BYTES = 1_000_000
_LONGEST = {"title": 80, "text": 8000, "hint": 200}
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_AT_LINE = re.compile(r"\(at line (\d+)")
_MODES: tuple[Mode, ...] = ("reasoning", "instruct")


@dataclass(frozen=True)
class Template:
    """A wording of the file.

    Parameters
    ----------
    key
        Its table's name.
    title, text, hint
        As in the file.
    mode
        None leaves it as it is set.
    models
        Names of profiles, or their beginnings: "fleming-vl"; none is for all.
    choices
        Options; an empty tuple leaves them to be filled in, None has none.
    hide
        Whether it is taken off the list.
    own
        Whether the user's file says anything of it.
    """

    key: str
    title: str = ""
    text: str = ""
    hint: str = ""
    mode: Mode | None = None
    models: tuple[str, ...] = ()
    choices: tuple[str, ...] | None = None
    hide: bool = False
    own: bool = False

    def suits(self, profile: Profile) -> bool:
        """Whether it is offered for a model."""
        return not self.models or any(_names(name, profile.name) for name in self.models)


@dataclass(frozen=True)
class Offered:
    """One entry of the list of tasks.

    Parameters
    ----------
    key
        Of the task, or of the template.
    title, hint
        What is read.
    task
        Key of a task that the model was trained on; "ask" for a general wording.
    wording
        What is asked, with ``{text}`` where the user's words go.
    trained
        Whether the model was trained on these words.
    mode, choices
        As in `Template`.
    """

    key: str
    title: str
    task: str = "ask"
    wording: str = "{text}"
    trained: bool = False
    hint: str = ""
    mode: Mode | None = None
    choices: tuple[str, ...] | None = None

    @property
    def needs_text(self) -> bool:
        """Whether something has to be typed."""
        return "{text}" in self.wording

    @property
    def about(self) -> str:
        """A sentence for whoever chooses it."""
        if self.key == "ask":
            return "Your own words, as they are"
        if self.trained:
            return f"As the model was trained: {self.wording}"
        return f"General wording, not trained: {self.wording}"

    def words(self, typed: str) -> str:
        """The question's text; a trained task is worded by the model's own family."""
        if self.task != "ask" or self.key == "ask":
            return typed
        return Task(self.key, self.title, self.wording).fill(typed.strip())


@dataclass(frozen=True)
class Templates:
    """General wordings, and what is wrong with the user's file: one line, "" where nothing is."""

    entries: tuple[Template, ...]
    problem: str = ""

    def offered(self, profile: Profile) -> tuple[Offered, ...]:
        """The list of tasks for a model: those it was trained on, then general wordings."""
        trained = [
            Offered(task.key, task.title, task.key, task.template, trained=task.key != "ask")
            for task in profile.tasks
        ]
        known = {task.key for task in profile.tasks}
        general = [
            Offered(
                # A trained task keeps its key; a shipped wording of that key makes way for it.
                f"my-{one.key}" if one.key in known else one.key,
                one.title,
                wording=one.text,
                hint=one.hint,
                mode=one.mode,
                choices=one.choices,
            )
            for one in self.entries
            if one.own or one.key not in known
            if not one.hide and one.suits(profile)
            if one.mode is None or one.mode in profile.modes
        ]
        return (*trained, *general)

    def find(self, profile: Profile, key: str) -> Offered:
        """One entry of the list.

        Raises
        ------
        QuestionError
            If there is none of that key for the model.
        """
        offered = self.offered(profile)
        for one in offered:
            if one.key == key:
                return one
        known = ", ".join(one.key for one in offered)
        raise QuestionError(f"{profile.title} has no task named {key!r}.", f"It knows: {known}.")


def templates_path() -> Path:
    """Where the user's file is looked for: in the user's settings, or below ``MEDVLM_CONFIG``."""
    return config_file().with_name(FILE_NAME)


@lru_cache(maxsize=1)
def shipped_text() -> str:
    """The shipped file, comments included."""
    return files(__package__).joinpath(FILE_NAME).read_text(encoding="utf-8")


def read_templates(path: Path | None = None) -> Templates:
    """Read the shipped templates and the user's file over them; never raises.

    Parameters
    ----------
    path
        The user's file, which need not be there; None looks where `templates_path` says.
    """
    path = templates_path() if path is None else path
    own = parse(shipped_text(), FILE_NAME)
    try:
        if not path.is_file():
            return own
        if path.stat().st_size > MOST_BYTES:
            return replace(own, problem=f"{path}: larger than {MOST_BYTES:,} bytes; not read.")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return replace(own, problem=f"{path}, line {line}: this is no text in UTF-8.")
    except OSError as error:
        return replace(own, problem=f"{path} cannot be read: {error.strerror or error}.")
    return parse(text, str(path), own.entries, own=True)


def parse(text: str, name: str, before: Iterable[Template] = (), *, own: bool = False) -> Templates:
    """Read a file's text over templates that are there already.

    Parameters
    ----------
    text
        TOML.
    name
        What the file is called in a line about a mistake.
    before
        Templates that the file may change or hide.
    own
        Whether it is the user's.
    """
    merged = {one.key: one for one in before}
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at.group(1)) if at else max(len(text.splitlines()), 1)
        words = str(error).partition(" (at ")[0]
        return Templates(tuple(merged.values()), f"{name}, line {line}: {words}.")
    except RecursionError:
        return Templates(tuple(merged.values()), f"{name}, line 1: lists within too many lists.")
    mistakes: list[tuple[int, str]] = []
    for key, table in tables.items():
        try:
            merged[key] = replace(_merged(merged.get(key, Template(key)), table), own=own)
        except _Mistake as mistake:
            mistakes.append((line_of(text, key, mistake.field), str(mistake)))
    problem = ""
    if mistakes:
        line, words = min(mistakes)
        problem = f"{name}, line {line}: {words}"
        if len(mistakes) > 1:
            problem += f" ({len(mistakes) - 1} more)"
    return Templates(tuple(merged.values()), problem)


def line_of(text: str, table: str, field: str = "") -> int:
    """Line of a table's field, or of its head; from 1, the first where neither is found."""
    head = re.compile(rf"\s*\[\s*[\"']?{re.escape(table)}[\"']?\s*\]")
    entry = re.compile(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=")
    found, inside = 0, False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("["):
            inside = head.match(line) is not None
            found = number if inside and not found else found
        elif inside and field and entry.match(line):
            return number
        elif not found and re.match(rf"\s*[\"']?{re.escape(table)}[\"']?\s*[=.]", line):
            found = number
    return found or 1


def starter() -> str:
    """What a new file of the user holds: how it is written, and all shipped ones as comments."""
    how = __doc__.partition("::\n\n")[2].partition("\nA mistake")[0]
    lines = [
        "# Task templates of napari-medvlm. Saved changes are seen at once.",
        "# A template is a table; take the # away from one below, or write your own:",
        "#",
        *(f"# {line[4:]}".rstrip() for line in how.rstrip().splitlines()),
        "#",
        "# What is shipped:",
        "",
        *(f"# {line}".rstrip() for line in shipped_text().splitlines() if line[:1] != "#"),
    ]
    return "\n".join(lines) + "\n"


def make_file(path: Path | None = None) -> Path:
    """Make sure that the user's file is there, so that it can be opened; returns its path.

    Raises
    ------
    QuestionError
        If it cannot be written.
    """
    path = templates_path() if path is None else path
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(starter(), encoding="utf-8")
    except OSError as error:
        raise QuestionError(
            f"{path} cannot be written: {error.strerror or error}.",
            f"Set {VARIABLE} to a folder that can.",
        ) from error
    return path


class _Mistake(Exception):
    """What is wrong with a table, and in which of its fields."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


def _merged(before: Template, table: Any) -> Template:
    if not _KEY.fullmatch(before.key):
        raise _Mistake(f"the name {before.key!r} needs letters, digits, - or _ alone.")
    if before.key == "ask":
        raise _Mistake("“ask” is what sends your own words; take another name.")
    if not isinstance(table, Mapping):
        raise _Mistake(f"expected a table [{before.key}].")
    known = [one.name for one in fields(Template) if one.name not in ("key", "own")]
    for field in table:
        if field not in known:
            raise _Mistake(f"unknown {field!r}; known are {', '.join(known)}.", field)
    given = {field: _checked(field, value) for field, value in table.items()}
    after = replace(before, **given)
    if not after.hide and not (after.title and after.text):
        raise _Mistake(f"[{before.key}] needs a title and a text.")
    return after


def _checked(field: str, value: Any) -> Any:
    if field in _LONGEST:
        return _text(field, value)
    if field == "hide":
        if not isinstance(value, bool):
            raise _Mistake("hide is true or false.", field)
        return value
    if field == "mode":
        if value not in _MODES:
            raise _Mistake(f"mode is “reasoning” or “instruct”, found {value!r}.", field)
        return value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Mistake(f"{field} is a list of texts.", field)
    items = tuple(item.strip() for item in value)
    if field == "models":
        for item in items:
            if not any(_names(item, name) for name in PROFILES):
                raise _Mistake(f"no model is named {item!r}; known: {', '.join(PROFILES)}.", field)
    elif len(items) == 1 or not all(items) or len(set(items)) < len(items):
        raise _Mistake("choices are two or more different texts, or none.", field)
    return items


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Mistake(f"{field} is a text with words in it.", field)
    if len(value) > _LONGEST[field]:
        raise _Mistake(f"{field} is longer than {_LONGEST[field]} characters.", field)
    if field != "text":
        return " ".join(value.split())
    for name in _PLACEHOLDER.findall(value):
        if name != "text":
            raise _Mistake(f"unknown {{{name}}}; {{text}} stands for what is typed.", field)
    return value.strip()


def _names(name: str, profile: str) -> bool:
    return bool(name) and (profile == name or profile.startswith(f"{name}-"))
