"""Where events wait for whoever reads them: a timer, a loop of the command line, a callback."""

from __future__ import annotations

import collections
import logging
import threading
import time
from collections.abc import Callable, Iterator

from ..dialogue.events import Event, Failed, Replied

Callback = Callable[[Event], None]

#: Nobody may drain for as long as a program runs, so the oldest events go.
_KEPT_EVENTS = 100_000
#: Requests whose events nobody has read to the end.
_KEPT_REQUESTS = 32

_log = logging.getLogger(__name__)


class Mailbox:
    """Events by arrival and by request. All methods are safe from any thread."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._all: collections.deque[Event] = collections.deque(maxlen=_KEPT_EVENTS)
        self._by_request: dict[int, collections.deque[Event]] = {}
        self._ended: dict[int, None] = {}
        self._callbacks: dict[object, Callback] = {}
        self._shut = False

    def open(self, request: int) -> None:
        """Begin to keep the events of a request."""
        with self._news:
            self._by_request[request] = collections.deque()

    def deliver(self, event: Event, last: bool) -> None:
        """Take an event; ``last`` says that its request has ended with it."""
        with self._news:
            callbacks = list(self._callbacks.values())
        # First, so that whoever has waited for an event finds what a listener made of it.
        for callback in callbacks:
            try:
                callback(event)
            except Exception:  # a listener's mistake must not end the engine's thread
                _log.exception("A listener of the engine failed")
        with self._news:
            self._all.append(event)
            waiting = self._by_request.get(event.request)
            if waiting is not None:
                waiting.append(event)
            if last:
                self._ended[event.request] = None
                self._forget_old()
            self._news.notify_all()

    def shut(self) -> None:
        """Nothing will come any more: let nobody wait."""
        with self._news:
            self._shut = True
            self._news.notify_all()

    def drain(self) -> list[Event]:
        """Take every event that arrived since the last call."""
        with self._news:
            events = list(self._all)
            self._all.clear()
        return events

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call ``callback`` for every event, in the engine's thread, until unsubscribed."""
        key = object()
        with self._news:
            self._callbacks[key] = callback

        def unsubscribe() -> None:
            with self._news:
                self._callbacks.pop(key, None)

        return unsubscribe

    def events(self, request: int, timeout: float | None) -> Iterator[Event]:
        """Yield a request's events until its last one; see ``ModelThread.events``."""
        with self._news:
            if request not in self._by_request:
                msg = f"Request {request} is unknown, or its events were read already."
                raise ValueError(msg)
        return self._follow(request, timeout)

    def _follow(self, request: int, timeout: float | None) -> Iterator[Event]:
        while (event := self._next(request, timeout)) is not None:
            yield event
            if isinstance(event, Replied | Failed):
                break
        with self._news:
            self._by_request.pop(request, None)
            self._ended.pop(request, None)

    def _next(self, request: int, timeout: float | None) -> Event | None:
        limit = None if timeout is None else time.monotonic() + timeout
        with self._news:
            while True:
                waiting = self._by_request.get(request)
                if waiting:
                    return waiting.popleft()
                if waiting is None or self._shut or request in self._ended:
                    return None
                left = None if limit is None else limit - time.monotonic()
                if left is not None and left <= 0:
                    msg = f"No news of request {request} for {timeout:g} s."
                    raise TimeoutError(msg)
                self._news.wait(left)

    def _forget_old(self) -> None:
        while len(self._ended) > _KEPT_REQUESTS:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            self._by_request.pop(oldest, None)
