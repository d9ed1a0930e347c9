"""What the model process may not do: reach a network.

The rule is enforced with an audit hook (PEP 578), which the C code of ``socket`` asks before
every connect, send and name look-up. It cannot be taken off again, and code that kept the
real ``connect`` from before, or that uses ``_socket`` directly, is refused as well.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import MutableMapping
from typing import Any

RULE = (
    "The model process never uses the network: models are read from local folders, and what "
    "is shown to them stays on this machine."
)

#: Set before any model library is imported. Libraries that obey them do not even try.
OFFLINE_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}

_LOOK_UPS = frozenset(
    {
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.getnameinfo",
    }
)
_SENDS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"})


class NetworkRefusedError(PermissionError):
    """Something in the model process tried to reach a network."""


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event in _LOOK_UPS:
        raise NetworkRefusedError(f"{event} of {args[0]!r} refused. {RULE}")
    if event in _SENDS and not _is_local(args[0]):
        raise NetworkRefusedError(f"{event} to {args[-1]!r} refused. {RULE}")


def _is_local(sock: Any) -> bool:
    # Sockets of the file system (and socket pairs) never leave the machine.
    return getattr(sock, "family", None) == getattr(socket, "AF_UNIX", object())


def refuse_network() -> None:
    """Refuse every socket of this process but AF_UNIX ones, for the rest of its life."""
    sys.addaudithook(_refuse)


def thread_count(environment: MutableMapping[str, str] | None = None) -> int:
    """How many threads the model may compute with.

    ``MEDVLM_THREADS`` decides where it is set. Otherwise every core that this process may use
    but one, which is left to the viewer: two threads on two cores were never faster than one
    and made the viewer stall.
    """
    source = os.environ if environment is None else environment
    wanted = source.get("MEDVLM_THREADS", "").strip()
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, cores - 1)


def prepare_environment(environment: MutableMapping[str, str]) -> None:
    """Set what the libraries of the model process read when they are imported."""
    environment.update(OFFLINE_ENVIRONMENT)
    threads = str(thread_count(environment))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        # The user's own figure stands, unless MEDVLM_THREADS says otherwise.
        if environment.get("MEDVLM_THREADS") or name not in environment:
            environment[name] = threads
