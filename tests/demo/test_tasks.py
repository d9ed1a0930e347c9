"""The tasks that the toy offers as trained."""

from __future__ import annotations

from napari_medvlm.demo.wordings import TEMPLATES, phrasings
from napari_medvlm.models import PROFILES


def test_the_toys_tasks_are_wordings_it_was_trained_on() -> None:
    known = {"findings": "finding"}
    tasks = PROFILES["demo"].tasks[1:]
    assert {known.get(task.key, task.key) for task in tasks} <= {*TEMPLATES, "region"}
    for task in tasks:
        assert not task.needs_text
        assert task.template in phrasings(known.get(task.key, task.key))
