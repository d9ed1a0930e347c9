"""Compressed voxels, inflated into an array of the size that the header declares."""

from __future__ import annotations

import bz2
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal, cast

Packing = Literal["raw", "gzip", "zlib", "bzip2", "zip"]

#: Bytes that one byte of deflate can become at most (zlib's technical notes: 1032 to 1).
DEFLATE_LIMIT = 1032
#: The same for bzip2: 45 MB of one value fit into some 50 bytes.
BZIP2_LIMIT = 1_000_000
_CHUNK = 1 << 20


def packing_of(path: Path) -> Packing:
    """Whether a file as a whole is gzipped, told by its first bytes."""
    with path.open("rb") as file:
        return "gzip" if file.read(2) == b"\x1f\x8b" else "raw"


def open_packed(
    path: Path, offset: int, packing: Packing, member: zipfile.ZipInfo | None = None
) -> Any:
    """A binary file whose ``read`` and ``readinto`` give unpacked bytes.

    gzip goes through isal's igzip where it is installed, which inflates about twice as fast
    as zlib.

    Parameters
    ----------
    path
        The file.
    offset
        Where in the file the (packed) data begin.
    packing
        "raw" for data that are stored as they are.
    member
        Entry of a ZIP archive's directory; the offset means nothing there.
    """
    if member is not None:
        return open_member(path, member)
    file = path.open("rb", buffering=0)
    file.seek(offset)
    if packing == "raw":
        return file
    if packing == "gzip":
        return _gzip(file)
    if packing == "bzip2":
        return _Both(bz2.BZ2File(file), file)
    return _Both(io.BufferedReader(_ZlibReader(file), _CHUNK), file)


def open_member(path: Path, member: zipfile.ZipInfo) -> zipfile.ZipExtFile:
    """A member of a ZIP archive, by its place: the archive's directory is not read again.

    An archive may have tens of thousands of members, and ``zipfile.ZipFile`` reads its whole
    directory each time it is opened. The checksum is verified when the member was read to its end.

    Raises
    ------
    zipfile.BadZipFile
        If there is no such member at its place, or it is encrypted.
    """
    file = path.open("rb")
    try:
        file.seek(member.header_offset)
        # APPNOTE 4.3.7: 30 bytes, of which the last four are lengths of name and extra field.
        head = file.read(30)
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise zipfile.BadZipFile("a member is not where the archive's directory says")
        if member.flag_bits & 1:
            raise zipfile.BadZipFile("a member is encrypted")
        names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        file.seek(names, io.SEEK_CUR)
        return zipfile.ZipExtFile(file, "r", member, None, True)
    except BaseException:
        file.close()
        raise


def _gzip(file: io.FileIO) -> Any:
    try:
        from isal import igzip_lib
        from isal.igzip import IGzipFile
    except ImportError:  # no wheel for this kind of machine
        import gzip

        return _Both(gzip.GzipFile(fileobj=file, mode="rb"), file)
    # Its stubs call the class an instance.
    own = cast("type[Exception]", igzip_lib.IsalError)
    return _Both(IGzipFile(fileobj=file, mode="rb"), file, (own,))


class _Both:
    """A stream and the file beneath it, closed together.

    None of the streams closes a file that was handed to it. ``errors`` are those of the
    stream that say the same as ``zlib.error`` and are none.
    """

    def __init__(self, stream: Any, file: Any, errors: tuple[type[Exception], ...] = ()) -> None:
        self._stream, self._file, self._errors = stream, file, errors

    def read(self, count: int) -> bytes:
        try:
            return cast(bytes, self._stream.read(count))
        except self._errors as error:
            raise zlib.error(str(error)) from error

    def readinto(self, buffer: memoryview) -> int:
        try:
            return cast(int, self._stream.readinto(buffer))
        except self._errors as error:
            raise zlib.error(str(error)) from error

    def close(self) -> None:
        self._stream.close()
        self._file.close()

    def __enter__(self) -> _Both:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _ZlibReader(io.RawIOBase):
    """Data of a zlib stream without gzip's header (MetaImage compresses like this)."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        # + 32: takes gzip's header too, as ITK's own reader does.
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS + 32)
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            packed = self._waiting or self._file.read(_CHUNK)
            if not packed:
                raise EOFError("the compressed data end early")
            data = self._inflate.decompress(packed, len(buffer))
            self._waiting = self._inflate.unconsumed_tail
            if data:
                buffer[: len(data)] = data
                return len(data)
        return 0


def fill(stream: Any, buffer: memoryview) -> int:
    """Read until the buffer is full or the data end.

    Returns
    -------
    count
        Bytes that were read; fewer than the buffer holds only where the data end.
    """
    done = 0
    while done < len(buffer):
        count = stream.readinto(buffer[done:])
        if not count:
            break
        done += count
    return done


def skip(stream: Any, count: int) -> None:
    """Pass over so many unpacked bytes without keeping them."""
    while count > 0:
        part = len(stream.read(min(count, _CHUNK)))
        if not part:
            raise EOFError("the data end early")
        count -= part


def ends(stream: Any, slack: int = _CHUNK) -> bool:
    """Whether the data end within ``slack`` bytes; at their end the checksum is verified."""
    while slack > 0:
        part = len(stream.read(min(slack, _CHUNK)))
        if not part:
            return True
        slack -= part
    return False
