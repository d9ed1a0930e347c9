"""The desk of the model manager: what is known of every model, and what can be done. No Qt.

A window shows ``rows`` and the jobs, and calls what its buttons say. Nothing here waits: looks at
the disk and the GPU's driver, and all works, run in threads. ``version`` grows with each change,
so that a timer sees it.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

from ..asking.model.remembered import (
    Wish,
    forget_folder,
    remember_folder,
    remember_wish,
    remembered,
)
from ..engine.machine import Machine
from ..errors import CheckpointError, FetchError
from ..models.catalog import CATALOG, CatalogEntry
from ..models.state import ModelState
from ..models.store import locate, partial_folder_of
from . import hub, pack
from .download import begun_revision, fetch
from .hub import HubOffer
from .jobs import Job, Jobs, JobState
from .manifest import read_manifest
from .overview import ModelRow, overview
from .progress import Progress
from .removing import remove_files, remove_partial
from .telling import Terms, terms_of

#: Seconds that a work has to end in when the program does.
_GRACE = 2.0

_log = logging.getLogger(__name__)


class ModelDesk:
    """What is known of the models, and the works on them.

    Parameters
    ----------
    endpoint
        Another hub of the same kind; None for the usual one.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        self.endpoint = endpoint
        self.jobs = Jobs(self._on_end)
        self.machine: Machine | None = None
        self.rows: tuple[ModelRow, ...] = ()
        self.version = 0
        #: How models are loaded that were not told otherwise.
        self.default = Wish()
        self._offers: dict[str, HubOffer] = {}
        self._dropped: set[str] = set()
        self._lock = threading.Lock()
        self._looking = self._again = False

    # ------------------------------------------------------------------ looking

    def look(self) -> None:
        """Look at the disk and the machine again, in a thread."""
        with self._lock:
            if self._looking:
                self._again = True
                return
            self._looking = True
        threading.Thread(target=self._look, name="medvlm-look", daemon=True).start()

    @property
    def looking(self) -> bool:
        """Whether a look is on its way."""
        return self._looking

    def row(self, key: str) -> ModelRow | None:
        """A model's row; None where there is none (yet)."""
        return next((row for row in self.rows if row.key == key), None)

    def job(self, key: str) -> JobState | None:
        """How the last work on a model stands."""
        found = self.jobs.of(key)
        return None if found is None else found.state

    def _look(self) -> None:
        while True:
            try:
                machine, rows = overview(remembered(), default=self.default)
            except Exception:
                # A disk or a driver may fail in ways that nobody has seen yet.
                _log.exception("The models could not be looked at")
            else:
                self.machine, self.rows = machine, self._with_vanished(rows)
            self.version += 1
            with self._lock:
                if not self._again:
                    self._looking = False
                    return
                self._again = False

    def _with_vanished(self, rows: tuple[ModelRow, ...]) -> tuple[ModelRow, ...]:
        """A model that was here and is gone, though nobody removed it, is no absent one."""
        before = {row.key: row.state for row in self.rows}
        seen = []
        for row in rows:
            then = before.get(row.key)
            was_here = then is not None and (then.kind == "ready" or _is_vanished(then))
            if row.state.kind == "absent" and was_here and row.key not in self._dropped:
                why = f"{_VANISHED} {row.folder}. Is its disk connected?"
                row = replace(row, state=ModelState("broken", why))
            if row.state.kind == "ready":
                self._dropped.discard(row.key)
            seen.append(row)
        return tuple(seen)

    def _on_end(self, job: Job) -> None:
        if job.act != "ask":
            self.look()
        self.version += 1

    # ------------------------------------------------------------------ getting

    def terms(self, key: str) -> Terms:
        """What a person agrees to with a download, as far as it is known now."""
        entry, row = _published(key), self.row(key)
        here = row.state.held if row is not None and row.state.kind != "absent" else 0
        return terms_of(entry, self._offers.get(key), begun_revision(entry), here, self.endpoint)

    def offer(self, key: str) -> HubOffer | None:
        """What the hub told of a model in this sitting; None before it was asked."""
        return self._offers.get(key)

    def ask_hub(self, key: str) -> Job:
        """Ask the hub what there is; nothing of the model is fetched.

        Raises
        ------
        FetchError
            If something else is being done with this model.
        """
        entry = _published(key)

        def work(progress: Progress) -> object:
            revision = begun_revision(entry) or entry.revision
            offer = hub.look(entry.repository, revision, self.endpoint)
            self._offers[key] = offer
            return offer

        return self.jobs.start(key, "ask", work)

    def download(self, key: str) -> Job:
        """Download a model, or go on; the hub was asked before, and a person has agreed.

        Raises
        ------
        FetchError
            If it was not, or something else is being done with this model.
        """
        entry, offer = _published(key), self._offers.get(key)
        if offer is None:
            raise FetchError("The hub has not been asked yet.")
        return self.jobs.start(key, "download", lambda progress: fetch(entry, offer, progress))

    def stop(self, key: str) -> None:
        """Pause a download, or end another work."""
        job = self.jobs.of(key)
        if job is not None:
            job.stop()

    def discard(self, key: str) -> Job:
        """End a download, and delete what has come of it.

        Raises
        ------
        FetchError
            If something else is being done with this model.
        """
        entry, running = _published(key), self.jobs.of(key)

        def work(progress: Progress) -> object:
            if running is not None:
                running.join()
            return remove_partial(entry)

        if running is not None:
            running.stop()
        return self.jobs.start(key, "remove", work, after=running)

    # ------------------------------------------------------------------ packs and folders

    def use_pack(self, folder: Path) -> Job:
        """Copy a pack to where its model is looked for, comparing checksums.

        Raises
        ------
        FetchError, CheckpointError
            If the folder is no pack of a known model.
        """
        manifest = read_manifest(folder)
        if manifest is None:
            raise FetchError(
                f"Expected a pack (a folder with manifest.json), found none in {folder.name}.",
                "A folder as it was published is taken with Use a folder…",
            )
        if manifest.name not in CATALOG:
            raise FetchError(
                f"The pack holds {manifest.name or 'a model'}, which is not in this list.",
                "Take it with Use a folder…",
            )
        name = manifest.name
        return self.jobs.start(name, "use", lambda progress: pack.use(folder, name, progress))

    def make_pack(self, key: str, destination: Path) -> Job:
        """Copy a model's files with checksums into a folder that does not exist yet."""
        return self.jobs.start(key, "pack", lambda progress: pack.pack(key, destination, progress))

    def check(self, key: str) -> Job:
        """Compare a model with its checksums, where they came with it."""
        row = self._needed(key)
        return self.jobs.start(key, "check", lambda progress: pack.check(row.folder, progress))

    def add_folder(self, folder: Path) -> str:
        """Add a checkpoint folder to the list; returns its key.

        Raises
        ------
        CheckpointError
            If it holds no model of a known layout.
        FetchError
            If the list could not be written.
        """
        located = locate(folder)
        path = located.path.absolute()
        for row in self.rows:
            if row.entry is not None and row.folder == path:
                return row.key
        if not remember_folder(path):
            raise FetchError("The list of folders could not be written.", "Is the disk full?")
        self.look()
        return str(path)

    def forget(self, key: str) -> None:
        """Take a folder off the list; its files stay."""
        forget_folder(key)
        self.jobs.forget(key)
        self.look()

    def delete(self, key: str) -> Job:
        """Delete a model's files; a folder that was added goes off the list too.

        Raises
        ------
        FetchError
            For the model that ships with the program, or where something else is being done.
        """
        row = self._needed(key)
        if row.entry is not None and not row.entry.repository:
            raise FetchError(f"{row.label} is a part of this program and stays.")

        def work(progress: Progress) -> object:
            self._dropped.add(key)
            freed, left = remove_files(row.folder)
            if row.entry is not None and partial_folder_of(row.entry).is_dir():
                freed += remove_partial(row.entry)  # begun before the model came another way
            if row.entry is None:
                forget_folder(key)
            if left:
                _log.info("Left in the folder: %s", ", ".join(left))
            return freed

        return self.jobs.start(key, "remove", work)

    def wish(self, key: str, wish: Wish) -> None:
        """Keep how a model is to be loaded."""
        remember_wish(key, wish)
        self.look()

    def network(self) -> tuple[bool, str]:
        """Whether the network is used just now, and a line that says so."""
        host = hub.hub_address(self.endpoint).partition("://")[2]
        for job in self.jobs.active:
            if job.act in ("ask", "download"):
                label = CATALOG[job.key].label
                doing = "asking about" if job.act == "ask" else "downloading"
                return True, f"online: {doing} {label} at {host}"
        why = hub.why_unreachable()
        if why:
            return False, f"offline. {why}"
        return False, "offline: nothing is fetched unless you press Download"

    def close(self) -> None:
        """End all works; what a download has is kept. Does not wait, but the program's end does."""
        if not self.jobs.close():
            threading.Thread(target=self.jobs.close, args=(_GRACE,), name="medvlm-end").start()

    def _needed(self, key: str) -> ModelRow:
        row = self.row(key)
        if row is None:
            raise CheckpointError(f"There is no model {key!r} in the list.")
        return row


_VANISHED = "The folder is gone:"


def _is_vanished(state: ModelState) -> bool:
    return state.kind == "broken" and state.why.startswith(_VANISHED)


def _published(key: str) -> CatalogEntry:
    entry = CATALOG.get(key)
    if entry is None or not entry.repository:
        raise FetchError(f"{key} is not published anywhere that this program knows.")
    return entry
