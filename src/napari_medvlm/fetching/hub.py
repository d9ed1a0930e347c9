"""What the hub is asked, through huggingface_hub, and its refusals in words for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import FetchError
from ..extras import install_hint, is_there, require
from .answer import PURPOSE, ask
from .selecting import wanted

#: Seconds that the hub has to answer a question about a model.
TIMEOUT = 20.0
GOES_ON = "What has come is kept: getting the model again goes on where it broke off."


@dataclass(frozen=True)
class HubFile:
    """A published file: bytes, and the checksum that the hub states.

    Large files come with their SHA-256, the others with the id that git gives their content.
    """

    size: int
    sha256: str = ""
    git_sha1: str = ""


@dataclass(frozen=True)
class HubOffer:
    """What a repository holds at one commit.

    Parameters
    ----------
    repository, commit
        Which, and the full id of the commit.
    licence
        As its card names it; empty where it names none.
    gated
        Whether terms have to be accepted first.
    files
        Those that are wanted, by name.
    endpoint
        The hub; None for the usual one.
    logged_in
        Whether a log-in is kept on this machine that would be sent there.
    """

    repository: str
    commit: str
    licence: str
    gated: bool
    files: Mapping[str, HubFile]
    endpoint: str | None = None
    logged_in: bool = False

    @property
    def unvouched(self) -> tuple[str, ...]:
        """Weights of which nobody states a checksum."""
        return tuple(
            name for name, file in self.files.items()
            if name.endswith(".safetensors") and not file.sha256 and not file.git_sha1
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Bytes of all wanted files."""
        return sum(file.size for file in self.files.values())


def library() -> Any:
    """Import huggingface_hub, told to ask for nothing but what it is asked for.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    FetchError
        If the environment says that this machine stays offline.
    """
    # Read when it is imported. Its usage reports would name the libraries that are installed.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    constants: Any = require("huggingface_hub.constants", PURPOSE)
    constants.HF_HUB_DISABLE_TELEMETRY = True
    if constants.is_offline_mode():
        raise FetchError(
            "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, which says that nothing may be "
            "fetched here.",
            "Unset it for this command, or bring the model as a pack (medvlm models pack).",
        )
    return require("huggingface_hub", PURPOSE)


def look(repository: str, revision: str = "", endpoint: str | None = None) -> HubOffer:
    """Ask what a repository holds; nothing is downloaded.

    Parameters
    ----------
    repository
        As in "owner/name".
    revision
        A commit, branch or tag; the newest commit of the main branch without it.
    endpoint
        Another hub of the same kind.

    Raises
    ------
    FetchError
        If the hub cannot be reached, refuses, or holds nothing that can be used here.
    """
    hub = library()
    utils = require("huggingface_hub.utils", PURPOSE)
    headers = utils.build_hf_headers(token=token_for(endpoint))
    with told(repository, endpoint):
        base = endpoint or require("huggingface_hub.constants", PURPOSE).ENDPOINT
        url = f"{base.rstrip('/')}/api/models/{repository}"
        answer = ask(url, revision or "main", headers, TIMEOUT)
    names = wanted(answer.files)
    if not any(name.endswith(".safetensors") for name in names):
        raise FetchError(
            f"{repository} publishes no weights in the safetensors form.",
            "Other forms can run code when they are opened, and are not read here.",
        )
    if not answer.commit:
        raise FetchError(f"The hub names no commit of {repository}.", "Nothing can be pinned.")
    return HubOffer(
        repository=repository,
        commit=answer.commit,
        licence=answer.licence,
        gated=answer.gated,
        files={name: HubFile(**vars(answer.files[name])) for name in names},
        endpoint=endpoint,
        logged_in=endpoint is None and bool(hub.get_token()),
    )


def hub_address(endpoint: str | None = None) -> str:
    """Where a hub is, as people read it; imports nothing and asks nobody."""
    address = endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    return address.rstrip("/")


def why_unreachable() -> str:
    """Say why nothing can be fetched here, before anything is tried; empty where it can be."""
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is None:
        said = (os.environ.get(name, "") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
        offline = any(word.upper() in ("1", "ON", "YES", "TRUE") for word in said)
    else:
        offline = bool(constants.is_offline_mode())
    if offline:
        return "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set: nothing can be fetched here."
    lacking = [name for name in ("huggingface_hub", "httpx2", "filelock") if not is_there(name)]
    if lacking:
        return f"{lacking[0]} is not installed. {install_hint(lacking[0])}"
    return ""


def token_for(endpoint: str | None) -> bool | None:
    """Send the user's saved log-in to the usual hub alone, never to another one."""
    return None if endpoint is None else False


def _gist(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__


def _hidden(repository: str) -> str:
    return f"The hub has no {repository}, or shows it only to people who are logged in."


@contextmanager
def told(repository: str, endpoint: str | None, kept: str = "") -> Iterator[None]:
    """Turn the library's errors into sentences.

    Parameters
    ----------
    repository, endpoint
        What is asked for, and where.
    kept
        What is said of bytes that have come, where the connection breaks.

    Raises
    ------
    FetchError
        Instead of every error of the hub and of the connection.
    """
    constants = require("huggingface_hub.constants", PURPOSE)
    errors, httpx = require("huggingface_hub.errors", PURPOSE), require("httpx2", PURPOSE)
    address = f"{(endpoint or constants.ENDPOINT).rstrip('/')}/{repository}"
    log_in = "Log in with: hf auth login." if endpoint is None else "No log-in was sent there."
    try:
        yield
    except errors.GatedRepoError as error:
        raise FetchError(
            f"{repository} is gated: it is given to people who have accepted its terms.",
            f"Accept them at {address}, then try again. {log_in}",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise FetchError(f"{repository} has no such revision.", f"See {address}.") from error
    except errors.RemoteEntryNotFoundError as error:
        raise FetchError(f"A file of {repository} is gone from the hub.", "Try again.") from error
    except errors.RepositoryNotFoundError as error:
        raise FetchError(_hidden(repository), f"See {address}. {log_in}") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise FetchError(_hidden(repository), f"See {address}. {log_in}") from error
        raise FetchError(
            f"The hub refused {repository} (it answered {status}).",
            "What has come is kept. Try again later.",
        ) from error
    except (httpx.TransportError, ConnectionError) as error:
        raise FetchError(
            f"The connection to {address} failed ({type(error).__name__}).",
            kept or "Nothing was fetched. Is this computer on a network?",
        ) from error
    except httpx.HTTPError as error:
        raise FetchError(
            f"{address} answered in a way that was not understood ({type(error).__name__}).",
            "Try again later.",
        ) from error
    except ValueError as error:
        # Also how the library tells an answer that is no JSON: a web page, as networks with a
        # log-in page give.
        raise FetchError(
            f"Expected what the hub tells of {repository}, found something else ({_gist(error)}).",
            "This network may ask you to log in, or block the hub: open the hub in a browser.",
        ) from error
