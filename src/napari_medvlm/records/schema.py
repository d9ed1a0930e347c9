"""The journal's tables, by version, and how a file comes from one version to the next."""

from __future__ import annotations

import sqlite3

from ..errors import RecordError

#: Statements that lead from version n to n + 1; an empty file has version 0. Only added to:
#: a file of any older version must find its way.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE conversations (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            study TEXT NOT NULL,
            began REAL NOT NULL,
            changed REAL NOT NULL
        )""",
        "CREATE INDEX conversations_by_study ON conversations (study, number)",
        """CREATE TABLE exchanges (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
            asked_at REAL NOT NULL,
            question TEXT NOT NULL,
            capsule TEXT NOT NULL,
            digest TEXT NOT NULL,
            state TEXT NOT NULL,
            reasoning TEXT NOT NULL DEFAULT '',
            answer TEXT NOT NULL DEFAULT '',
            tokens INTEGER NOT NULL DEFAULT 0,
            reasoning_tokens INTEGER NOT NULL DEFAULT 0,
            seconds REAL NOT NULL DEFAULT 0,
            reply TEXT,
            message TEXT NOT NULL DEFAULT '',
            advice TEXT NOT NULL DEFAULT ''
        )""",
        "CREATE INDEX exchanges_by_conversation ON exchanges (conversation, number)",
        # Follow-ups send the same frames again: each is kept once, by its content hash.
        "CREATE TABLE frames (digest TEXT PRIMARY KEY, png BLOB NOT NULL)",
        """CREATE TABLE strips (
            exchange INTEGER NOT NULL REFERENCES exchanges ON DELETE CASCADE,
            frame TEXT NOT NULL REFERENCES frames,
            PRIMARY KEY (exchange, frame)
        ) WITHOUT ROWID""",
        "CREATE INDEX strips_by_frame ON strips (frame)",
    ),
    (
        # A question may show several studies and stands in the conversation of the first one.
        # Questions of older files show that one alone.
        """CREATE TABLE shown (
            study TEXT NOT NULL,
            exchange INTEGER NOT NULL REFERENCES exchanges ON DELETE CASCADE,
            PRIMARY KEY (study, exchange)
        ) WITHOUT ROWID""",
        "CREATE INDEX shown_by_exchange ON shown (exchange)",
    ),
)


def prepare(
    connection: sqlite3.Connection, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS
) -> None:
    """Bring a file to the newest version; nothing is changed if that fails.

    Parameters
    ----------
    connection
        In autocommit mode.
    migrations
        As `MIGRATIONS`.

    Raises
    ------
    RecordError
        If the file was written by a newer version of this program.
    sqlite3.Error
        If the file cannot be read or written.
    """
    if _version(connection) == len(migrations):
        return
    # Takes the right to write first: another process may be about to do the same.
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version(connection)
        if found > len(migrations):
            raise RecordError(
                f"The journal has version {found}; this program knows up to {len(migrations)}.",
                "Use the newer napari-medvlm that wrote it, or another journal file.",
            )
        for statements in migrations[found:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
