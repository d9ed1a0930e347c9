"""What is said of a model, an offer of a hub and a job, in words for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..asking.model.engine_words import device_words, size_in_bytes
from ..engine.machine import Machine
from ..models.catalog import CatalogEntry
from ..models.contracts import MODALITY_WORDS
from ..models.licences import licence_warning
from ..models.store import folder_of
from .hub import HubOffer, hub_address
from .jobs import JobState
from .overview import ModelRow
from .space import MARGIN, free_space

GATED_ADVICE = "accept its terms at {page}, then log in once with: hf auth login"


@dataclass(frozen=True)
class Fact:
    """One thing to know; whether it is a warning, or a path, which may be shortened."""

    label: str
    words: str
    warning: bool = False
    path: bool = False


@dataclass(frozen=True)
class Terms:
    """What a person agrees to with a download.

    Parameters
    ----------
    facts
        To be read first.
    refusal
        Why it cannot begin, with what to do; empty where it can.
    """

    facts: tuple[Fact, ...]
    refusal: str = ""


def terms_of(
    entry: CatalogEntry, offer: HubOffer | None, begun: str, here: int, endpoint: str | None = None
) -> Terms:
    """Say what would be fetched, before it is.

    Parameters
    ----------
    entry
        The model.
    offer
        What the hub tells of it; None before it was asked.
    begun
        The commit of a download that was not finished; empty without.
    here
        Bytes that are here of it.
    endpoint
        Another hub.
    """
    size = offer.size if offer else round(entry.size_gb * 1e9)
    folder = folder_of(entry)
    room, refusal = _room(folder, max(size - here, 0))
    access, shut = _access(entry, offer, endpoint)
    facts = (
        Fact("from", f"{entry.repository} at {hub_address(endpoint)}"),
        _revision(entry, offer, begun),
        Fact("size", _size(size, offer, here)),
        *_licence(entry, offer),
        access,
        *_checksums(offer),
        Fact("to", str(folder), path=True),
        room,
    )
    return Terms(facts, refusal or shut)


def _revision(entry: CatalogEntry, offer: HubOffer | None, begun: str) -> Fact:
    if offer is not None:
        return Fact("revision", offer.commit)
    known = begun or entry.revision
    return Fact("revision", known or "the newest commit; the hub names it")


def _size(size: int, offer: HubOffer | None, here: int) -> str:
    words = f"about {size_in_bytes(size)}"
    if offer is not None:
        words = f"{size_in_bytes(size)} in {len(offer.files)} files"
    return f"{words}; {size_in_bytes(here)} are here already" if here else words


def _licence(entry: CatalogEntry, offer: HubOffer | None) -> tuple[Fact, ...]:
    if offer is None:
        facts = [Fact("licence", entry.licence)]
        warning = licence_warning(entry.licence)
    elif offer.licence:
        facts = [Fact("licence", offer.licence)]
        warning = licence_warning(offer.licence)
    else:
        facts = [Fact("licence", f"none on its card (known here: {entry.licence})")]
        warning = licence_warning("")
    return (*facts, Fact("", warning, True)) if warning else tuple(facts)


def _access(entry: CatalogEntry, offer: HubOffer | None, endpoint: str | None) -> tuple[Fact, str]:
    gated = entry.gated if offer is None else offer.gated
    if gated is None:
        return Fact("access", "whether it is gated, the hub tells"), ""
    if not gated:
        return Fact("access", "not gated"), ""
    page = f"{hub_address(endpoint)}/{entry.repository}"
    if offer is not None and offer.logged_in:
        return Fact("access", f"gated: its terms have to be accepted at {page}"), ""
    advice = GATED_ADVICE.format(page=page)
    if offer is None:
        return Fact("access", f"gated: {advice}", True), ""
    return Fact("access", "gated", True), f"No log-in was found here: {advice}."


def _checksums(offer: HubOffer | None) -> tuple[Fact, ...]:
    if offer is None:
        return ()
    bare = sum(not (file.sha256 or file.git_sha1) for file in offer.files.values())
    if not bare:
        return (Fact("checksums", "stated by the hub for every file, and compared"),)
    return (Fact("checksums", f"none stated for {bare} of the files", True),)


def _room(folder: Path, needed: int) -> tuple[Fact, str]:
    free = free_space(folder)
    if free is None:
        return Fact("free space", "not known"), ""
    if free >= needed + MARGIN:
        return Fact("free space", size_in_bytes(free)), ""
    lacking = (
        f"It needs {size_in_bytes(needed + MARGIN)} of free space, and there are "
        f"{size_in_bytes(free)}. Free some, or let MEDVLM_MODELS name a folder on another disk."
    )
    return Fact("free space", f"{size_in_bytes(free)}: too little", True), lacking


def access_words(row: ModelRow, offer: HubOffer | None = None) -> str:
    """Who may have a model, in a word or two; the hub, where it was asked, knows best."""
    if offer is not None:
        return "gated" if offer.gated else "not gated"
    if not row.repository or row.entry is None:
        return "here"
    return {None: "not known yet", True: "gated", False: "not gated"}[row.gated]


def licence_gist(row: ModelRow) -> str:
    """A licence in a word or two, with a sign where there is something to know."""
    name = row.licence.partition(";")[0].removesuffix(" as reported").strip() or "unknown"
    return f"! {name}" if row.warning else name


def needs_gist(row: ModelRow) -> str:
    """The memory that a model needs, and whether this machine has it: "8.6 GB · fits"."""
    if row.plan is None:
        return "not known"
    sign = "! " if row.plan.verdict in ("tight", "too much") else ""
    verdict = "" if row.plan.verdict == "unknown" else f" · {row.plan.verdict}"
    return f"{sign}{size_in_bytes(row.plan.need.total)} in {row.plan.precision}{verdict}"


def state_gist(row: ModelRow, job: JobState | None, held: str) -> str:
    """A model's state in a word or two: "partial · downloading 41 %", "ready · in memory"."""
    words: list[str] = [row.state.kind]
    if job is not None and not job.ended:
        return activity_words(job)
    if row.state.kind == "partial":
        words.append(f"{size_in_bytes(row.state.held)} here")
    if held:
        words.append(held)
    return " · ".join(words)


def facts_of(row: ModelRow) -> tuple[Fact, ...]:
    """What is to be known of a model before it is used."""
    facts = []
    if row.state.kind == "broken":
        facts.append(Fact("broken", row.state.why, True))
    if row.profile is not None:
        contract = row.profile.contract
        facts.append(Fact("trained on", contract.trained_on))
        facts.append(Fact("takes", takes_words(row)))
    if row.repository:
        revision = f"at revision {row.revision}" if row.revision else "at its newest revision"
        facts.append(Fact("published", f"{row.repository}, {revision}"))
    facts.append(Fact("licence", row.licence or "unknown"))
    if row.warning:
        facts.append(Fact("", row.warning, True))
    facts.append(Fact("memory", memory_words(row)))
    place = "goes to" if row.state.kind == "absent" else "lies in"
    facts.append(Fact(place, str(row.folder), path=True))
    return tuple(facts)


def takes_words(row: ModelRow) -> str:
    """The input that a model was trained with: "CT, MRI; axial; up to 16 images; slices …"."""
    if row.profile is None:
        return ""
    contract = row.profile.contract
    known = dict.fromkeys(MODALITY_WORDS.get(name, name) for name in contract.modalities)
    parts = [", ".join(known) or "any modality"]
    if contract.planes:
        parts.append(", ".join(contract.planes))
    count = contract.max_frames
    parts.append("one image" if count == 1 else f"up to {count} images")
    if "video" in contract.kinds:
        frames = contract.max_video_frames or contract.max_frames
        parts.append(f"clips of up to {frames} frames")
    parts.append(contract.scaling)
    return "; ".join(parts)


def machine_words(machine: Machine | None) -> str:
    """What this machine has: "GPU 0 (RTX 4090): 20.1 of 24.0 GB free · CPU: …"."""
    if machine is None:
        return "Looking at this machine …"
    parts = [
        f"{device_words(gpu.device)} ({gpu.name.removeprefix('NVIDIA ')}): "
        f"{_of(gpu.free, gpu.total)} free"
        for gpu in machine.gpus
    ]
    parts.append(f"CPU: {_of(machine.cpu.free, machine.cpu.total)} free")
    return "This machine: " + " · ".join(parts)


def memory_words(row: ModelRow) -> str:
    """What a model needs against what its device has: "8.6 GB in bfloat16; 22.1 GB free on …"."""
    made = row.plan
    if made is None:
        return "cannot be reckoned"
    words = f"{size_in_bytes(made.need.total)} for one image in {made.precision}"
    if row.memory is None:
        return words
    free = f"{size_in_bytes(row.memory.free)} free on the {device_words(row.memory.device)}"
    advice = f". {made.advice}" if made.advice else ""
    return f"{words}; {free}: {made.verdict}{advice}"


def share_of(row: ModelRow) -> int:
    """Percent of a download that are here."""
    return min(100 * row.state.held // max(row.size, 1), 99)


_RUNNING = {
    "ask": "asking the hub",
    "download": "downloading",
    "use": "copying",
    "pack": "packing",
    "check": "checking",
    "remove": "removing",
}


def activity_words(job: JobState) -> str:
    """A job in a word or two: "downloading 41 %"; empty when it has ended."""
    if job.ended:
        return ""
    words = "stopping" if job.stage == "stopping" else _RUNNING[job.act]
    if job.step is not None and job.step.total:
        words += f" {100 * job.step.done // job.step.total} %"
    return words


def file_words(job: JobState) -> str:
    """Where a job is in its file: "model.safetensors: 1.2 of 4.9 GB"."""
    step = job.step
    if step is None:
        return f"{_RUNNING[job.act][:1].upper()}{_RUNNING[job.act][1:]} …"
    if step.doing == "waiting":
        return f"The connection broke at {step.name}; trying again …"
    comparing = "comparing the checksum of " if step.doing == "checking" else ""
    return f"{comparing}{step.name}: {_of(step.here, step.size)}"


def total_words(job: JobState) -> str:
    """Where a job is in all: "3.1 of 7.5 GB · 11.2 MB/s · 6 min left"."""
    if job.stage == "stopping":
        return "Stopping at the next piece …"
    if job.step is None:
        return ""
    words = [_of(job.step.done, job.step.total)]
    if job.rate:
        words.append(f"{job.rate / 1e6:.1f} MB/s")
    if job.seconds_left is not None:
        words.append(f"{time_words(job.seconds_left)} left")
    return " · ".join(words)


def time_words(seconds: float) -> str:
    """A duration for people: "40 s", "6 min", "1 h 20 min"."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


_RESULTS: dict[str, Callable[[object], str]] = {
    "download": lambda _: "It is here, and every file matches the checksum that the hub states.",
    "use": lambda _: "The pack is in its place, and every file matches its checksum.",
    "pack": lambda _: "The pack is made. It can be used on a machine without a network.",
    "check": lambda found: _check_words(found),
    "remove": lambda freed: f"{size_in_bytes(freed)} freed." if isinstance(freed, int) else "",
}


def ended_words(job: JobState) -> str:
    """What came of a job, in a sentence; empty while it runs."""
    if not job.ended:
        return ""
    if job.stage == "failed":
        return job.words
    if job.stage == "stopped":
        here = f": {_of(job.step.done, job.step.total)} are here" if job.step else ""
        kept = {"download": f"Paused{here}.", "use": "Stopped. Nothing of the copy is left."}
        return kept.get(job.act, "Stopped.")
    return _RESULTS[job.act](job.result) if job.act in _RESULTS else ""


def _check_words(found: object) -> str:
    problems = found if isinstance(found, tuple) else ()
    if not problems:
        return "Every file matches its checksum."
    more = f" And {len(problems) - 3} more." if len(problems) > 3 else ""
    return " ".join(str(problem) for problem in problems[:3]) + more


def _of(done: int, total: int) -> str:
    here, whole = size_in_bytes(done), size_in_bytes(total)
    if here[-2:] == whole[-2:]:
        here = here[:-3]
    return f"{here} of {whole}"
