"""Whether a model's folder is still there, looked at beside the window: disks can be slow."""

from __future__ import annotations

import threading
from pathlib import Path

#: Seconds between two looks.
EVERY = 3.0


class Presence:
    """Looks now and then, in a thread, whether a folder still holds a model."""

    def __init__(self) -> None:
        self._path = ""
        self._gone = False
        self._due = 0.0
        self._thread: threading.Thread | None = None

    def gone(self, path: str, now: float) -> bool:
        """Whether the folder was gone at the last look; looks again when it is time.

        Parameters
        ----------
        path
            Of the checkpoint folder.
        now
            Seconds, from any beginning.
        """
        if path != self._path:
            self._path, self._gone, self._due = path, False, now
        running = self._thread is not None and self._thread.is_alive()
        if now >= self._due and not running:
            self._due = now + EVERY
            self._thread = threading.Thread(target=self._look, args=(path,), daemon=True)
            self._thread.start()
        return self._gone

    def _look(self, path: str) -> None:
        try:
            gone = not (Path(path) / "config.json").is_file()
        except OSError:
            gone = True
        if path == self._path:
            self._gone = gone
