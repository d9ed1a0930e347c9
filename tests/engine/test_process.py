"""What only the process engine promises: it survives the model, and the model never it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from engine_support import CHOICE, HERE, WAIT, MakeThread, alive, answer, blocks_of, eventually

from napari_medvlm.dialogue.events import Failed, Replied, Token, Unloaded
from napari_medvlm.dialogue.question import Question
from napari_medvlm.engine import ModelThread
from napari_medvlm.engine import process as process_module
from napari_medvlm.imaging.frame import Frame

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def raw(thread: ModelThread, text: str) -> str:
    last = answer(thread, text)[-1]
    assert isinstance(last, Replied), last
    return last.reply.raw


@pytest.mark.parametrize(("text", "words"), [("exit", "exit code 7"), ("fall", "ended by SIGABRT")])
def test_a_crash_costs_one_answer_and_the_next_question_starts_anew(
    make_thread: MakeThread, text: str, words: str
) -> None:
    thread = make_thread("falling")
    assert raw(thread, "?") == "alive"
    pid = thread.state.pid
    events = answer(thread, text)
    failed = [event for event in events if isinstance(event, Failed)]
    assert [f.kind for f in failed] == ["crash"]
    assert failed[0] is events[-1]
    assert words in failed[0].message
    assert "anew" in failed[0].advice
    assert thread.state.status == "dead"
    assert raw(thread, "?") == "alive"
    assert thread.state.status == "ready"
    assert thread.state.pid not in (pid, None)


def test_a_crash_while_nothing_is_asked_is_noticed(make_thread: MakeThread) -> None:
    thread = make_thread("fast")
    raw(thread, "one")
    assert thread.state.pid is not None
    os.kill(thread.state.pid, signal.SIGKILL)
    assert eventually(lambda: thread.state.status == "dead")
    assert raw(thread, "two") == "two "


def test_an_end_by_the_system_hints_at_memory(make_thread: MakeThread) -> None:
    thread = make_thread("hanging")
    request = thread.ask(Question(text="hang"), CHOICE)
    for event in thread.events(request, timeout=WAIT):
        if isinstance(event, Token) and thread.state.pid is not None:
            os.kill(thread.state.pid, signal.SIGKILL)
    assert isinstance(event, Failed)
    assert event.kind == "crash"
    assert "SIGKILL" in event.message
    assert "memory" in event.advice


@linux
@pytest.mark.parametrize("fake", ["holding", "hanging"])
def test_memory_shared_for_a_question_is_gone_once_the_model_has_it(
    make_thread: MakeThread, fake: str
) -> None:
    thread = make_thread(fake, grace_seconds=0.1)
    question = Question(text="hang", frames=(Frame.from_pixels(bytes_image()),))
    request = thread.ask(question, CHOICE)
    assert any(isinstance(e, Token) for e in thread.events(request, timeout=WAIT))
    assert eventually(lambda: blocks_of(os.getpid()) == [], 5)


@linux
def test_a_frozen_process_is_killed_after_the_grace_period(make_thread: MakeThread) -> None:
    thread = make_thread("slow", grace_seconds=0.3)
    request = thread.ask(Question(text="word " * 400), CHOICE)
    waiting = thread.events(request, timeout=WAIT)
    assert any(isinstance(event, Token) for event in waiting)
    pid = thread.state.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    thread.stop()
    last = list(waiting)[-1]
    assert isinstance(last, Replied)
    assert last.reply.raw.startswith("word ")
    assert not alive(pid)


@linux
def test_unload_ends_the_process_and_gives_the_memory_back(make_thread: MakeThread) -> None:
    thread = make_thread("hog")
    raw(thread, "one")
    pid = thread.state.pid
    assert pid is not None
    assert alive(pid)
    assert thread.state.memory_bytes > 100 * 1024 * 1024
    assert isinstance(list(thread.events(thread.unload(), timeout=WAIT))[-1], Unloaded)
    assert not alive(pid)
    state = thread.state
    assert (state.status, state.pid, state.memory_bytes) == ("empty", None, 0)
    assert raw(thread, "two") == "two "


@linux
def test_close_is_quick_even_when_the_process_is_frozen(make_thread: MakeThread) -> None:
    thread = make_thread("fast", grace_seconds=0.5)
    raw(thread, "one")
    pid = thread.state.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    thread.close()
    assert time.monotonic() - begun < 0.5 + 1.0
    assert eventually(lambda: not alive(pid), 5)


@linux
def test_the_last_reference_ends_the_process(make_thread: MakeThread) -> None:
    thread = ModelThread(opener="fake_models:fast")
    make_thread("fast", "in-process")  # puts the fakes on the path
    raw(thread, "one")
    pid = thread.state.pid
    assert pid is not None
    del thread
    assert eventually(lambda: not alive(pid))


def test_two_engines_work_side_by_side(make_thread: MakeThread) -> None:
    one, other = make_thread("fast"), make_thread("falling")
    first, second = one.ask(Question(text="a"), CHOICE), other.ask(Question(text="exit"), CHOICE)
    assert isinstance(list(other.events(second, timeout=WAIT))[-1], Failed)
    assert isinstance(list(one.events(first, timeout=WAIT))[-1], Replied)
    assert raw(one, "b") == "b "
    assert raw(other, "?") == "alive"
    assert one.state.pid != other.state.pid


def test_the_process_is_offline_and_leaves_a_core(
    make_thread: MakeThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_THREADS", "3")
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert raw(make_thread("facts"), "?") == f"['1', '1', '3'] {before} False"


@pytest.mark.skipif(not hasattr(os, "nice"), reason="priorities are of Unix")
def test_it_lets_a_window_go_first_only_where_it_computes_on_the_cpu(
    make_thread: MakeThread,
) -> None:
    lower = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 3)
    assert f" {lower} " in raw(make_thread("facts", beside_window=True), "?")


def test_a_prepared_process_answers_the_first_question(make_thread: MakeThread) -> None:
    thread = make_thread("fast")
    thread.prepare(CHOICE)
    assert eventually(lambda: thread.state.pid is not None)
    pid = thread.state.pid
    assert thread.state.status == "empty"
    assert raw(thread, "one") == "one "
    assert thread.state.pid == pid


def test_what_cannot_be_imported_is_said_when_it_is_asked_for(make_thread: MakeThread) -> None:
    thread = ModelThread()
    try:
        thread.prepare(replace(CHOICE, path="/nowhere"))
        request = thread.load(replace(CHOICE, path="/nowhere"))
        *_, last = thread.events(request, timeout=WAIT)
        assert isinstance(last, Failed)
        assert last.kind == "user"
    finally:
        thread.close()


def test_every_way_to_a_network_is_refused(make_thread: MakeThread) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        said = raw(make_thread("calling_out"), str(server.getsockname()[1]))
        with pytest.raises(TimeoutError):
            server.accept()
    assert said == "connect True | raw True | name True | send True | local True"


def test_pixels_go_through_the_pipe_where_shared_memory_has_no_room(
    make_thread: MakeThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_block(arrays: object) -> None:
        raise OSError("No room.")

    monkeypatch.setattr(process_module, "Block", no_block)
    frame = Frame.from_pixels(bytes_image())
    question = Question(text="which", frames=(frame,))
    thread = make_thread("echo")
    last = list(thread.events(thread.ask(question, CHOICE), timeout=WAIT))[-1]
    assert isinstance(last, Replied)
    assert last.reply.raw == frame.digest


def bytes_image() -> npt.NDArray[np.uint8]:
    return np.arange(512 * 512 * 3, dtype=np.uint32).reshape(512, 512, 3).astype(np.uint8)


def test_a_process_that_cannot_start_is_explained(
    make_thread: MakeThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = make_thread("fast")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        failed = answer(thread, "?")[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "crash"
    assert "could not be started" in failed.message
    assert "/nowhere/python" in failed.message
    assert raw(thread, "again") == "again "


@pytest.fixture
def broken_python(tmp_path: Path) -> Iterator[str]:
    """An interpreter that fails as one with a missing library does."""
    script = tmp_path / "python"
    script.write_text('#!/bin/sh\n[ -n "$SILENT" ] && exec sleep 60\necho no module >&2\nexit 3\n')
    script.chmod(0o755)
    return str(script)


@linux
def test_a_process_that_dies_at_its_start_tells_its_last_words(
    make_thread: MakeThread, monkeypatch: pytest.MonkeyPatch, broken_python: str
) -> None:
    thread = make_thread("fast")
    monkeypatch.setattr(sys, "executable", broken_python)
    failed = answer(thread, "?")[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "crash"
    assert "exit code 3" in failed.message
    assert "no module" in failed.message


@linux
def test_a_process_that_never_speaks_is_given_up(
    make_thread: MakeThread, monkeypatch: pytest.MonkeyPatch, broken_python: str
) -> None:
    monkeypatch.setenv("SILENT", "1")
    monkeypatch.setattr(sys, "executable", broken_python)
    thread = make_thread("fast", start_seconds=0.3)
    failed = answer(thread, "?")[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "crash"
    assert "did not start within 0.3 s" in failed.message


def test_an_opener_that_cannot_be_imported_fails_the_question(make_thread: MakeThread) -> None:
    failed = answer(make_thread("no_such_model"), "?")[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "model"
    assert "no_such_model" in failed.message


PARENT = textwrap.dedent(
    """
    import os, sys, time
    import numpy as np
    from napari_medvlm.dialogue.events import Token
    from napari_medvlm.dialogue.question import Question
    from napari_medvlm.engine import ModelChoice, ModelThread
    from napari_medvlm.engine.blocks import Block

    thread = ModelThread(opener="fake_models:" + sys.argv[1])
    request = thread.ask(Question(text="hang " * 400), ModelChoice("model"))
    next(e for e in thread.events(request, timeout=60) if isinstance(e, Token))
    if "block" in sys.argv[2:]:
        block = Block({"a": np.ones(1000)})
    print(thread.state.pid, flush=True)
    if "leave" not in sys.argv[2:]:
        time.sleep(60)
    """
)


def start_parent(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a program with a child that answers; gives the program and the child's number."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(HERE)])}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert parent.stdout is not None
    with parent.stdout:
        return parent, int(parent.stdout.readline())


@linux
@pytest.mark.parametrize("fake", ["slow", "babbling"])
def test_a_killed_program_leaves_no_child_and_no_shared_memory(fake: str) -> None:
    parent, child = start_parent(fake, "block")
    assert alive(child)
    assert len(blocks_of(parent.pid)) == 1
    parent.kill()
    parent.wait(10)
    assert eventually(lambda: not alive(child), 3)
    assert eventually(lambda: blocks_of(parent.pid) == [], 10)


@linux
def test_a_child_deep_in_native_code_goes_with_its_program() -> None:
    parent, child = start_parent("holding")
    time.sleep(0.3)  # it is in the call now: neither its reader nor its watcher can run
    parent.kill()
    parent.wait(10)
    assert eventually(lambda: not alive(child), 3)


@linux
def test_a_program_that_ends_takes_its_child_along() -> None:
    parent, child = start_parent("slow", "leave")
    assert parent.wait(20) == 0
    assert eventually(lambda: not alive(child), 3)
