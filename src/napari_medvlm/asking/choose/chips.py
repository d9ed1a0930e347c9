"""What is sent against what the model was trained on: one chip for each part, never a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...dialogue.question import FrameKind, Question
from ...imaging import Frame, Volume
from ...models.contracts import MODALITY_WORDS, TONE_WORDS, Chip, InputContract, Tone
from ...models.profiles import Profile
from .parts import Part, as_video, scaling_of_all, whole
from .window_chip import scaling_chip, window_name

_PLANES = ("axial", "coronal", "sagittal")
#: Codes of DICOM that say nothing about what made an image.
_UNSAID = ("", "OT")
#: Options that are already in the user's words: "A) ... B) ...", "(a) ..., (b) ...".
_OPTIONS = re.compile(r"(?:^|\s)\(?[Aa][).:]\s?\S.*?\s\(?[Bb][).:]\s?\S", re.DOTALL)
_CHEST = ("CHEST", "THORAX", "LUNG")


@dataclass(frozen=True)
class Sent:
    """What a contract can have an opinion about.

    Parameters
    ----------
    frames
        How many are sent.
    kind
        As images, or as a video.
    slices
        Whether several of them are slices of one volume.
    modalities, planes
        Of the frames, each once.
    windows
        What the windows that scaled them are called, by name or numbers; none where they were
        8 bit already.
    own_scaling
        Whether each slice was scaled by its own extremes.
    slab
        "mean" or "maximum", where each image is that of several slices; else empty.
    body_part
        As the file says it, empty where it does not.
    regions
        How many of the user's boxes go along.
    tiles
        Whether images are cut into tiles.
    options
        Whether the question has options; None where nobody has asked yet.
    seconds_per_frame
        Of a video; None where unknown.
    declared
        What a person said of it and the file does not: "modality", "body_part", "orientation".
    reformatted
        Planes that cut through acquired slices, each with the distance (mm) between these.
    """

    frames: int
    kind: FrameKind = "images"
    slices: bool = False
    modalities: tuple[str, ...] = ()
    planes: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    own_scaling: bool = False
    slab: str = ""
    body_part: str = ""
    regions: int = 0
    tiles: bool = False
    options: bool | None = None
    seconds_per_frame: float | None = None
    declared: frozenset[str] = frozenset()
    reformatted: tuple[tuple[str, float], ...] = ()


def sent_frames(
    frames: Sequence[Frame],
    parts: Sequence[Part] = (),
    *,
    regions: int = 0,
    tiles: bool = False,
    options: bool | None = None,
) -> Sent:
    """Look at frames before they become a question.

    Parameters
    ----------
    frames
        What is sent.
    parts
        What they were taken from, where that is known.
    regions, tiles, options
        As in `Sent`.
    """
    source, video = whole(parts), as_video(parts)
    windows = [frame.window for frame in frames if frame.window is not None]
    positions = [frame.position for frame in frames if frame.position is not None]
    pace = None
    if video and len(positions) == len(frames):
        pace = abs(positions[-1] - positions[0]) / (len(frames) - 1)
    own_scaling = scaling_of_all(parts) == "slice_extremes"
    return Sent(
        frames=len(frames),
        kind="video" if video else "images",
        slices=not video and len({frame.source for frame in frames}) < len(frames),
        modalities=tuple(dict.fromkeys(frame.modality for frame in frames)),
        planes=tuple(dict.fromkeys(f.plane for f in frames if f.plane in (*_PLANES, "acquired"))),
        windows=tuple(dict.fromkeys(window_name(window) for window in windows)),
        own_scaling=own_scaling and not windows and not video,
        slab=next((frame.slab.kind for frame in frames if frame.slab is not None), ""),
        body_part=source.body_part if isinstance(source, Volume) else "",
        regions=regions,
        tiles=tiles and not video,
        options=options,
        seconds_per_frame=pace,
        declared=frozenset(one.partition("=")[0] for frame in frames for one in frame.declared),
        reformatted=tuple(
            dict.fromkeys((f.plane, f.reformatted) for f in frames if f.reformatted is not None)
        ),
    )


def sent_question(question: Question, parts: Sequence[Part] = ()) -> Sent:
    """Look at a whole question; see `sent_frames`."""
    return sent_frames(
        question.frames,
        parts,
        regions=len(question.regions),
        tiles=question.tiles,
        options=bool(question.choices) or has_options(question.text),
    )


def has_options(text: str) -> bool:
    """Whether a question brings options in its own words."""
    return _OPTIONS.search(text) is not None


def chips_of(profile: Profile, sent: Sent) -> tuple[Chip, ...]:
    """Say for each part of an input whether the model was trained on its like.

    Parameters
    ----------
    profile
        Of the model that is asked.
    sent
        What is sent; without frames there is nothing to say.
    """
    if not sent.frames:
        return ()
    contract, name = profile.contract, profile.title
    if not contract.known:
        return (
            Chip(
                "training",
                "unsure",
                "training unknown",
                f"Nothing here says what this {name} was trained on, so nothing can be said about "
                "what you send.",
            ),
        )
    found: list[Chip | None] = []
    if contract.caution is not None:
        found.append(Chip("training", "unsure", *contract.caution))
    found += [_modality(contract, name, code, sent) for code in _by_word(sent.modalities)]
    cut = [plane for plane, _ in sent.reformatted]
    found += [_plane(contract, name, plane, sent) for plane in sent.planes if plane not in cut]
    found += [_reformatted(contract, name, *one, sent) for one in sent.reformatted]
    found += [
        _count(contract, name, sent),
        scaling_chip(
            contract, name, own=sent.own_scaling, slices=sent.slices, windows=sent.windows
        ),
        _slab(name, sent),
        _tiles(contract, name, sent),
        _region(contract, name, sent),
        _options(contract, name, sent),
    ]
    return tuple(chip for chip in found if chip is not None)


def chip_words(chips: Iterable[Chip]) -> str:
    """All of them in a line: "✓ CT   ✓ axial   ! 12 slices"."""
    return "   ".join(chip.words for chip in chips)


def outside(chips: Iterable[Chip]) -> tuple[Chip, ...]:
    """Those that say more than that all is as it was trained."""
    return tuple(chip for chip in chips if chip.tone != "inside")


def chip_facts(chip: Chip) -> dict[str, str]:
    """A chip as plain values, for ``--json``."""
    return {
        "topic": chip.topic,
        "tone": chip.tone,
        "label": chip.label,
        "sentence": chip.sentence,
    }


def spoken(chip: Chip) -> str:
    """A chip for people who hear it: "axial: as trained"."""
    return f"{chip.label}: {TONE_WORDS[chip.tone]}"


def _by_word(codes: Iterable[str]) -> tuple[str, ...]:
    # CR and DX are one thing for people, and so is all that says nothing.
    said = ["" if code in _UNSAID else code for code in codes]
    return tuple({MODALITY_WORDS.get(code, code): code for code in said}.values())


def _modality(contract: InputContract, name: str, code: str, sent: Sent) -> Chip | None:
    word = MODALITY_WORDS.get(code, code)
    trained = f"{name} was trained on {contract.subject}"
    if not code:
        if not contract.modalities:
            return None
        sentence = f"The file does not say what kind of image this is; {trained}."
        return Chip("modality", "unsure", "kind unknown", sentence, declarable=True)
    said, own = _said("modality", sent)
    known = {MODALITY_WORDS.get(each, each) for each in contract.modalities}
    if word in known or not contract.modalities:
        return _part(contract, trained, word, sent)
    if word in {MODALITY_WORDS.get(each, each) for each in contract.measured}:
        sentence = f"{trained}; its authors have also measured it on {word}{said}, untrained."
        return Chip("modality", "unsure", word, sentence, own)
    return Chip("modality", "against", word, f"{trained}; this is {word}{said}.", own)


def _said(topic: str, sent: Sent) -> tuple[str, bool]:
    """Words after what a person declared, and whether it was: else the file says it."""
    own = topic in sent.declared
    return (", as you declared" if own else ""), own


def _part(contract: InputContract, trained: str, word: str, sent: Sent) -> Chip:
    said, own = _said("modality", sent)
    if not contract.body_part:
        return Chip("modality", "inside", word, f"{trained}; this is {word}{said}.", own)
    part = sent.body_part.strip()
    if not part:
        sentence = f"{trained}; this is a {word}{said}, and the file does not say of what."
        return Chip("modality", "inside", word, sentence, declarable=True)
    declared = "body_part" in sent.declared
    own = own or declared
    if any(each in part.upper() for each in _CHEST):
        said = ", as you declared" if own else ""
        return Chip("modality", "inside", word, f"{trained}; this is one{said}.", own)
    who = "you declared" if declared else "the file says"
    sentence = f"{trained}; {who} that this one is of: {part.lower()}."
    return Chip("modality", "against", f"{word}, {part.lower()}", sentence, own)


def _plane(contract: InputContract, name: str, plane: str, sent: Sent) -> Chip | None:
    planes = contract.planes or (contract.volume_planes if sent.slices else ())
    if not planes:
        return None
    trained = f"{name} was trained on {' and '.join(planes)} slices"
    own = "orientation" in sent.declared
    said = ", in the orientation that you declared" if own else ""
    if plane in planes:
        return Chip("plane", "inside", plane, f"{trained}; these are{said}.", own)
    if plane not in _PLANES:
        # Of one image without an orientation nobody knows whether it is a slice at all.
        sentence = f"How these slices lie in the patient is not known; {trained}."
        if not sent.slices:
            return None
        return Chip("plane", "unsure", "plane unknown", sentence, declarable=True)
    tone: Tone = "against" if contract.planes else "unsure"
    return Chip("plane", tone, plane, f"{trained}; {plane} ones are sent{said}.", own)


def _reformatted(
    contract: InputContract, name: str, plane: str, distance: float, sent: Sent
) -> Chip:
    """A plane that was not acquired is never as trained: it is interpolated between slices."""
    label = f"{plane}, reformatted"
    if plane not in _PLANES:
        label = "reformatted"
    sentence = (
        f"These {plane} images are cut through slices that were acquired {distance:.3g} mm apart "
        "in another plane; between them they are interpolated."
    )
    against = contract.planes and plane not in contract.planes
    if against:
        sentence += f" {name} was trained on {' and '.join(contract.planes)} slices."
    return Chip("plane", "against" if against else "unsure", label, sentence)


def _count(contract: InputContract, name: str, sent: Sent) -> Chip:
    label = _many(sent)
    if sent.kind not in contract.kinds:
        sentence = f"{name} was trained on still images; this is sent as a video."
        return Chip("count", "against", f"{label} as video", sentence)
    held = contract.context_frames
    if held is not None and sent.frames > held:
        sentence = f"{name} can hold about {held} at a time; {label} are sent."
        return Chip("count", "against", label, sentence)
    size = f" Size: {contract.resize}." if contract.resize else ""
    if sent.kind == "video":
        tone, sentence = _video_count(contract, name, sent)
    elif sent.slices and contract.volume_exact:
        exact = sent.frames == contract.volume_slices
        tone = "inside" if exact else "unsure"
        sentence = f"{name} was trained on volumes as {contract.volume_slices} slices"
        sentence += "." if exact else f"; {sent.frames} are sent."
    elif sent.frames <= contract.max_frames:
        many = "single images" if sent.frames == 1 else _up_to(contract.max_frames)
        tone, sentence = "inside", f"{name} was trained on {many}."
    else:
        tone = "unsure"
        sentence = f"{name} is known to have been trained on {_up_to(contract.max_frames)}"
        sentence += f"; about {held} fit into its context." if held else "."
    return Chip("count", tone, label, sentence + size)


def _video_count(contract: InputContract, name: str, sent: Sent) -> tuple[Tone, str]:
    most = contract.max_frames if contract.max_video_frames is None else contract.max_video_frames
    if contract.segments is None:
        inside = sent.frames <= most
        words = f"{name} was trained on clips of {_up_to(most)}."
        return ("inside" if inside else "unsure"), words
    pace = sent.seconds_per_frame
    a_second = pace is not None and abs(pace - 1) < 0.1
    words = f"{name} was trained on {contract.segments} frames of a clip, or one a second"
    inside = sent.frames == contract.segments or a_second
    return ("inside" if inside else "unsure"), f"{words}{'.' if inside else '; this is neither.'}"


def _slab(name: str, sent: Sent) -> Chip | None:
    if not sent.slab:
        return None
    sentence = (
        f"Each image is the {sent.slab} of several slices; nobody here knows that {name} was "
        "trained on such slabs."
    )
    return Chip("slab", "unsure", f"slab, {sent.slab}", sentence)


def _tiles(contract: InputContract, name: str, sent: Sent) -> Chip | None:
    if not sent.tiles or not contract.tiles:
        return None
    if sent.slices:
        sentence = f"{name} was trained on slices of a volume as one tile each."
        return Chip("tiles", "against", "in tiles", sentence)
    sentence = (
        f"The authors of {name} have run single images with and without tiles; which of the two "
        "it was trained on is not known."
    )
    return Chip("tiles", "unsure", "in tiles", sentence)


def _region(contract: InputContract, name: str, sent: Sent) -> Chip | None:
    if not sent.regions:
        return None
    label = "1 region" if sent.regions == 1 else f"{sent.regions} regions"
    if not contract.regions:
        sentence = f"{name} was not trained on drawn regions; they are sent as text."
        return Chip("region", "unsure", label, sentence)
    if sent.regions > 1:
        sentence = f"{name} was trained on one region at a time; {sent.regions} are sent."
        return Chip("region", "unsure", label, sentence)
    return Chip("region", "inside", label, f"{name} was trained on drawn regions.")


def _options(contract: InputContract, name: str, sent: Sent) -> Chip | None:
    if not contract.options_only or sent.options is None:
        return None
    trained = f"{name} was trained on questions with options to choose from"
    if sent.options:
        return Chip("options", "inside", "options", f"{trained}.")
    return Chip("options", "unsure", "no options", f"{trained}; this one has none.")


def _many(sent: Sent) -> str:
    noun = "frame" if sent.kind == "video" else "slice" if sent.slices else "image"
    return f"1 {noun}" if sent.frames == 1 else f"{sent.frames} {noun}s"


def _up_to(count: int) -> str:
    return "one image at a time" if count == 1 else f"up to {count} at a time"
