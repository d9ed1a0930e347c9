"""Whether a question fits into memory, told before anything runs. No torch.

Weights and cache are exact counts. What prefill and the vision tower need beside them for a
moment is an upper estimate of the largest layer's intermediate results, and what torch and its
device context take is a round figure; both are named as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import QuestionError
from .footprint import Footprint

Precision = Literal["float32", "bfloat16", "float16", "int8", "int4"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "float16", "int8", "int4")
#: Images that go through the vision tower at once.
IMAGES_AT_ONCE = 8
#: Values that share a scale (and in int4 a zero point): a row in int8, this many in int4.
INT4_GROUP = 128
#: Tokens of the system text, the templates and a question of ordinary length.
TEXT_TOKENS = 300
#: torch, its libraries and a device's context, in bytes: a round figure.
OVERHEAD = 600_000_000
#: Above this share of the free memory a question is called tight.
TIGHT = 0.9


@dataclass(frozen=True)
class Load:
    """What a question is made of.

    Parameters
    ----------
    images
        How many images, frames or tiles go through the vision tower.
    image_tokens, patches
        Visual tokens, and patches before merging, of each.
    text_tokens
        All other tokens of the prompt, earlier turns included.
    new_tokens
        The longest answer.
    counted
        Visual tokens of all together, where images differ in size and these two figures are of
        the largest; None where they are equal.
    """

    images: int
    image_tokens: int
    patches: int
    text_tokens: int = TEXT_TOKENS
    new_tokens: int = 1024
    counted: int | None = None

    @property
    def visual_tokens(self) -> int:
        """Tokens of all images together."""
        return self.images * self.image_tokens if self.counted is None else self.counted

    @property
    def prompt_tokens(self) -> int:
        """Tokens before the answer."""
        return self.visual_tokens + self.text_tokens


@dataclass(frozen=True)
class Need:
    """Bytes that a question takes, by what takes them."""

    weights: int
    cache: int
    vision: int
    prefill: int
    overhead: int = OVERHEAD

    @property
    def total(self) -> int:
        """At the worst moment: the vision tower is done before prefill begins."""
        return self.weights + self.cache + max(self.vision, self.prefill) + self.overhead


def width_bytes(precision: Precision) -> int:
    """Bytes of a value that is computed with, of the cache, and of weights left unquantised."""
    return 4 if precision == "float32" else 2


def weight_bytes(size: Footprint, precision: Precision) -> int:
    """Bytes of all weights."""
    plain = size.parameters * width_bytes(precision)
    if precision == "int8":
        # A scale of 2 bytes for each row: rows are at least as long as the hidden size.
        return plain - size.quantized + 2 * size.quantized // size.hidden
    if precision == "int4":
        return plain - 3 * size.quantized // 2 + 4 * size.quantized // INT4_GROUP
    return plain


def need(
    size: Footprint, load: Load, precision: Precision, *, at_once: int = IMAGES_AT_ONCE
) -> Need:
    """Add up what a question needs.

    Parameters
    ----------
    size
        The model.
    load
        The question.
    precision
        How weights are kept; with int8 and int4 everything else is bfloat16.
    at_once
        Images in one batch of the vision tower.

    Returns
    -------
    need
        In bytes.
    """
    if precision not in PRECISIONS:
        raise QuestionError(f"Unknown precision {precision!r}.", f"Known: {', '.join(PRECISIONS)}.")
    wide = width_bytes(precision)
    positions = load.prompt_tokens + load.new_tokens
    batch = min(at_once, load.images)
    # Of one layer: its input, the normed input, queries, keys, values, the attended, and the
    # two halves of the MLP with their product. Attention's scores are counted in full, as a
    # backend without a fused kernel holds them.
    row = 8 * size.tower_width + 2 * size.tower_mlp
    scores = size.tower_heads * load.patches * load.patches
    per_token = 6 * size.hidden + 3 * size.mlp
    return Need(
        weights=weight_bytes(size, precision),
        cache=positions * size.kv_bytes_per_token * wide // 2,
        vision=batch * (load.patches * row + scores) * wide
        + load.visual_tokens * size.hidden * wide,
        prefill=load.prompt_tokens * per_token * wide + 4 * size.vocabulary,
    )


Verdict = Literal["fits", "tight", "too much", "unknown"]


@dataclass(frozen=True)
class Plan:
    """A need against what a device has free, with what to do where it is too much."""

    precision: Precision
    load: Load
    need: Need
    free: int | None
    verdict: Verdict
    advice: str = ""


def plan(size: Footprint, load: Load, precision: Precision, free: int | None) -> Plan:
    """Compare a question's need with the memory that is free.

    Parameters
    ----------
    size, load, precision
        As of :func:`need`.
    free
        Bytes that the device has free for the model; None where that is not known.

    Returns
    -------
    plan
        Where it is tight or too much, ``advice`` says what would fit; the input itself is
        never changed by itself.
    """
    wanted = need(size, load, precision)
    if free is None:
        return Plan(precision, load, wanted, None, "unknown")
    verdict = _verdict(wanted.total, free)
    advice = "" if verdict == "fits" else _advice(size, load, precision, free)
    return Plan(precision, load, wanted, free, verdict, advice)


def _verdict(total: int, free: int) -> Verdict:
    if total > free:
        return "too much"
    return "tight" if total > TIGHT * free else "fits"


def _advice(size: Footprint, load: Load, precision: Precision, free: int) -> str:
    """The smallest change that makes it fit: fewer images at once, fewer bits, fewer images."""
    fewer_bits: list[Precision] = {
        "float32": ["bfloat16", "int8", "int4"],
        "bfloat16": ["int8", "int4"],
        "float16": ["int8", "int4"],
        "int8": ["int4"],
    }.get(precision, [])  # type: ignore[assignment]
    for other in fewer_bits:
        if need(size, load, other).total <= TIGHT * free:
            return f"With {other} weights it fits."
    smallest = fewer_bits[-1] if fewer_bits else precision
    for option in dict.fromkeys((precision, smallest)):
        fitting = most_images(size, load, option, free)
        if fitting:
            bits = "" if option == precision else f" with {option} weights"
            return f"At most {fitting} images fit{bits}: send fewer."
    return "Not even one image fits: use a smaller model, or a machine with more memory."


def most_images(size: Footprint, load: Load, precision: Precision, free: int) -> int:
    """Most images of a question that still fit; 0 where none does."""
    low, high = 0, load.images
    while low < high:
        middle = (low + high + 1) // 2
        trial = Load(middle, load.image_tokens, load.patches, load.text_tokens, load.new_tokens)
        if need(size, trial, precision).total <= TIGHT * free:
            low = middle
        else:
            high = middle - 1
    return low
