"""How the questions are worded: what people write when they ask about a scan.

Every wording is drawn in training as often as the others of its task, with one of the words of
:data:`IT`, now and then without its capital or its last mark.
"""

from __future__ import annotations

import numpy as np

IT = ("nodule", "lesion", "nodule or lesion", "abnormality", "finding")
_MODALITY = (
    "Which modality and body part is this?",
    "What modality and body part are shown?",
    "What kind of image is this?",
    "What kind of scan is this?",
    "Which modality is this?",
    "What am I looking at?",
    "What does the image show?",
    "What is shown here?",
    "Name the modality and the body part.",
)
_PRESENCE = (
    "Is there a {it}?",
    "Is there any {it}?",
    "Do you see a {it}?",
    "Do the images show a {it}?",
    "Does the image show a {it}?",
    "Is a {it} visible?",
    "Is a {it} present?",
    "Any {it}?",
)
_WHAT = (
    "What abnormality is there?",
    "What abnormality do you see?",
    "Which abnormality is visible?",
    "What finding is present?",
    "What is abnormal?",
    "What is wrong here?",
)
_SIDE = (
    "Which side is the {it} on?",
    "On which side is the {it}?",
    "On which side of the patient is the {it}?",
    "Is the {it} on the left or the right?",
    "Is the {it} left or right?",
    "Which side?",
    "Which side is affected?",
    "Which lung or side shows the {it}?",
)
_IMAGES = (
    "Which images show the {it}?",
    "Which of the images show a {it}?",
    "Which image shows the {it}?",
    "On which images is the {it}?",
    "On which of the images is the {it} visible?",
    "On which image do you see a {it}?",
    "In which images is there a {it}?",
    "Which slices show the {it}?",
    "On which slices is the {it} visible?",
)
_SIZE = (
    "How large is the {it}?",
    "How big is the {it}?",
    "How large is the {it} in mm?",
    "What is the size of the {it}?",
    "What size is the {it} in mm?",
    "How many mm is the {it}?",
    "Measure the {it}.",
)
_WHERE = (
    "Where is the {it}?",
    "Where is the {it} located?",
    "Where do you see a {it}?",
    "Is there a {it}? Where?",
    "Is there a {it}, and where is it?",
    "Show me the {it}.",
    "Locate the {it}.",
    "Find the {it}.",
    "Mark the {it}.",
    "Draw a box around the {it}.",
    "Give the box of the {it}.",
    "Give the bounding box of each {it}.",
)
_FINDING = (
    "Describe the finding in one sentence.",
    "Describe the findings.",
    "Describe the {it}.",
    "What is the finding?",
    "What are the findings?",
    "Write a report in one sentence.",
    "Report the findings.",
    "Summarize the findings in one sentence.",
)
REGION_YES_NO = (
    "Is there a {it} in this region?",
    "Is there a {it} in the region?",
    "Is there a {it} here?",
    "Is there a {it}?",
    "Does this region show a {it}?",
    "Does the region hold a {it}?",
    "Is this a {it}?",
)
REGION_WHAT = (
    "What is in this region?",
    "What is in the region?",
    "What is this?",
    "What is here?",
    "What does this region show?",
)
_DIRECTION = (
    "Which way does the structure move?",
    "Which way does it move?",
    "In which direction does the structure move?",
    "In which direction does the bright structure move?",
    "Where does the structure move to?",
    "Where is it moving?",
    "What is the direction of the movement?",
    "How does the structure move?",
)
TEMPLATES = {
    "modality": _MODALITY,
    "presence": _PRESENCE,
    "what": _WHAT,
    "side": _SIDE,
    "images": _IMAGES,
    "size": _SIZE,
    "where": _WHERE,
    "finding": _FINDING,
    "direction": _DIRECTION,
}


def phrasings(task: str) -> tuple[str, ...]:
    """Return every wording of a task's question, for the tokenizer and the tests."""
    if task == "region":
        return tuple(_word(t, it) for t in (*REGION_YES_NO, *REGION_WHAT) for it in IT)
    return tuple(dict.fromkeys(_word(t, it) for t in TEMPLATES[task] for it in IT))


def _word(template: str, it: str) -> str:
    return template.format(it=it).replace(" a abnorm", " an abnorm")


def draw(templates: tuple[str, ...], rng: np.random.Generator) -> str:
    """Draw one wording, with the small variations of what people write."""
    template = templates[rng.integers(len(templates))]
    return _vary(_word(template, IT[rng.integers(len(IT))]), rng)


def _vary(question: str, rng: np.random.Generator) -> str:
    """Vary what people vary: the first letter's case, the last mark."""
    if rng.random() < 0.25:
        question = question[0].lower() + question[1:]
    if rng.random() < 0.2:
        question = question.rstrip("?.")
    return question
