"""The process that tormented files are read in, seen from the test's side."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

#: What reading may take beyond what the process held before (bytes).
MEMORY = 1 << 30


class Victim:
    """Reads files in a child process, started again whenever a file was its end."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None

    def read(self, path: Path) -> dict[str, Any]:
        """What came of a file: kind "read", "refused", "bug", "crash" or "hang", with text."""
        child = self._child or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(str(path)) + "\n")
        child.stdin.flush()
        line = child.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            if answer["grown"] > MEMORY:
                return {"kind": "bug", "text": f"{answer['grown'] >> 20} MiB: {answer['text']}"}
            return answer
        status = child.wait()
        self.close()
        kind = "hang" if status in (-signal.SIGALRM, -signal.SIGXCPU) else "crash"
        return {"kind": kind, "text": f"exit status {status}"}

    def _start(self) -> subprocess.Popen[str]:
        self._child = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._child

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    pipe.close()
            self._child = None
