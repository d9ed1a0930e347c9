"""Picked images: an ordered list of places, of any layer and plane, that people add to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ...imaging import Plane, Slab


@dataclass(frozen=True)
class Pick:
    """One image that is wanted.

    Parameters
    ----------
    key
        What tells its source apart, such as the number of a layer.
    plane
        The plane that it is taken in.
    index
        Slice or frame number, from 0.
    time
        Time point of a temporal volume.
    slab
        Of how many slices it is made; None for one.
    """

    key: int
    plane: Plane
    index: int
    time: int = 0
    slab: Slab | None = None

    @property
    def stack(self) -> tuple[int, Plane, int]:
        """What it is one of: source, plane and time point."""
        return self.key, self.plane, self.time

    def same_place(self, other: Pick) -> bool:
        """Whether both are of one slice, however thick they are."""
        return self.stack == other.stack and self.index == other.index


@dataclass(frozen=True)
class Picks:
    """Picks in the order they are sent; no place is in it twice.

    Every method returns a new list, and this one if nothing changes.
    """

    items: tuple[Pick, ...] = ()

    @classmethod
    def of(cls, items: Iterable[Pick]) -> Picks:
        """A list of these; of the same place the first stays."""
        made = cls()
        for pick in items:
            made = made.add(pick)
        return made

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Pick]:
        return iter(self.items)

    def find(self, pick: Pick) -> int | None:
        """Where the same place is in the list, from 0; None where it is not."""
        places = (at for at, one in enumerate(self.items) if one.same_place(pick))
        return next(places, None)

    def add(self, pick: Pick) -> Picks:
        """Put it at the end, unless its place is there."""
        return self if self.find(pick) is not None else Picks((*self.items, pick))

    def toggle(self, pick: Pick) -> Picks:
        """Put it at the end, or take its place out."""
        at = self.find(pick)
        return self.add(pick) if at is None else self.remove(at)

    def remove(self, at: int) -> Picks:
        """Take one out by its number, from 0; one that is not there changes nothing."""
        if not 0 <= at < len(self.items):
            return self
        return Picks(self.items[:at] + self.items[at + 1 :])

    def move(self, at: int, to: int) -> Picks:
        """Move one so that it has number ``to`` afterwards; beyond the ends is the end."""
        if not 0 <= at < len(self.items):
            return self
        to = min(max(to, 0), len(self.items) - 1)
        if to == at:
            return self
        rest = [*self.items[:at], *self.items[at + 1 :]]
        rest.insert(to, self.items[at])
        return Picks(tuple(rest))

    def without(self, key: int) -> Picks:
        """Without those of a source."""
        return self._kept(lambda pick: pick.key != key)

    def indices(self, key: int, plane: Plane, time: int = 0) -> tuple[int, ...]:
        """Numbers of those of one source, plane and time point, in their order."""
        return tuple(pick.index for pick in self.items if pick.stack == (key, plane, time))

    def write(
        self,
        key: int,
        plane: Plane,
        indices: Sequence[int],
        *,
        time: int = 0,
        slab: Slab | None = None,
    ) -> Picks:
        """Have these and no others of one source, plane and time point; the rest stays.

        They stand where the first of the former ones stood, else at the end. One that was in
        the list keeps its slab.
        """
        here = (key, plane, time)
        before = {pick.index: pick for pick in self.items if pick.stack == here}
        fresh = [
            before.get(index, Pick(key, plane, index, time, slab))
            for index in dict.fromkeys(indices)
        ]
        at = next((n for n, pick in enumerate(self.items) if pick.stack == here), len(self.items))
        rest = [pick for pick in self.items if pick.stack != here]
        made = Picks((*rest[:at], *fresh, *rest[at:]))
        return self if made == self else made

    def thicken(self, key: int, plane: Plane, slab: Slab | None) -> Picks:
        """Have all of one source and plane of this slab."""
        made = tuple(
            replace(pick, slab=slab) if (pick.key, pick.plane) == (key, plane) else pick
            for pick in self.items
        )
        return self if made == self.items else Picks(made)

    def within(self, key: int, count: Callable[[Plane], int]) -> Picks:
        """Without those of a source that it does not have (any more).

        Parameters
        ----------
        key
            Of the source.
        count
            How many slices a plane of it has; 0 for one that it does not offer.
        """
        return self._kept(lambda pick: pick.key != key or pick.index < count(pick.plane))

    def _kept(self, wanted: Callable[[Pick], bool]) -> Picks:
        items = tuple(pick for pick in self.items if wanted(pick))
        return self if len(items) == len(self.items) else Picks(items)
