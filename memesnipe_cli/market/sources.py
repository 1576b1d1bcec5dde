"""Opens what the user points at: plain files, .gz, .zip members and streams, told apart by their first bytes.

A Source is a plain file on disk of one kind; what was packed is unpacked into a scratch folder first.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from memesnipe_cli.errors import DataError, UsageError

HEAD_BYTES = 65_536


class Kind(StrEnum):
    """What a file is, by content."""

    PARQUET = "parquet"
    FEATHER = "feather"
    JSON = "json"
    JSONL = "jsonl"
    DELIMITED = "delimited text"


@dataclass(frozen=True)
class Source:
    """One plain file to read. `name` is what the user called it (`bars.zip:DOGEUSD_5.csv` for a member),
    `label` a path to guess from, in which an archive stands as a folder (`bars/DOGEUSD_5.csv`)."""

    name: str
    label: str
    path: Path
    kind: Kind

    def content_hash(self) -> str:
        """SHA-256 of the (unpacked) content."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


_REFUSED = (
    (b"\x89HDF", "HDF5", "export it as parquet or CSV"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unpack it first: zstd -d FILE"),
    (b"BZh", "bzip2", "unpack it first: bunzip2 FILE"),
    (b"\xfd7zXZ", "xz", "unpack it first: unxz FILE"),
    (b"7z\xbc\xaf", "7-zip", "unpack it first"),
    (b"FEA1", "Feather version 1", "write it again as Feather version 2 or parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data", "fetch the data with git lfs pull"),
)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that vanishes afterwards, for what is unpacked."""
    with TemporaryDirectory(prefix="memesnipe-") as folder:
        yield Path(folder)


def spool(stream: IO[bytes] | gzip.GzipFile, folder: Path, name: str) -> Path:
    """Write a stream to a file of the scratch folder."""
    target = folder / f"{sum(1 for _ in folder.iterdir()):06d}-{Path(name).name or 'data'}"
    with target.open("wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)
    return target


def open_path(path: Path, scratch: Path) -> Iterator[Source]:
    """The source or sources in one file the user named. Raises UsageError (no such file), DataError."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder", f"name the files: memesnipe ingest file {path}/*")
    if not path.exists():
        raise UsageError(f"no file {path}", "check the path")
    yield from _sources(path, str(path), str(path), scratch)


def open_stream(stream: IO[bytes], scratch: Path) -> Iterator[Source]:
    """The source or sources in a stream such as stdin."""
    yield from _sources(spool(stream, scratch, "stdin"), "stdin", "", scratch)


def _sources(path: Path, name: str, label: str, scratch: Path, depth: int = 0) -> Iterator[Source]:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head.strip():
        raise DataError(f"{name} is empty", "check how it was written or downloaded")
    if head[:2] == b"\x1f\x8b" or head[:4] == b"PK\x03\x04":
        if depth == 3:
            raise DataError(f"{name} is packed more than three times over", "unpack it first")
        yield from (_gzip if head[:2] == b"\x1f\x8b" else _zip)(path, name, label, scratch, depth)
        return
    yield Source(name, label, path, kind_of(head, name))


def _gzip(path: Path, name: str, label: str, scratch: Path, depth: int) -> Iterator[Source]:
    try:
        with gzip.open(path) as stream:
            plain = spool(stream, scratch, Path(name).name.removesuffix(".gz"))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name} is not a whole gzip file: {error}", "download it again") from None
    yield from _sources(plain, name, label.removesuffix(".gz"), scratch, depth + 1)


def _zip(path: Path, name: str, label: str, scratch: Path, depth: int) -> Iterator[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            members = [info for info in members if not info.filename.startswith("__MACOSX")]
            if any(info.filename == "[Content_Types].xml" for info in members):
                raise DataError(f"{name} is an Excel workbook", "save the sheet as CSV")
            if not members:
                raise DataError(f"{name} holds no files", "download it again")
            for info in members:
                if info.flag_bits & 1:
                    raise DataError(f"{name}: {info.filename} is encrypted", "unpack it first")
                with archive.open(info) as stream:
                    plain = spool(stream, scratch, info.filename)
                inside = f"{label.removesuffix('.zip')}/{info.filename}"
                yield from _sources(plain, f"{name}:{info.filename}", inside, scratch, depth + 1)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise DataError(f"{name} is not a whole zip file: {error}", "download it again") from None


def kind_of(head: bytes, name: str) -> Kind:
    """Tell a file by its first bytes. Raises DataError for what cannot hold bars."""
    for magic, what, hint in _REFUSED:
        if head.startswith(magic):
            raise DataError(f"{name} is {what}", hint)
    if head.startswith(b"PAR1"):
        return Kind.PARQUET
    if head.startswith(b"ARROW1"):
        return Kind.FEATHER
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\x00" in text:
        raise DataError(f"{name} is binary of an unknown kind", "use CSV, JSON, JSONL, parquet or Feather")
    if text[:1] in (b"<",):
        raise DataError(
            f"{name} is HTML or XML, not data", "the download probably failed; look into the file"
        )
    if text[:1] == b"{":
        return Kind.JSONL if _whole_object(text.split(b"\n", 1)[0]) else Kind.JSON
    if text[:1] == b"[":
        # An array a line is JSON lines; one array over the whole file (on one line or several) is JSON.
        first, _, rest = text.partition(b"\n")
        return Kind.JSONL if rest.lstrip()[:1] == b"[" and _whole_object(first) else Kind.JSON
    return Kind.DELIMITED


def _whole_object(line: bytes) -> bool:
    import orjson

    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    # A document such as {"candles": [...]} on one line is JSON; a record a line holds no rows of its own.
    if isinstance(found, dict):
        return not any(isinstance(value, list | dict) for value in found.values())
    return not any(isinstance(value, list | dict) for value in found)
