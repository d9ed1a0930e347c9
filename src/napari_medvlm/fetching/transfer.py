"""One file from the hub to the disk: on from its last byte, however often the connection breaks.

The hub is as foreign as what it sends. A web page in place of a file, as networks with a log-in
page answer, is not written; no more bytes are taken than were stated; and what a redirection leads
to at another host is asked without the log-in (the library's client takes it off).
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import IO, Any

from ..errors import FetchError
from ..extras import require
from .answer import PURPOSE
from .hub import library, token_for
from .progress import Count

#: Attempts without a new byte before a connection is given up, and the longer wait each time.
ATTEMPTS = 5
WAIT_SECONDS = 1.0
#: How often a wait asks whether it should go on.
_GLANCE_SECONDS = 0.2
#: Answers that pass by themselves.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _Passing(Exception):
    """The hub cannot answer just now."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def receive(url: str, part: Path, size: int, endpoint: str | None, count: Count) -> None:
    """Append to a file what it lacks.

    Parameters
    ----------
    url
        Of the whole file.
    part
        Where it grows; its bytes are the first of the file.
    size
        Bytes that the file should have.
    endpoint
        The hub; the log-in is sent to the usual one alone (None).
    count
        Told each piece. What it raises ends the transfer; what has come stays.

    Raises
    ------
    FetchError
        If what is sent cannot be the file.
    Exception
        The client's own, when the connection is given up or the hub refuses.
    """
    httpx = require("httpx2", PURPOSE)
    tries = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        if before == size and part.exists():
            return
        try:
            with part.open("ab") as stream:
                _stream(url, stream, size, endpoint, count)
            return
        except (httpx.TransportError, _Passing) as error:
            tries = 1 if part.stat().st_size > before else tries + 1
            if tries > ATTEMPTS:
                raise error.error if isinstance(error, _Passing) else error from None
            _wait(tries * WAIT_SECONDS, count)


def _wait(seconds: float, count: Count) -> None:
    until = time.monotonic() + seconds
    while True:
        count.more("waiting", 0)
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _GLANCE_SECONDS))


def _stream(url: str, stream: IO[bytes], size: int, endpoint: str | None, count: Count) -> None:
    hub = library()
    here = stream.tell()
    # Byte ranges are of the plain file, so it must not come compressed.
    wishes = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={here}-"} if here else {})
    headers = require("huggingface_hub.utils", PURPOSE).build_hf_headers(
        token=token_for(endpoint), headers=wishes
    )
    timeout = require("huggingface_hub.constants", PURPOSE).HF_HUB_DOWNLOAD_TIMEOUT
    with hub.get_session().stream(
        "GET", url, headers=headers, timeout=timeout, follow_redirects=True
    ) as response:
        _require_answer(response)
        start = _start_of(response, here, size)
        if start != here:
            stream.seek(0)
            stream.truncate()
            here = 0
        count.at("fetching", here)
        for piece in response.iter_bytes():
            here += len(piece)
            if here > size:
                raise FetchError(
                    f"The hub sends more than the {size:,} bytes that it states of this file.",
                    "Nothing of the surplus was kept.",
                )
            stream.write(piece)
            count.at("fetching", here)
    if here < size:
        raise FetchError(
            f"The hub sent {here:,} of {size:,} bytes and said that this was all.",
            "What has come is kept. Try again later.",
        )


def _require_answer(response: Any) -> None:
    if not response.is_error:
        return
    response.read()
    try:
        require("huggingface_hub", PURPOSE).hf_raise_for_status(response)
    except Exception as error:
        if response.status_code in _PASSING:
            raise _Passing(error) from error
        raise


def _start_of(response: Any, here: int, size: int) -> int:
    """Return the first byte that is sent, if the answer can be the file at all."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html":
        raise FetchError(
            "A web page came in place of a file.",
            "This network may ask you to log in, or block the hub: open the hub in a browser.",
        )
    start, total = 0, response.headers.get("Content-Length")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        total = None  # of the compressed file
    if response.status_code == 206:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != here:
            raise FetchError("The hub sent another part of the file than was asked.", "Try again.")
        start, total = here, None if found[2] == "*" else found[2]
    if total is not None and int(total) != size:
        raise FetchError(
            f"Expected a file of {size:,} bytes, as the hub states it; it offers {int(total):,}.",
            "Something between here and the hub may answer in its place. Nothing of it was kept.",
        )
    return start
