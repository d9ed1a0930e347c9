"""The chat template of a checkpoint: messages to the text that the tokenizer gets.

A template is a program in the Jinja language; it is run in Jinja's sandbox, which lets it reach
nothing but the messages, the names of the tokenizer's special tokens, and the date. The sandbox
bounds neither time nor memory, so it has a process of its own, which can be ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import CheckpointError, MissingExtraError
from ..extras import require
from ..safe_text import visible
from .checkpoint import Checkpoint
from .json_files import read_text
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
        return read_text(own)
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


#: Seconds that a prompt may take; published templates take a thousandth of one.
MOST_SECONDS = 20.0
#: Seconds that the process may take to start on a busy machine.
MOST_SECONDS_TO_START = 60.0


class ChatTemplate:
    """A chat template, run in a process of its own: see :mod:`.template_process`.

    The process starts at once and nobody waits for it until the first prompt is written.

    Parameters
    ----------
    source
        Of :func:`read_template`.
    names
        What it may write by name beside the messages: :func:`named_tokens`.
    """

    def __init__(self, source: str, names: Mapping[str, str] | None = None) -> None:
        require("jinja2", "to write prompts")
        self._first = json.dumps({"source": source, "names": dict(names or {})})
        self._lock = threading.Lock()
        self._ready = False
        self._failed = ""
        self._start()

    def check(self) -> None:
        """Wait for the template to be compiled.

        Raises
        ------
        CheckpointError
            If it cannot be.
        """
        with self._lock:
            self._wait_until_ready()

    def render(self, messages: Sequence[Message], **switches: object) -> str:
        """Write the prompt.

        Parameters
        ----------
        messages
            Roles and contents; pictures need only their type.
        **switches
            ``add_generation_prompt``, ``add_vision_id`` and whatever the template asks for.

        Raises
        ------
        CheckpointError
            If the template refuses the messages, or takes more time or memory than any prompt
            needs.
        """
        values = {"messages": list(messages), "tools": None, **switches}
        with self._lock:
            self._wait_until_ready()
            answer = self._answer(json.dumps(values), MOST_SECONDS)
        if "refused" in answer:
            raise CheckpointError(
                f"The chat template refused the messages ({visible(str(answer['refused']))}).",
                _ADVICE,
            )
        return str(answer["text"])

    def close(self) -> None:
        """End the process."""
        self._end()

    def _start(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"{__package__}.template_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._process = process
        self._ready = False
        self._end = weakref.finalize(self, _end, process)
        with contextlib.suppress(OSError):
            self._write(self._first)

    def _wait_until_ready(self) -> None:
        if self._failed:
            raise CheckpointError(self._failed, _ADVICE)
        if self._process.poll() is not None:
            self._end()
            self._start()
        if self._ready:
            return
        answer = self._answer(None, MOST_SECONDS_TO_START)
        if "missing" in answer:
            raise MissingExtraError(*answer["missing"])
        if "unreadable" in answer:
            self._failed = (
                f"The chat template cannot be read ({visible(str(answer['unreadable']))})."
            )
            raise CheckpointError(self._failed, _ADVICE)
        self._ready = True

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _answer(self, order: str | None, seconds: float) -> dict[str, Any]:
        """Send an order and read its answer; after ``seconds`` the process is ended."""
        stream = self._process.stdout
        assert stream is not None
        late = threading.Timer(seconds, self._process.kill)
        late.daemon = True
        late.start()
        try:
            if order is not None:
                self._write(order)
            line = stream.readline()
        except OSError:
            line = ""
        finally:
            in_time = late.is_alive()
            late.cancel()
        try:
            answer = json.loads(line)
        except ValueError:
            self._end()
            why = "ended without a prompt, or takes too much memory"
            if not in_time:
                why = f"takes more than {seconds:g} s"
            raise CheckpointError(f"The chat template {why}.", _ADVICE) from None
        return dict(answer)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    process.wait()


_ADVICE = "Copy the file with the chat template again from where the model was published."
