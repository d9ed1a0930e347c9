"""The chat template of a checkpoint: messages to the text that the tokenizer gets.

A template is a program in the Jinja language; it is run in Jinja's sandbox, which lets it reach
nothing but the messages, the names of the tokenizer's special tokens, and the date.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..errors import CheckpointError
from ..extras import require
from .checkpoint import Checkpoint
from .needs import TEMPLATE_FILES

Message = Mapping[str, Any]


def read_template(checkpoint: Checkpoint) -> str:
    """Find the chat template, in the order in which the published pipeline looks.

    Parameters
    ----------
    checkpoint
        The folder.

    Raises
    ------
    CheckpointError
        If no file holds one.
    """
    own = checkpoint.folder / "chat_template.jinja"
    if own.is_file():
        return own.read_text(encoding="utf-8")
    for name in ("chat_template.json", "tokenizer_config.json"):
        template = (checkpoint.json(name) or {}).get("chat_template")
        if isinstance(template, list):
            template = {t.get("name"): t.get("template") for t in template}.get("default")
        if isinstance(template, str):
            return template
    raise CheckpointError(
        f"Expected a chat template in {checkpoint.folder} ({', '.join(TEMPLATE_FILES)}), "
        "found none.",
        "Copy the missing file from the place where the model was published.",
    )


#: Special tokens that templates may name, as ``tokenizer_config.json`` calls them.
TOKEN_NAMES = tuple(f"{kind}_token" for kind in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))


def named_tokens(checkpoint: Checkpoint) -> dict[str, str]:
    """Special tokens by their names, ``eos_token`` and its kin, for a template to write.

    Parameters
    ----------
    checkpoint
        The folder. What ``tokenizer_config.json`` says comes before ``special_tokens_map.json``.
    """
    found: dict[str, str] = {}
    for file in ("special_tokens_map.json", "tokenizer_config.json"):
        values = checkpoint.json(file) or {}
        for name in TOKEN_NAMES:
            value = values.get(name)
            value = value.get("content") if isinstance(value, dict) else value
            if isinstance(value, str):
                found[name] = value
    return found


class ChatTemplate:
    """A compiled chat template.

    Parameters
    ----------
    source
        Of :func:`read_template`.
    names
        What it may write by name beside the messages: :func:`named_tokens`.
    """

    def __init__(self, source: str, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})
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
        try:
            self._template = environment.from_string(source)
        except require("jinja2", "to write prompts").TemplateError as error:
            raise CheckpointError(f"The chat template cannot be read ({error}).") from error

    def render(self, messages: Sequence[Message], **switches: object) -> str:
        """Write the prompt.

        Parameters
        ----------
        messages
            Roles and contents; pictures need only their type.
        **switches
            ``add_generation_prompt``, ``add_vision_id`` and whatever the template asks for.
        """
        try:
            values = {**self._names, "messages": list(messages), "tools": None, **switches}
            text: str = self._template.render(values)
        except require("jinja2", "to write prompts").TemplateError as error:
            raise CheckpointError(f"The chat template refused the messages ({error}).") from error
        return text


def _to_json(value: object, **options: Any) -> str:
    # Not Jinja's own: that one writes < as \u003c, for web pages.
    return json.dumps(value, ensure_ascii=False, **options)


def _now(form: str) -> str:
    return datetime.datetime.now().strftime(form)


@lru_cache(maxsize=1)
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


def _refuse(message: str) -> None:
    raise CheckpointError(f"The chat template refused the messages ({message}).")
