"""The chat template of a checkpoint: messages to the text that the tokenizer gets.

A template is a program in the Jinja language; it is run in Jinja's sandbox, which lets it reach
nothing but the messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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


class ChatTemplate:
    """A compiled chat template.

    Parameters
    ----------
    source
        Of :func:`read_template`.
    """

    def __init__(self, source: str) -> None:
        sandbox = require("jinja2.sandbox", "to write prompts")
        environment = sandbox.ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
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
            text: str = self._template.render(messages=list(messages), tools=None, **switches)
        except require("jinja2", "to write prompts").TemplateError as error:
            raise CheckpointError(f"The chat template refused the messages ({error}).") from error
        return text


def _to_json(value: object, **options: Any) -> str:
    # Not Jinja's own: that one writes < as \u003c, for web pages.
    return json.dumps(value, ensure_ascii=False, **options)


def _refuse(message: str) -> None:
    raise CheckpointError(f"The chat template refused the messages ({message}).")
