"""What a sequence parameter set of H.264 says of fields and of the shape of pixels."""

from __future__ import annotations

from dataclasses import dataclass

#: Profiles whose parameter sets describe their chroma (H.264, 7.3.2.1.1).
_WITH_CHROMA = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
_EXTENDED_ASPECT = 255


@dataclass(frozen=True)
class ParameterSet:
    """The two things that decide whether a frame can be shown as it was stored."""

    interlaced: bool
    square: bool


class _Bits:
    """Bits of a unit, without the bytes that keep start codes out of it (7.4.1)."""

    def __init__(self, unit: bytes) -> None:
        data = unit.replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the parameter set ends early")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        """Exponential Golomb code (9.1)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)

    # A signed code is as long as an unsigned one; only the place behind it matters here, but
    # for scaling lists, whose length depends on the values.
    def signed(self) -> int:
        """Signed exponential Golomb code (9.1.1)."""
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def parameter_set(unit: bytes) -> ParameterSet:
    """Read a sequence parameter set (H.264, 7.3.2.1.1), its first byte included.

    Raises
    ------
    ValueError
        If it ends early.
    """
    bits = _Bits(unit[1:])
    profile = bits.read(8)
    bits.read(16)
    bits.unsigned()
    if profile in _WITH_CHROMA:
        _pass_chroma(bits)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.read(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.unsigned()):
            bits.signed()
    bits.unsigned()
    bits.read(1)
    bits.unsigned()
    bits.unsigned()
    frames_only = bits.read(1)
    bits.read(1 if frames_only else 2)
    if bits.read(1):
        for _ in range(4):
            bits.unsigned()
    return ParameterSet(not frames_only, _square(bits))


def _square(bits: _Bits) -> bool:
    # VUI parameters (E.1.1): 0 is unspecified, 1 is square.
    if not bits.read(1) or not bits.read(1):
        return True
    kind = bits.read(8)
    if kind == _EXTENDED_ASPECT:
        width, height = bits.read(16), bits.read(16)
        return width == height or not width or not height
    return kind in (0, 1)


def _pass_chroma(bits: _Bits) -> None:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.read(1)
    bits.unsigned()
    bits.unsigned()
    bits.read(1)
    if not bits.read(1):
        return
    for n in range(12 if chroma == 3 else 8):
        if bits.read(1):
            _pass_scaling_list(bits, 16 if n < 6 else 64)


def _pass_scaling_list(bits: _Bits, size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
