"""A small hub on this machine: answers what huggingface_hub asks, and misbehaves when told to."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

#: What is published in these tests: a small checkpoint of random weights.
CHECKPOINT = Path(__file__).parents[1] / "oracles" / "chexone" / "checkpoint"
REPOSITORY = "StanfordAIMI/CheXOne"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NEWER = "89abcdef0123456789abcdef0123456789abcdef"


@dataclass
class Repository:
    """What is published, and how the hub misbehaves about it.

    ``breaks`` are bytes after which the connection is cut, one for each request of a file,
    used up from the front. ``spoiled`` files arrive with other bytes than were stated. ``pages``
    are answered with a web page, as a network with a log-in page does, ``longer`` files with more
    bytes than were stated, ``shorter`` ones with fewer. ``busy`` counts refusals that pass.
    Large files lie at the address ``elsewhere``. While ``held`` is set and not released, no more
    than ``breaks`` bytes are sent.
    """

    files: dict[str, bytes]
    commit: str = COMMIT
    licence: str | None = "apache-2.0"
    gated: bool = False
    refused: tuple[int, str] | None = None
    breaks: dict[str, list[int]] = field(default_factory=dict)
    spoiled: set[str] = field(default_factory=set)
    ranges: bool = True
    pages: set[str] = field(default_factory=set)
    longer: set[str] = field(default_factory=set)
    shorter: set[str] = field(default_factory=set)
    busy: int = 0
    elsewhere: str = ""
    held: threading.Event | None = None


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    range: str
    authorization: str


class Hub:
    """The server, its repositories by name, and everything it was asked."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.asked: list[Asked] = []
        hub = self

        class Handler(_Handler):
            def __init__(self, *arguments: Any) -> None:
                self.hub = hub
                super().__init__(*arguments)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def fetched(self, name: str) -> list[Asked]:
        """Requests of one file's content."""
        return [one for one in self.asked if one.method == "GET" and one.path.endswith(f"/{name}")]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and content are two writes
    hub: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(
            Asked(
                self.command,
                path,
                self.headers.get("Range", ""),
                self.headers.get("Authorization", ""),
            )
        )
        for pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if found:
                repository = self.hub.repositories.get(found["repository"])
                if repository is None:
                    self._refuse(404, "RepoNotFound")
                elif repository.refused is not None:
                    self._refuse(*repository.refused)
                elif found["revision"] not in ("main", repository.commit):
                    self._refuse(404, "RevisionNotFound")
                else:
                    answer(repository, found)
                return
        self._refuse(404, "EntryNotFound")

    def _routes(self) -> list[tuple[str, Callable[[Repository, re.Match[str]], None]]]:
        name = r"(?P<repository>[^/]+/[^/]+)"
        return [
            (rf"/api/models/{name}/revision/(?P<revision>[^/]+)", self._info),
            (rf"/{name}/resolve/(?P<revision>[^/]+)/(?P<file>.+)", self._moved_or_file),
            (rf"/cdn/{name}/(?P<revision>[^/]+)/(?P<file>.+)", self._file),
        ]

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _info(self, repository: Repository, found: re.Match[str]) -> None:
        if "the hub itself" in repository.pages:
            self._page()
            return
        siblings = []
        for name, content in repository.files.items():
            entry: dict[str, Any] = {"rfilename": name, "size": len(content)}
            header = b"blob %d\0" % len(content)
            entry["blobId"] = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
            if _is_large(name):
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
            siblings.append(entry)
        card = {} if repository.licence is None else {"license": repository.licence}
        facts = {
            "id": found["repository"],
            "modelId": found["repository"],
            "sha": repository.commit,
            "private": False,
            "gated": "auto" if repository.gated else False,
            "cardData": card,
            "siblings": siblings,
        }
        body = json.dumps(facts).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _moved_or_file(self, repository: Repository, found: re.Match[str]) -> None:
        if repository.gated and not self.headers.get("Authorization"):
            self._refuse(401, "GatedRepo")
        elif found["file"] not in repository.files:
            self._refuse(404, "EntryNotFound")
        elif _is_large(found["file"]):
            # Large files lie elsewhere, as on the real hub.
            self.send_response(302)
            self.send_header("X-Repo-Commit", repository.commit)
            place = f"{found['repository']}/{found['revision']}/{found['file']}"
            self.send_header("Location", f"{repository.elsewhere}/cdn/{place}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._file(repository, found)

    def _file(self, repository: Repository, found: re.Match[str]) -> None:
        name = found["file"]
        content = repository.files[name]
        if repository.busy:
            repository.busy -= 1
            self._refuse(503, "")
            return
        if name in repository.pages:
            self._page()
            return
        if name in repository.spoiled:
            content = bytes(byte ^ 1 for byte in content)
        if name in repository.longer:
            content += b"x" * 100_000
        if name in repository.shorter:
            content = content[:-100]
        start = self._start() if repository.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", repository.commit)
        if name in repository.longer:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "HEAD":
            return
        breaks = repository.breaks.get(name, [])
        stop = start + breaks.pop(0) if breaks else len(content)
        self.wfile.write(content[start:stop])
        if stop < len(content):
            self.close_connection = True
            if repository.held is not None:
                repository.held.wait()
                self.wfile.write(content[stop:])

    def _page(self) -> None:
        body = b"<!doctype html><title>Log in to this network</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _start(self) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found else 0


def _is_large(name: str) -> bool:
    return name.endswith(".safetensors") or name == "tokenizer.json"
