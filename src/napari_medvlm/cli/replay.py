"""``medvlm replay CONVERSATION/TURN``: run a kept turn again and compare the answers."""

from __future__ import annotations

import argparse
import json
import sys

from ..asking.talk.replaying import Replay, kept_text, prepare, word_diff
from ..dialogue import Failed, Reply
from ..engine import ModelThread
from ..errors import RecordError
from ..records import Journal, Kept
from ..safe_text import visible
from .ask import follow
from .export import asked_words_of, open_journal
from .main import EXIT_FAILED, EXIT_OK, EXIT_USER_ERROR


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "turn", metavar="CONVERSATION[/TURN]", help="as in 3/2; without /TURN its turns are listed"
    )
    parser.add_argument(
        "--model", default=None, help="name or folder; without it the folder is found by its hash"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")


def run(options: argparse.Namespace) -> int:
    """Run the command: 0 the same answer, 1 another or none, 2 a mistake."""
    conversation, turn = _numbers(options.turn)
    with open_journal() as journal:
        turns = _turns(journal, conversation)
    if turn is None:
        for number, kept in enumerate(turns, start=1):
            words = " ".join(asked_words_of(kept).split())
            printable = "".join(c if c.isprintable() else " " for c in words)
            print(f"{conversation}/{number}  {kept.progress.state:9}  {printable[:70]}")
        return EXIT_OK
    if not 1 <= turn <= len(turns):
        raise RecordError(
            f"Conversation {conversation} has the turns 1 to {len(turns)}; got {turn}.",
            f"`medvlm replay {conversation}` lists them.",
        )
    kept = turns[turn - 1]
    then, whole = kept_text(kept)
    replay = prepare(kept, options.model)
    _say(f"{conversation}/{turn}, asked of {kept.capsule.model.label}")
    for line in replay.differences or ("everything is as it was",):
        _say(line)
    reply = _run(replay)
    if isinstance(reply, Failed):
        _say(f"medvlm replay: {reply.message} {reply.advice}".strip())
        return EXIT_USER_ERROR if reply.kind == "user" else EXIT_FAILED
    return _compare(replay, then, whole, reply, as_json=options.json)


def _numbers(text: str) -> tuple[int, int | None]:
    conversation, slash, turn = text.partition("/")
    if conversation.isdecimal() and (turn.isdecimal() if slash else True):
        return int(conversation), int(turn) if slash else None
    raise RecordError(
        f"A conversation and a turn are expected, as in 3/2; got “{text}”.",
        "`medvlm export` lists the conversations.",
    )


def _turns(journal: Journal, conversation: int) -> tuple[Kept, ...]:
    turns = journal.exchanges(conversation)
    if not turns:
        raise RecordError(
            f"There is no conversation {conversation}.", "`medvlm export` alone lists them."
        )
    return turns


def _run(replay: Replay) -> Reply | Failed:
    thread = ModelThread()
    try:
        return follow(thread, thread.ask(replay.question, replay.offer.choice), None)
    finally:
        thread.close()


def _compare(replay: Replay, then: str, whole: bool, reply: Reply, *, as_json: bool) -> int:
    # Of an answer that was stopped there is only the beginning to compare with.
    now = reply.raw if whole else reply.raw[: len(then)]
    equal = now == then
    if not whole:
        _say("the kept answer was stopped: only as much of the new one is compared")
    diff = "" if equal else word_diff(then, now)
    if as_json:
        facts = {
            "equal": equal,
            "whole": whole,
            "differences": list(replay.differences),
            "then": then,
            "now": now,
            "diff": diff,
        }
        print(json.dumps(facts))
    else:
        print(
            "the answers are equal"
            if equal
            else f"the answers differ:\n{visible(diff, newlines=True)}"
        )
    return EXIT_OK if equal else EXIT_FAILED


def _say(text: str) -> None:
    print(visible(text, newlines=True), file=sys.stderr, flush=True)
