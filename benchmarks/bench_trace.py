"""A reasoning trace of 20,000 tokens as it grows in the conversation: the time of each repaint.

The conversation in a window of its own, fed with tokens as the engine reports them, ten at a
time. One repaint is all that the GUI thread does for them: taking the events, finding reasoning
and answer in the text, the new blocks, layout, scrolling along, painting. The plain twin shows
the same text in a label that is given all of it at each repaint; it is fed with every hundredth
state only, as it would take minutes otherwise. Equal texts are asserted first.

In napari's own window any repaint also composes the whole window with the canvas, which costs
much without a GPU and has nothing to do with the text; so it is left out here.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/bench_trace.py
"""

from __future__ import annotations

import time

import numpy as np
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from napari_medvlm.asking.talk.conversation import Conversation
from napari_medvlm.dialogue import Question, Token
from napari_medvlm.widgets.answer.conversation_view import ConversationView
from napari_medvlm.widgets.parts.plain import Column, PlainLabel

TOKENS = 20_000
AT_ONCE = 10
_SENTENCE = "In image {n} the lung shows no nodule, and slice {n} is as clear as the one before. "


def trace_pieces(lines: bool) -> list[str]:
    """The trace in tokens of four letters; in paragraphs, or all in one line."""
    text, n = "", 0
    while len(text) < 4 * TOKENS:
        n += 1
        text += _SENTENCE.format(n=n % 40 + 1)
        if lines and n % 4 == 0:
            text = text.rstrip() + "\n\n"
    return [text[at : at + 4] for at in range(0, 4 * TOKENS, 4)]


def grow(
    app: QApplication, view: ConversationView, pieces: list[str]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each repaint, and how many of them the thread itself computed."""
    talk = Conversation()
    view.begin(talk.ask(1, Question("describe")), ())
    view.update_from(talk.hear([Token(request=1, text="<think>", count=1)]), talk.clock())
    app.processEvents()
    spent, computed = [], []
    for at in range(0, len(pieces), AT_ONCE):
        words = "".join(pieces[at : at + AT_ONCE])
        start, worked = time.perf_counter(), time.thread_time()
        changed = talk.hear([Token(request=1, text=words, count=at + AT_ONCE)])
        view.update_from(changed, talk.clock())
        view.tick(talk.clock())
        app.processEvents()
        spent.append(1000 * (time.perf_counter() - start))
        computed.append(1000 * (time.thread_time() - worked))
    return spent, computed


def grow_twin(app: QApplication, pieces: list[str]) -> tuple[str, list[float]]:
    """The same in a label that is given all of the text each time."""
    label = PlainLabel()
    inside = QWidget()
    QVBoxLayout(inside).addWidget(label)
    area = Column()
    area.setWidget(inside)
    area.resize(380, 500)
    area.show()
    app.processEvents()
    spent = []
    for at in [*range(100 * AT_ONCE, len(pieces), 100 * AT_ONCE), len(pieces)]:
        words = "".join(pieces[:at]).strip()
        start = time.perf_counter()
        label.setText(words)
        app.processEvents()
        bar = area.verticalScrollBar()
        bar.setValue(bar.maximum())
        app.processEvents()
        spent.append(1000 * (time.perf_counter() - start))
    text = label.text()
    area.close()
    return text, spent


def row(name: str, spent: list[float]) -> str:
    p50, p95, p99 = np.percentile(spent, [50, 95, 99])
    return f"{name:44} {p50:7.1f} {p95:7.1f} {p99:7.1f} {max(spent):7.1f}"


def main() -> None:
    """Measure and print."""
    app = QApplication([])
    print(f"{'milliseconds a repaint':44} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7}")
    for lines, name in ((True, "paragraphs"), (False, "one line")):
        pieces = trace_pieces(lines)
        view = ConversationView()
        view.resize(380, 500)
        view.show()
        app.processEvents()
        spent, computed = grow(app, view, pieces)
        whole = "".join(pieces).split()
        assert view.views[0].reasoning.text().split() == whole, "the view lost words"
        bar = view.verticalScrollBar()
        assert bar.maximum() > 5000, "the text is not as high as it should be"
        assert bar.value() == bar.maximum(), "the view does not follow"
        text, twin = grow_twin(app, pieces)
        assert text.split() == whole, "the twin lost words"
        print(row(f"{name}: all 2,000 repaints", spent))
        print(row(f"{name}: the last 200", spent[-200:]))
        print(row(f"{name}: the last 200, CPU of the thread", computed[-200:]))
        print(row(f"{name}: twin, all 20 of them", twin))
        print(row(f"{name}: twin, the last 4", twin[-4:]))
        view.close()


if __name__ == "__main__":
    main()
