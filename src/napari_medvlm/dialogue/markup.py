"""Boxes in a model's text, as written: tags, JSON objects, and bare pairs of points.

====================================  =============================  ============
what is written                       models that write it           read in
====================================  =============================  ============
``<|box|>(x,y),(x,y)<|/box|>``        CheXOne                        percent_100
``<|box_start|>(x,y),(x,y)``          Qwen2-VL                       norm_1000
``<box>[[x, y, x, y]]</box>``         InternVL                       norm_1000
``{"bbox_2d": [x, y, x, y]}``         Qwen2.5-VL; the demo model     abs_resized
``(x,y),(x,y)``                       Qwen2-VL, when the special     norm_1000
                                      tokens were dropped
====================================  =============================  ============

All searches look a bounded number of characters ahead, so that any text takes linear time.
"""

from __future__ import annotations

import bisect
import itertools
import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..imaging.frame import BoxXYXY
from .context import ParseContext
from .reply import BoxSystem

Markup = Literal["box", "box_start", "internvl", "json", "pairs"]

_DEFAULT_SYSTEM: dict[Markup, BoxSystem] = {
    "box": "percent_100",
    "box_start": "norm_1000",
    "internvl": "norm_1000",
    "json": "abs_resized",
    "pairs": "norm_1000",
}
_NATIVE: dict[str, tuple[Markup, ...]] = {
    "chexone": ("box",),
    "medvlm_r1": ("box_start", "pairs"),
    "qwen2_vl": ("box_start", "pairs"),
    "qwen2_5_vl": ("json",),
    "internvl": ("internvl",),
    "demo": ("json",),
}
# The demo model writes JSON like Qwen2.5-VL, in thousandths.
_FAMILY_SYSTEM: dict[str, BoxSystem] = {"demo": "norm_1000"}

#: Families whose markup is known.
FAMILIES = tuple(_NATIVE)

_NUMBER = r"\s{0,8}([-+]?\d{1,9}(?:\.\d{1,9})?)\s{0,8}"
_POINTS = rf"\({_NUMBER},{_NUMBER}\)\s{{0,8}},?\s{{0,8}}\({_NUMBER},{_NUMBER}\)"
_FOUR = rf"\[{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}\]"
#: What the four numbers of a box may be written with, whatever the brackets.
_NUMBERS_ALONE = re.compile(r"[\s\d.,;:()\[\]{}\"'+-]{0,4000}")
_ONE_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,9})?")
_OTHER_KEY = re.compile(
    r"[\"'](?:bbox|box|box_2d|bounding_box|boundingBox|bbox_3d)[\"']\s{0,8}:\s{0,8}[\[{]"
)
_PAIRS = re.compile(_POINTS)
_CORNERS = re.compile(f"(?:{_POINTS}|{_FOUR})")
_OPENING = re.compile(r"<\|box\|>|<\|box_start\|>|<box>")
_CLOSING = re.compile(r"<\|/box\|>|<\|box_end\|>|</box>")
_REF = re.compile(
    r"(?:<\|ref\|>|<\|object_ref_start\|>|<ref>)([^<]{0,400})"
    r"(?:<\|/ref\|>|<\|object_ref_end\|>|</ref>)"
)
_KEY = re.compile(r"[\"']bbox_2d[\"']")
_LOOSE_BOX = re.compile(rf"[\"']bbox_2d[\"']\s{{0,8}}:\s{{0,8}}{_FOUR}")
_LOOSE_LABEL = re.compile(r"[\"']label[\"']\s{0,8}:\s{0,8}[\"']([^\"'{}]{0,400})[\"']")
_REACH = 1000
_BRACES_TRIED = 3
_LONGEST_LABEL = 80
_NAMES: dict[str, Markup] = {
    "<|box|>": "box",
    "<|box_start|>": "box_start",
    "<box>": "internvl",
}


@dataclass(frozen=True)
class Written:
    """A box as it stands in the text.

    Parameters
    ----------
    raw
        The four numbers.
    label
        The model's name for it, or None.
    system
        The coordinate system in which it is to be read.
    start
        Where it begins in the text, its label included.
    stop
        Where it ends.
    image
        The JSON key "image" as it stands there; None where it is absent.
    """

    raw: BoxXYXY
    label: str | None
    system: BoxSystem
    start: int
    stop: int
    image: object = None


def system_of(markup: Markup, context: ParseContext) -> BoxSystem:
    """Coordinate system in which a markup of a family is read.

    Parameters
    ----------
    markup
        How the box is written.
    context
        ``family`` and ``box_system``. The override holds for the family's native markup
        only: a model that falls back to another one also falls back to its system.

    Returns
    -------
    system
    """
    native = _NATIVE.get(context.family)
    if native is None or markup in native:
        if context.box_system is not None:
            return context.box_system
        if native is not None and context.family in _FAMILY_SYSTEM:
            return _FAMILY_SYSTEM[context.family]
    return _DEFAULT_SYSTEM[markup]


def find_boxes(text: str, context: ParseContext) -> list[Written]:
    """Find every complete box of a text, in order.

    Parameters
    ----------
    text
        An answer, or what a cut left of one: boxes before the cut count.
    context
        ``family`` and ``box_system``.

    Returns
    -------
    boxes
    """
    found = [*_tagged(text, context), *_json(text, context)]
    if not found and context.family == "qwen2_vl":
        found = list(_bare(text, context))
    return sorted(found, key=lambda box: box.start)


def count_unread(text: str, context: ParseContext, found: Sequence[Written]) -> int:
    """Boxes that a text has and that nobody can read here.

    Parameters
    ----------
    text, context
        As in `find_boxes`.
    found
        What that gave.

    Returns
    -------
    count
        Box marks and JSON keys without four numbers; where a text has no other boxes, also points
        and lists of four numbers outside of any mark. What a cut left open does not count.
    """
    starts = [box.start for box in found]
    reach = list(itertools.accumulate((box.stop for box in found), max))

    def is_read(place: int) -> bool:
        before = bisect.bisect_right(starts, place)
        return before > 0 and place < reach[before - 1]

    count = 0
    for opening in _OPENING.finditer(text):
        closed = _CLOSING.search(text, opening.end(), opening.end() + _REACH) is not None
        if (closed or context.finish_reason == "stop") and not is_read(opening.start()):
            count += 1
    for key in _KEY.finditer(text):
        record = _object_around(text, key.start(), 0)
        if record is None:
            count += context.finish_reason == "stop" and not is_read(key.start())
        elif record[2].get("bbox_2d") not in (None, [], {}, "") and not is_read(key.start()):
            count += 1
    count += sum(1 for _ in _OTHER_KEY.finditer(text))
    if not found and not count:
        count = sum(1 for _ in _CORNERS.finditer(text))
    return count


def _tagged(text: str, context: ParseContext) -> Iterator[Written]:
    openings = list(_OPENING.finditer(text))
    references = deque((m.start(), m.end(), m.group(1).strip()) for m in _REF.finditer(text))
    label: str | None = None
    label_start = last_stop = -1
    for number, opening in enumerate(openings):
        limit = openings[number + 1].start() if number + 1 < len(openings) else len(text)
        while references and references[0][1] <= opening.start():
            label_start, last_stop, name = references.popleft()
            label = name or None
        if last_stop < 0 or text[last_stop : opening.start()].strip(" \t\r\n,;"):
            label, label_start = None, opening.start()
        closing = _CLOSING.search(text, opening.end(), limit)
        inside_stop = closing.start() if closing else limit
        system = system_of(_NAMES[opening.group()], context)
        corners = list(_CORNERS.finditer(text, opening.end(), inside_stop))
        for match in corners:
            stop = closing.end() if closing else match.end()
            yield Written(_numbers(match), label, system, label_start, stop)
            last_stop = stop
        if not corners and closing:
            for raw in _groups_of_four(text[opening.end() : inside_stop]):
                yield Written(raw, label, system, label_start, closing.end())
                last_stop = closing.end()


def _bare(text: str, context: ParseContext) -> Iterator[Written]:
    system = system_of("pairs", context)
    done = 0
    for pair in _PAIRS.finditer(text):
        before = re.split(r"[\n.;:!?]", text[max(done, pair.start() - _REACH) : pair.start()])[-1]
        label = before.strip(" \t\r,-") or None
        if label and len(label) > _LONGEST_LABEL:
            label = None
        yield Written(_numbers(pair), label, system, pair.start(), pair.end())
        done = pair.end()


def _numbers(match: re.Match[str]) -> BoxXYXY:
    x0, y0, x1, y1 = (float(value) for value in match.groups() if value is not None)
    return x0, y0, x1, y1


def _groups_of_four(inside: str) -> list[BoxXYXY]:
    """Boxes of a mark that holds numbers and no words: "(12, 60, 18, 87)", "12 60 18 87"."""
    if not _NUMBERS_ALONE.fullmatch(inside):
        return []
    numbers = [float(number) for number in _ONE_NUMBER.findall(inside)]
    if len(numbers) % 4:
        return []
    fours = zip(*[iter(numbers)] * 4, strict=True)
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in fours]


def _json(text: str, context: ParseContext) -> Iterator[Written]:
    system = system_of("json", context)
    done = 0
    for key in _KEY.finditer(text):
        if key.start() < done:
            continue
        found = _object_around(text, key.start(), done)
        if found is None:
            continue
        start, done, record = found
        label = record.get("label")
        for raw in _quadruples(record.get("bbox_2d")):
            name = str(label).strip() or None if label is not None else None
            yield Written(raw, name, system, start, done, record.get("image"))


def _object_around(text: str, key: int, floor: int) -> tuple[int, int, dict[str, Any]] | None:
    """Find the complete object that holds a key: (start, stop, object)."""
    starts = _indices(text, "{", max(floor, key - _REACH), key)[::-1][:_BRACES_TRIED]
    stops = _indices(text, "}", key, key + _REACH)[:_BRACES_TRIED]
    for start in starts:
        for stop in stops:
            record = _load(text[start : stop + 1])
            if record is not None:
                return start, stop + 1, record
    if not starts or not stops or "{" in text[key : stops[0]]:
        return None
    # Single quotes or a stray comma: not JSON, but what is meant is plain to see.
    piece = text[starts[0] : stops[0] + 1]
    box, name = _LOOSE_BOX.search(piece), _LOOSE_LABEL.search(piece)
    if box is None:
        return None
    record = {"bbox_2d": [*_numbers(box)], "label": name.group(1) if name else None}
    return starts[0], stops[0] + 1, record


def _indices(text: str, character: str, start: int, stop: int) -> list[int]:
    return [m.start() for m in re.compile(re.escape(character)).finditer(text, start, stop)]


def _load(piece: str) -> dict[str, Any] | None:
    try:
        record = json.loads(piece, parse_int=float)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and "bbox_2d" in record else None


def _quadruples(value: object) -> list[BoxXYXY]:
    """Boxes of one JSON value: four numbers or two points, or a list of such lists."""
    if not isinstance(value, list):
        return []
    boxes: list[BoxXYXY] = []
    for item in [value, *value]:
        numbers = _flat(item)
        if len(numbers) == 4:
            x0, y0, x1, y1 = numbers
            boxes.append((x0, y0, x1, y1))
    return boxes


def _flat(item: object) -> list[float]:
    """Four numbers of one box, also as two points or as text; else an empty list."""
    if not isinstance(item, list):
        return []
    if len(item) == 2 and all(isinstance(point, list) and len(point) == 2 for point in item):
        item = [*item[0], *item[1]]
    numbers = []
    for value in item:
        if isinstance(value, str) and _ONE_NUMBER.fullmatch(value.strip()):
            numbers.append(float(value))
        elif isinstance(value, float):
            numbers.append(value)
        else:
            return []
    return numbers if len(numbers) == 4 else []
