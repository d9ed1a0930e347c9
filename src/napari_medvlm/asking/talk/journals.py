"""Which journal a study is kept in: the user's own, or one beside the study."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ...errors import RecordError
from ...records import Journal, Kept
from ...records.opening import FILE_NAME, JOURNAL_VARIABLE

#: The folder of what is kept beside a study. Hidden ones are passed over when scans are looked for.
BESIDE = ".medvlm"
_NOT_THERE = (
    "The folder of this scan cannot hold a journal, so its questions are kept in your own folder."
)


def beside(scan: Path) -> Path:
    """The journal beside a study: in its folder, or in the folder of its file."""
    folder = scan if scan.is_dir() else scan.parent
    return folder / BESIDE / FILE_NAME


def may_be_beside() -> bool:
    """Whether a journal may lie beside a study: not where the environment names another place."""
    return not os.environ.get(JOURNAL_VARIABLE, "").strip()


class Journals:
    """The open journals of a program; for one thread.

    Parameters
    ----------
    own
        The user's journal.
    say
        Gets sentences for the user.
    """

    def __init__(self, own: Path, say: Callable[[str], None]) -> None:
        self._own = own
        self._say = say
        self._open: dict[Path, Journal] = {}

    @property
    def own(self) -> Journal:
        """The user's own.

        Raises
        ------
        RecordError
            If it cannot be opened.
        """
        return self.at(self._own)

    def for_writing(self, scan: Path | None, most_bytes: int) -> Journal:
        """The journal that a new question goes to.

        Parameters
        ----------
        scan
            File or folder of the study, where it is to be kept beside it; None for the user's own.
        most_bytes
            Size beyond which its oldest questions go.

        Raises
        ------
        RecordError
            If the user's own cannot be opened; where one beside a study cannot be, that is said
            and the user's own is given.
        """
        journal = None
        if scan is not None:
            try:
                journal = self.at(beside(scan))
            except RecordError:
                self._say(_NOT_THERE)
        journal = journal or self.own
        journal.most_bytes = most_bytes
        return journal

    def find(
        self, study: str, scan: Path | None, last: int
    ) -> tuple[Journal, tuple[Kept, ...]] | None:
        """What was asked about a study, alone or beside others; no journal is made for it.

        Parameters
        ----------
        study
            Content hash of the scan or clip.
        scan
            Its file or folder, where it is to be looked for beside it first.
        last
            How many of its questions, the newest ones.

        Returns
        -------
        journal, kept
            Where it was found; the questions, the oldest first. None where there is none.

        Raises
        ------
        RecordError
            If a journal is there and cannot be read.
        """
        places = [*([] if scan is None else [beside(scan)]), self._own]
        for place in places:
            if not _there(place):
                continue
            journal = self.at(place)
            kept = journal.about(study, last=last)
            if kept:
                return journal, kept
        return None

    def questions(self) -> tuple[str, ...]:
        """The words of the newest questions in the user's own journal; none is made for it.

        Raises
        ------
        RecordError
            If it is there and cannot be read.
        """
        return self.own.questions() if _there(self._own) else ()

    def at(self, path: Path) -> Journal:
        """The journal of a file, which is made where there is none.

        Raises
        ------
        RecordError
            If it cannot be opened.
        """
        if path not in self._open:
            self._open[path] = Journal(path)
            if self._open[path].notice:
                self._say(self._open[path].notice)
        return self._open[path]

    def close(self) -> None:
        """Close them all."""
        for journal in self._open.values():
            journal.close()
        self._open.clear()


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
