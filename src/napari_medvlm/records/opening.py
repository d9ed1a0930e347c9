"""Opening the journal's file: where it lies, who may read it, what happens to a broken one."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import time
from pathlib import Path

from ..errors import RecordError
from .recovery import recover
from .schema import prepare

#: A path; or "off", which keeps nothing.
JOURNAL_VARIABLE = "MEDVLM_JOURNAL"
OFF = "off"
FILE_NAME = "journal.sqlite"
#: Seconds that a write waits for another process; and once one has waited in vain, for a while.
BUSY_SECONDS, _BUSY_AFTERWARDS, _A_WHILE = 10.0, 0.25, 60.0
#: What belongs to a file in WAL mode (https://www.sqlite.org/wal.html).
_SIBLINGS = ("", "-wal", "-shm")
#: Primary result codes that mean a file is beyond use (https://www.sqlite.org/rescode.html).
_BROKEN = {11, 26}  # SQLITE_CORRUPT, SQLITE_NOTADB
_LOCKED = {5, 6}  # SQLITE_BUSY, SQLITE_LOCKED


def journal_path() -> Path | None:
    """Where the journal lies: ``MEDVLM_JOURNAL``, or the user's data folder; None if "off"."""
    chosen = os.environ.get(JOURNAL_VARIABLE, "").strip()
    if chosen.lower() == OFF:
        return None
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("napari-medvlm", appauthor=False)) / FILE_NAME


class Patience:
    """How long to wait for a file that another program may hold: once long, then hardly.

    Every write would else wait in vain for the same program, one after another.
    """

    def __init__(self) -> None:
        self._met_at = -math.inf

    @property
    def seconds(self) -> float:
        """To wait now."""
        lately = time.monotonic() - self._met_at < _A_WHILE
        return _BUSY_AFTERWARDS if lately else BUSY_SECONDS

    def renew(self) -> None:
        """Wait long again."""
        self._met_at = -math.inf

    def note(self, error: sqlite3.Error) -> None:
        """Take in why something failed."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _LOCKED:
            self._met_at = time.monotonic()


#: Shared by all journals of a program: a network share that is held holds all of them.
PATIENCE = Patience()


def is_broken(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is damaged, or is no database at all."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _BROKEN


def open_file(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open the file, and make it where there is none.

    A damaged one is moved aside, never deleted.

    Returns
    -------
    connection, notice
        In autocommit mode with foreign keys; and a sentence for the user where something
        happened to the file, else "".

    Raises
    ------
    RecordError
        If it cannot be opened, or was written by a newer version.
    """
    try:
        _make(path)
        try:
            return _connect(path), ""
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise
        aside = _move_aside(path)
        _make(path)
        connection = _connect(path)
        carried, known = recover(aside, connection)
        kept = (
            f"{carried} of {known} questions were carried over into"
            if carried
            else "Nothing of it could be read into"
        )
        return connection, (
            f"The journal was damaged. {kept} a new one; the damaged file is kept as {aside.name}."
        )
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.Error):
            PATIENCE.note(error)
        raise RecordError(
            f"The journal {path} cannot be opened: {error}.",
            f"Set {JOURNAL_VARIABLE} to another file, or to “{OFF}” to keep nothing.",
        ) from error


def _make(path: Path) -> None:
    # Questions and images are the user's alone; what SQLite puts beside it gets the same mode.
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _connect(path: Path) -> sqlite3.Connection:
    # One lock guards it, see Journal; so that it may be made by one thread and used by another.
    connection = sqlite3.connect(
        path, timeout=PATIENCE.seconds, isolation_level=None, check_same_thread=False
    )
    # Bytes that are no text show as marks, and cost no other row.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        # Pages of what was wiped are overwritten. Both have to stand before the first table.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # Bears the death of the program; only a power cut may cost the last writes.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        prepare(connection)
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            damaged = sqlite3.DatabaseError(found)
            damaged.sqlite_errorcode = 11
            raise damaged
    except BaseException:
        connection.close()
        raise
    return connection


def _move_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.damaged-{stamp}-{os.getpid()}")
    for sibling in _SIBLINGS:
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{sibling}", f"{aside}{sibling}")
    return aside
