"""The demo, whole: a real window, the real engine, the toy model, and no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Runs at the start of every Python process that is started below: no socket may reach
#: anything but a local one (X, the child's own pipes).
REFUSE_SOCKETS = """
import socket

def _refuse(self, address, *rest):
    raise AssertionError(f"a process of the demo tried to reach {address!r}")

_connect = socket.socket.connect

def connect(self, address):
    if self.family != getattr(socket, "AF_UNIX", None):
        _refuse(self, address)
    return _connect(self, address)

def no_lookup(host, *rest, **more):
    raise AssertionError(f"a process of the demo looked up {host!r}")

socket.socket.connect = connect
socket.socket.connect_ex = connect
socket.getaddrinfo = no_lookup
socket.create_connection = no_lookup
"""


@pytest.mark.window
def test_the_demo_answers_with_a_box_on_the_lesion_and_no_network(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(REFUSE_SOCKETS)
    picture = tmp_path / "demo.png"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        # There is a screen already: the test command's Xvfb.
        "MEDVLM_DEMO_INSIDE_XVFB": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "napari_medvlm.cli", "demo", "--json", "--screenshot", picture],
        capture_output=True,
        text=True,
        timeout=420,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "tried to reach" not in done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert set(facts) >= {"question", "reasoning", "answer", "boxes", "truth", "iou", "seconds"}
    assert "mage" in facts["reasoning"]
    assert facts["boxes"]
    assert facts["iou"] > 0.5
    assert picture.stat().st_size > 50_000
