from __future__ import annotations

from typing import Any

import pytest

from napari_medvlm.widgets.answer.long_question import WholeQuestion, beginning

pytestmark = pytest.mark.window


def test_a_question_of_some_lines_is_shown_whole(qtbot: Any) -> None:
    assert beginning("Is there a nodule?") == "Is there a nodule?"
    whole = WholeQuestion("Is there a nodule?")
    qtbot.addWidget(whole)
    assert whole.isHidden()


@pytest.mark.parametrize("text", ["the lungs are clear " * 500, "肺野清晰。" * 2000])
def test_a_long_one_begins_and_unfolds(qtbot: Any, text: str) -> None:
    start = beginning(text)
    assert len(start) < 1300
    assert start.endswith("…")
    assert text.startswith(start[:-2])
    whole = WholeQuestion(text)
    qtbot.addWidget(whole)
    whole.show()
    assert f"{len(text):,}" in whole.button.text()
    whole.button.click()
    assert whole._view is not None
    assert whole._view.toPlainText() == text
    whole.button.click()
    assert not whole._view.isVisible()
