"""How a series was acquired, as numbers that people tell its volumes apart by.

Numbers alone: words of the header may hold anything, and these facts go into layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .header import ImageHeader

#: More different values than this are given as a range.
_LISTED = 3

#: What is told, of which number of an image, and its unit.
_FACTS: tuple[tuple[str, Callable[[ImageHeader], float | None], str], ...] = (
    ("echo time", lambda h: h.traits.echo[1] if h.traits.echo else None, "ms"),
    ("inversion time", lambda h: h.traits.inversion, "ms"),
    ("b-value", lambda h: h.traits.b_value, "s/mm²"),
    ("flip angle", lambda h: h.traits.flip, "°"),
    ("tube voltage", lambda h: h.traits.energy, "kV"),
)


def acquisition_facts(headers: Sequence[ImageHeader]) -> dict[str, str]:
    """Facts of a volume's images: "echo time" to "80 ms", "b-value" to "0 to 3000 s/mm² (7)".

    Parameters
    ----------
    headers
        Of all its images.

    Returns
    -------
    facts
        Without those that the headers do not tell, or tell as 0 throughout (which scanners write
        for "does not apply"; a b-value of 0 is one).
    """
    facts = {}
    for name, number_of, unit in _FACTS:
        values = sorted({v for h in headers if (v := number_of(h)) is not None})
        if values and (any(values) or name == "b-value"):
            facts[name] = _worded(values, unit)
    return facts


def _worded(values: Sequence[float], unit: str) -> str:
    space = "" if unit == "°" else " "
    if len(values) > _LISTED:
        return f"{values[0]:.5g} to {values[-1]:.5g}{space}{unit} ({len(values)} values)"
    return f"{', '.join(f'{value:.5g}' for value in values)}{space}{unit}"
