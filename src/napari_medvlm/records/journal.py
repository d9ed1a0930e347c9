"""The journal: conversations by study, written to one SQLite file as they happen."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import RecordError
from .capsule import Capsule
from .kept import Kept, Listed, Progress
from .opening import PATIENCE, open_file
from .plain import Pixels
from .png import to_png
from .replies import reply_to_json
from .verified import COLUMNS, read_row

#: Several thousand slices of 512 × 512.
MOST_BYTES = 1 << 30

_PROGRESS = "state, reasoning, answer, tokens, reasoning_tokens, seconds, reply, message, advice"
_SET = ", ".join(f"{name.strip()} = ?" for name in _PROGRESS.split(","))


class Journal:
    """Conversations in one file; several threads and several processes may use it at a time.

    Each call is one transaction: after it, the program may die.

    Parameters
    ----------
    path
        The file; it is made where there is none.
    most_bytes
        Its size: beyond it the oldest questions go, the newest always stays.
    clock
        Seconds since 1970.

    Attributes
    ----------
    notice
        A sentence for the user if the file was damaged and has been moved aside, else "".

    Raises
    ------
    RecordError
        If the file cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path)
        self.most_bytes = most_bytes
        self._clock = clock
        self._lock = threading.RLock()
        self._connection, self.notice = open_file(self.path)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. What was written stays."""
        with self._lock:
            self._connection.close()

    # ------------------------------------------------------------------ writing

    def begin(self, study: str) -> int:
        """Begin a conversation about a study; returns its number."""
        with self._writing() as db:
            now = self._clock()
            return _row_id(
                db.execute(
                    "INSERT INTO conversations (study, began, changed) VALUES (?, ?, ?)",
                    (study, now, now),
                )
            )

    def ask(self, conversation: int, capsule: Capsule, pixels: Pixels) -> int:
        """Write a question down with its frames.

        Parameters
        ----------
        conversation
            As `begin` gave it.
        capsule
            Everything that decides its answer.
        pixels
            All its frames, those of its history too: uint8 (rows, columns, 3) by content hash.

        Returns
        -------
        number
            Of the question, for `progress`.

        Raises
        ------
        RecordError
            If a frame is missing, the conversation was wiped, or the file cannot be written.
        """
        missing = [digest for digest in capsule.frame_digests if digest not in pixels]
        if missing:
            raise RecordError(f"The images {', '.join(missing)} of the question are missing.")
        # Encoded before anything is locked: other processes need not wait for it.
        pngs = {digest: to_png(pixels[digest]) for digest in capsule.frame_digests}
        with self._writing() as db:
            now = self._clock()
            question = _printable(str(capsule.question["text"]))
            number = _row_id(
                db.execute(
                    "INSERT INTO exchanges (conversation, asked_at, question, capsule, digest,"
                    " state) VALUES (?, ?, ?, ?, ?, 'asked')",
                    (conversation, now, question, capsule.json, capsule.digest),
                )
            )
            db.executemany("INSERT OR IGNORE INTO frames VALUES (?, ?)", pngs.items())
            db.executemany("INSERT INTO strips VALUES (?, ?)", ((number, d) for d in pngs))
            others = ((study, number) for study in capsule.studies if study != capsule.study)
            db.executemany("INSERT INTO shown VALUES (?, ?)", others)
            db.execute("UPDATE conversations SET changed = ? WHERE number = ?", (now, conversation))
        self.shrink()
        return number

    def progress(self, states: Mapping[int, Progress]) -> None:
        """Write down what has come back of questions; those that were wiped stay away."""
        rows = [(*_progress_row(state), number) for number, state in states.items()]
        with self._writing() as db:
            db.executemany(f"UPDATE exchanges SET {_SET} WHERE number = ?", rows)

    def forget(self, number: int) -> None:
        """Delete a question with its answer, and the frames that nothing else shows."""
        with self._writing() as db:
            db.execute("DELETE FROM exchanges WHERE number = ?", (number,))
            _sweep(db)

    def wipe(self) -> None:
        """Delete everything; the bytes of the file are overwritten."""
        with self._writing() as db:
            db.execute("DELETE FROM conversations")
            _sweep(db)
        with self._lock, _told(self.path):
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def shrink(self) -> None:
        """Delete the oldest questions until the file's size is within its limit."""
        while self.nbytes > self.most_bytes:
            with self._writing() as db:
                oldest, count = db.execute("SELECT min(number), count(*) FROM exchanges").fetchone()
                if count <= 1:
                    return
                db.execute("DELETE FROM exchanges WHERE number = ?", (oldest,))
                _sweep(db)

    # ------------------------------------------------------------------ reading

    @property
    def nbytes(self) -> int:
        """Bytes in use; what was deleted does not count, though the file may still hold it."""
        with self._lock, _told(self.path):
            pages, free, size = (
                int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * size

    def conversations(self, study: str | None = None) -> tuple[Listed, ...]:
        """Conversations that have a question, the oldest first; of one study or of all."""
        rows = self._read(
            "SELECT c.number, c.study, c.began, c.changed, count(*),"
            " (SELECT question FROM exchanges WHERE conversation = c.number"
            "  ORDER BY number LIMIT 1)"
            " FROM conversations c JOIN exchanges e ON e.conversation = c.number"
            " WHERE ?1 IS NULL OR c.study = ?1 GROUP BY c.number ORDER BY c.number",
            (study,),
        )
        return tuple(Listed(*row) for row in rows)

    def exchanges(
        self, conversation: int, *, last: int | None = None, pixels: bool = True
    ) -> tuple[Kept, ...]:
        """The questions of a conversation with their frames, the oldest first.

        Parameters
        ----------
        conversation
            Its number.
        last
            Only so many, the newest ones; None gives all.
        pixels
            Whether their frames are read and decoded; without, `Kept.pixels` is empty.

        Raises
        ------
        RecordError
            If the file cannot be read, or holds what this version does not know.
        """
        return self._kept("conversation = ?", (conversation,), last, pixels=pixels)

    def about(self, study: str, *, last: int | None = None) -> tuple[Kept, ...]:
        """The questions that show a study with their frames, the oldest first.

        Parameters
        ----------
        study
            Content hash of a scan or clip: of the first frame, or of any other.
        last
            As of `exchanges`.

        Raises
        ------
        RecordError
            As `exchanges`.
        """
        where = (
            "(conversation IN (SELECT number FROM conversations WHERE study = ?1)"
            " OR number IN (SELECT exchange FROM shown WHERE study = ?1))"
        )
        return self._kept(where, (study,), last)

    def _kept(
        self, where: str, values: tuple[Any, ...], last: int | None, *, pixels: bool = True
    ) -> tuple[Kept, ...]:
        rows = self._read(
            f"SELECT {COLUMNS} FROM exchanges"
            f" WHERE {where} ORDER BY number DESC LIMIT {-1 if last is None else int(last)}",
            values,
        )[::-1]
        pngs = None
        if pixels:
            pngs = dict(
                self._read(
                    "SELECT DISTINCT f.digest, f.png FROM frames f"
                    " JOIN strips s ON s.frame = f.digest"
                    f" WHERE s.exchange IN (SELECT number FROM exchanges WHERE {where})"
                    f" AND s.exchange >= {rows[0][0] if rows else 0}",
                    values,
                )
            )
        return tuple(read_row(row, pngs) for row in rows)

    def questions(self, last: int = 200) -> tuple[str, ...]:
        """The words of the newest questions of all conversations, each once, the oldest first."""
        rows = self._read(
            "SELECT question FROM exchanges WHERE question != '' GROUP BY question"
            " ORDER BY max(number) DESC LIMIT ?",
            (last,),
        )
        return tuple(words for (words,) in reversed(rows))

    # ------------------------------------------------------------------ the file

    def _read(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock, _told(self.path):
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _told(self.path):
            self._connection.execute(f"PRAGMA busy_timeout = {1000 * PATIENCE.seconds:.0f}")
            # Immediate: a transaction that begins by reading could not wait for another writer.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        PATIENCE.note(error)
        raise RecordError(
            f"The journal {path.name} cannot be used: {error}.",
            "Questions and answers are not kept until that is mended.",
        ) from error


def _sweep(db: sqlite3.Connection) -> None:
    db.execute(
        "DELETE FROM conversations WHERE NOT EXISTS"
        " (SELECT 1 FROM exchanges WHERE conversation = conversations.number)"
    )
    db.execute(
        "DELETE FROM frames WHERE NOT EXISTS (SELECT 1 FROM strips WHERE frame = frames.digest)"
    )


def _row_id(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None  # set by every INSERT
    return cursor.lastrowid


def _progress_row(state: Progress) -> tuple[Any, ...]:
    reply = None if state.reply is None else reply_to_json(state.reply)
    texts = (_printable(state.reasoning), _printable(state.answer))
    counts = (state.tokens, state.reasoning_tokens, state.seconds)
    return (state.state, *texts, *counts, reply, state.message, state.advice)


def _printable(text: str) -> str:
    # SQLite keeps UTF-8, which has no lone surrogates; the capsule's JSON has the exact text.
    return text.encode("utf-8", "replace").decode()
