"""What a hub answers about a model: bounded in bytes and time, and looked at before it is believed.

The hub is foreign: an answer without an end, one of another form, or one that hides commands for a
terminal in a licence is one sentence, or none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..errors import FetchError
from ..extras import require
from ..safe_text import visible

PURPOSE = "to get models"
#: Bytes that an answer about a model may have, and seconds that it may take in all. The largest
#: repositories that are read here have some thousand files, of 200 bytes each.
_MOST_BYTES, _MOST_SECONDS = 8 << 20, 30.0
_NOT_UNDERSTOOD = "This network may ask you to log in, or block the hub: open the hub in a browser."
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Published:
    """A file of a repository: its size, and the checksums that are stated of it."""

    size: int
    sha256: str = ""
    git_sha1: str = ""


@dataclass(frozen=True)
class Answer:
    """What a hub says of a repository at one commit."""

    commit: str
    licence: str
    gated: bool
    files: Mapping[str, Published]


def ask(
    url: str, revision: str, headers: Mapping[str, str], timeout: float,
    should_stop: Callable[[], bool] = lambda: False,
) -> Answer:  # fmt: skip
    """Ask a hub about a repository.

    Parameters
    ----------
    url
        ``…/api/models/owner/name``.
    revision
        A commit, branch or tag.
    headers
        With the log-in, where it may be sent there.
    timeout
        Seconds that the hub may be silent.
    should_stop
        Asked between pieces of the answer.

    Raises
    ------
    FetchError
        If the answer is too long, too slow, or not of the form that hubs answer in.
    Exception
        The client's own, when the connection fails or the hub refuses.
    """
    hub = require("huggingface_hub", PURPOSE)
    began, body = time.monotonic(), bytearray()
    address = f"{url}/revision/{quote(revision, safe='')}"
    with hub.get_session().stream(
        "GET", address, params={"blobs": "true"}, headers=dict(headers), timeout=timeout,
        follow_redirects=True,
    ) as response:  # fmt: skip
        if response.is_error:
            response.read()
        hub.hf_raise_for_status(response)
        for piece in response.iter_bytes(1 << 16):
            body += piece
            if len(body) > _MOST_BYTES:
                raise FetchError(
                    f"The hub's answer about a model is longer than {_MOST_BYTES >> 20} MB; "
                    "some kilobytes were expected.", _NOT_UNDERSTOOD,
                )  # fmt: skip
            if time.monotonic() - began > _MOST_SECONDS or should_stop():
                raise FetchError(
                    f"The hub's answer about a model took longer than {_MOST_SECONDS:.0f} s.",
                    "Try again later.",
                )
    try:
        return read_answer(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise FetchError(
            "The hub's answer about a model was not understood: it is not of the form that "
            "hubs answer in.", _NOT_UNDERSTOOD,
        ) from error  # fmt: skip


def read_answer(plain: Any) -> Answer:
    """Look through an answer.

    Raises
    ------
    ValueError
        If a part that is used here is of another kind.
    """
    if not isinstance(plain, dict):
        raise ValueError("no object")
    card = plain.get("cardData")
    told = card.get("license") if isinstance(card, dict) else None
    names = told if isinstance(told, list) else [told] if told is not None else []
    files = plain.get("siblings") or []
    if not isinstance(files, list):
        raise ValueError("siblings")
    return Answer(
        commit=_hexadecimal(plain.get("sha"), (40, 64)),
        licence=", ".join(visible(str(name)[:80]) for name in names[:5]),
        gated=bool(plain.get("gated")),
        files=dict(_file(one) for one in files),
    )


def _file(plain: Any) -> tuple[str, Published]:
    if not isinstance(plain, dict) or not isinstance(plain.get("rfilename"), str):
        raise ValueError("a file without a name")
    lfs = plain.get("lfs")
    if isinstance(lfs, dict):
        sha256 = _hexadecimal(lfs.get("sha256") or lfs.get("oid") or "", (64,))
        return plain["rfilename"], Published(_size(lfs.get("size")), sha256=sha256)
    blob = _hexadecimal(plain.get("blobId") or "", (40,))
    return plain["rfilename"], Published(_size(plain.get("size") or 0), git_sha1=blob)


def _size(found: Any) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 1 << 50:
        raise ValueError("a size that is none")
    return found


def _hexadecimal(found: Any, lengths: tuple[int, ...]) -> str:
    text = "" if found is None else found
    if not isinstance(text, str):
        raise ValueError("a checksum that is none")
    text = text.lower().removeprefix("sha256:")
    if text and (len(text) not in lengths or not set(text) <= _DIGITS):
        raise ValueError("a checksum that is none")
    return text
