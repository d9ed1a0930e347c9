"""A decoder that hangs, crashes or lies costs an error; the viewer and other clips go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Clip
from napari_medvlm.imaging.video import guard
from napari_medvlm.imaging.video.facts import Wanted
from napari_medvlm.imaging.video.files import open_stream, read_video
from napari_medvlm.imaging.video.guard import GuardedSource
from napari_medvlm.imaging.video.process import DecoderProcess

from .making import plain_decode, write_video

#: A decoder that opens anything, and on frames does what its argument says.
FAKE = """
import os, sys, time
from io import FileIO
from napari_medvlm.imaging.video.channel import receive, send
orders, replies = FileIO(0), FileIO(1, "w")
facts = {"times": [0.0, 0.04, 0.08], "size": [4, 6], "fps": 25.0, "remarks": []}
send(replies, {"op": "ready"})
while True:
    message, _ = receive(orders)
    if message["op"] == "open":
        if sys.argv[1] == "hang at once":
            time.sleep(600)
        send(replies, {"op": "opened", "facts": facts})
        send(replies, {"op": "done"})
        continue
    if sys.argv[1] == "hang":
        time.sleep(600)
    if sys.argv[1] == "abort":
        os.abort()
    if sys.argv[1] == "babble":
        replies.write(b"something that a library prints" * 10)
        time.sleep(600)
    if sys.argv[1] == "slow":
        for _ in range(6):
            time.sleep(0.2)
            send(replies, {"op": "alive"})
    shape = [4, 6, 3] if sys.argv[1] != "other size" else [2, 6, 3]
    for index in message["indices"][: -1 if sys.argv[1] == "too few" else None]:
        send(replies, {"op": "frame", "index": index, "shape": shape}, bytes(shape[0] * 18))
    send(replies, {"op": "done"})
"""


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "a.mp4")


def fake(what: str, limit: float = 5.0) -> GuardedSource:
    command = (sys.executable, "-P", "-c", FAKE, what)
    start = lambda: DecoderProcess(limit, command)  # noqa: E731
    return GuardedSource(Wanted(data=b"any"), name="a.mp4", using="av", start=start)


def seconds(action) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def test_a_decoder_that_hangs_costs_a_time_out_and_nothing_else(video):
    source = fake("hang", limit=2.0)
    clip = Clip(source, digest="d" * 64, prefetch=False)
    pid = source._process.pid
    start = time.monotonic()
    with pytest.raises(ImagingError, match=r"a\.mp4: .*no sign of life for 2 s"):
        clip.frame(1)
    assert 2 <= time.monotonic() - start < 20
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    other = read_video(video)
    np.testing.assert_array_equal(other.frame(17), plain_decode(video)[0][17])
    clip.close()


def test_a_decoder_that_hangs_when_it_opens_is_an_error_too():
    with pytest.raises(ImagingError, match="no sign of life for 2 s"):
        fake("hang at once", limit=2.0)


def test_slow_is_not_hung():
    source = fake("slow", limit=1.0)  # 1.2 s in all, with signs of life in between
    assert len(source.decode([0, 2])) == 2
    source.close()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("abort", "decoder crashed"),
        ("babble", "decoder crashed"),
        ("other size", "another size"),
        ("too few", "could not be decoded"),
    ],
)
def test_decoders_that_crash_or_lie_are_errors(what, words):
    source = fake(what)
    with pytest.raises(ImagingError, match=words):
        source.decode([0, 1])
    source.close()


def test_a_real_decoder_that_stops_is_ended_and_the_next_one_goes_on(video):
    decoded, _ = plain_decode(video)
    source = GuardedSource(
        Wanted(path=str(video)), name="a.mp4", start=lambda: DecoderProcess(limit=2.0)
    )
    os.kill(source._process.pid, signal.SIGSTOP)
    with pytest.raises(ImagingError, match="no sign of life"):
        source.decode([3])
    np.testing.assert_array_equal(source.decode([3])[0], decoded[3])
    source.close()


def test_a_real_decoder_that_is_killed_is_replaced(video):
    source = GuardedSource(Wanted(path=str(video)), name="a.mp4")
    os.kill(source._process.pid, signal.SIGKILL)
    source._process._child.wait(10)
    np.testing.assert_array_equal(source.decode([3])[0], plain_decode(video)[0][3])
    source.close()


def test_a_file_that_goes_away_or_changes_says_so(tmp_path):
    path = write_video(tmp_path / "a.mp4", count=5)
    clip = read_video(path)
    clip._source.rest()
    path.rename(tmp_path / "b.mp4")
    with pytest.raises(ImagingError, match="changed or is gone"):
        clip.frame(4)
    (tmp_path / "b.mp4").rename(path)
    assert clip.frame(4).shape == (48, 64, 3)
    clip._source.rest()
    write_video(path, count=9)
    with pytest.raises(ImagingError, match="changed or is gone"):
        clip.frame(3)


def test_closing_while_another_thread_waits_for_a_frame_ends_its_wait():
    source = fake("hang", limit=60.0)
    errors = []

    def look() -> None:
        try:
            source.decode([0])
        except ImagingError as error:
            errors.append(error.message)

    thread = threading.Thread(target=look)
    thread.start()
    time.sleep(0.3)
    assert seconds(source.close) < 30
    thread.join(timeout=30)
    assert errors == ["a.mp4: it was closed."]
    with pytest.raises(ImagingError, match="it was closed"):
        source.decode([0])


def test_many_clips_share_a_few_processes(video):
    decoded, _ = plain_decode(video)
    clips = [read_video(video) for _ in range(6)]
    held = [clip._source._process for clip in clips]
    assert sum(process is not None for process in held) <= guard._MOST_PROCESSES
    for n, clip in enumerate(clips):
        np.testing.assert_array_equal(clip.frame(n), decoded[n])
    for clip in clips:
        clip.close()


def test_a_clip_that_nobody_holds_ends_its_process(video):
    clip = read_video(video)
    process = clip._source._process
    clip.frame(0)
    del clip
    assert not process.alive


def test_processes_end_with_the_program(video):
    program = (
        "import sys; from pathlib import Path\n"
        "from napari_medvlm.imaging.video.files import read_video\n"
        "clip = read_video(Path(sys.argv[1])); clip.frame(1); clip.frame(2)\n"
        "print(clip._source._process.pid)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(video)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_processes_end_when_the_program_is_killed(video):
    program = (
        "import os, sys; from pathlib import Path\n"
        "from napari_medvlm.imaging.video.files import read_video\n"
        "clip = read_video(Path(sys.argv[1]))\n"
        "print(clip._source._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(video)], capture_output=True, text=True, timeout=60
    )
    until = time.monotonic() + 20
    while _runs(int(done.stdout)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(int(done.stdout))


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_streams_from_memory_survive_a_new_process(tmp_path, video):
    decoded, _ = plain_decode(video)
    source = open_stream(video.read_bytes(), fps=10, name="The cine")
    assert source.times[:3] == (0.0, 0.1, 0.2)
    source._process.end()
    np.testing.assert_array_equal(source.decode([25])[0], decoded[25])
    source.close()
    with pytest.raises(ImagingError, match="The cine: expected a video"):
        open_stream(b"nothing", name="The cine")
