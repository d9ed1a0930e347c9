"""The process that writes prompts: a chat template is a foreign program and may never end.

Run as ``python -m napari_medvlm.models.template_process``. The first line of the input is the
template with the tokens that it may name; every further line holds messages and switches. Each is
answered by one line. The process bounds its own memory, the one that started it bounds its time
(:mod:`.chat`); neither torch nor the network is ever imported here.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from ..errors import MissingExtraError
from ..extras import require

#: Python and Jinja take a tenth of it.
MEMORY = 1 << 30
MOST_CPU_SECONDS = 120
#: More characters than any context holds in tokens; pictures are one word each.
MOST_CHARACTERS = 16 << 20


def compiled(source: str) -> Any:
    """Compile a template in Jinja's sandbox, which lets it reach nothing but what it is given.

    Raises
    ------
    Exception
        Whatever Jinja raises for a template that is none.
    """
    sandbox = require("jinja2.sandbox", "to write prompts")
    marks, undefined = _jinja_parts()
    environment = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", marks],
        undefined=undefined,
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _now
    return environment.from_string(source)


def _to_json(value: object, **options: Any) -> str:
    # Not Jinja's own: that one writes < as an escape, for web pages.
    return json.dumps(value, ensure_ascii=False, **options)


def _now(form: str) -> str:
    return datetime.datetime.now().strftime(form)


def _refuse(message: str) -> None:
    raise ValueError(message)


def _jinja_parts() -> tuple[Any, Any]:
    """Make what templates need beyond Jinja's own: blocks without effect, and no blind names.

    Trainers mark the words of the assistant with ``{% generation %}``; for a prompt that means
    nothing. A name that nobody gives may be tested, as templates do with their switches; written
    out it would silently become nothing, another prompt than the authors', so that is refused.
    (Of a message's missing fields nothing is written, as the published pipeline does it.)
    """
    library = require("jinja2", "to write prompts")
    extension = require("jinja2.ext", "to write prompts").Extension

    class GenerationMarks(extension):  # type: ignore[misc, valid-type]
        tags = frozenset({"generation"})

        def parse(self, parser: Any) -> Any:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    class UnknownName(library.Undefined):  # type: ignore[misc, name-defined]
        __slots__ = ()

        def __str__(self) -> str:
            if self._undefined_obj is library.utils.missing:  # a bare name, not a field
                self._fail_with_undefined_error()
            return ""

    return GenerationMarks, UnknownName


def bound_memory(most: int) -> None:
    """Let this process have no more memory than this, where the system can hold it to that."""
    try:
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # Should nobody be left to end it.
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    except (ImportError, ValueError, OSError):
        return


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return f"it takes more than {MEMORY >> 20:,} MiB of memory"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return " ".join(str(error).split())[:300] or type(error).__name__


def _render(template: Any, values: Mapping[str, Any]) -> str:
    pieces, length = [], 0
    for piece in template.generate(**values):
        length += len(piece)
        if length > MOST_CHARACTERS:
            raise ValueError(f"it writes more than {MOST_CHARACTERS:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def serve(orders: TextIO, answers: TextIO) -> None:
    """Answer line by line until the orders end."""

    def say(answer: Mapping[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    first = json.loads(orders.readline() or "null")
    if first is None:
        return
    try:
        template = compiled(first["source"])
    except MissingExtraError as error:
        say({"missing": [error.message, error.advice]})
        return
    except Exception as error:
        say({"unreadable": _reason(error)})
        return
    say({"ready": True})
    for line in orders:
        try:
            values = json.loads(line)
            said: dict[str, Any] = {"text": _render(template, {**first["names"], **values})}
        except Exception as error:
            said = {"refused": _reason(error)}
        say(said)


if __name__ == "__main__":
    bound_memory(MEMORY)
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    serve(sys.stdin, sys.stdout)
