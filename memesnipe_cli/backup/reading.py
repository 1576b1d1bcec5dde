"""Reading an archive: each file as it comes, held against the manifest at the end."""

from __future__ import annotations

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from memesnipe_cli.backup import manifest as manifests
from memesnipe_cli.backup.contents import PROFILE_PREFIX, STORE_PREFIX
from memesnipe_cli.backup.manifest import File, Manifest, parse_manifest
from memesnipe_cli.backup.sealing import LONGEST_MAGIC, SealedReader, check_magic
from memesnipe_cli.errors import DataError, IntegrityError
from memesnipe_cli.store.files import explained

_BLOCK = 1 << 18
_MOST_MANIFEST_BYTES = 1 << 28
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass
class OpenArchive:
    """An archive that is being read. `files` gives its files one after the other; `manifest` is known after the
    last."""

    name: str
    _tar: tarfile.TarFile
    _read: list[File] = field(default_factory=list)
    _manifest: Manifest | None = None

    @property
    def manifest(self) -> Manifest:
        """What the archive says of itself, and what was found to be so."""
        if self._manifest is None:
            raise _not_whole(self.name, "it has no manifest")
        return self._manifest

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """(name, the bytes in blocks) of each file, in order; the bytes are to be taken before the next. Raises
        IntegrityError where the archive is not whole, or what is in it is not what its manifest says."""
        for member in self._tar:
            if not member.isreg():
                raise _not_whole(self.name, f"{member.name!r} in it is no file")
            if member.name == manifests.NAME:
                if member.size > _MOST_MANIFEST_BYTES:
                    raise _not_whole(self.name, "its manifest is too large")
                self._manifest = parse_manifest(b"".join(self._blocks(member)), self.name)
                continue
            if self._manifest is not None:
                raise _not_whole(self.name, f"{member.name!r} follows its manifest")
            digest = hashlib.sha256()
            taken = self._hashed(member, digest.update)
            yield checked_name(member.name, self.name), taken
            for _ in taken:
                pass
            self._read.append(File(member.name, member.size, digest.hexdigest()))
        _compare(self.manifest, self._read, self.name)

    def _hashed(self, member: tarfile.TarInfo, told: Callable[[bytes], object]) -> Iterator[bytes]:
        for block in self._blocks(member):
            told(block)
            yield block

    def _blocks(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        source = self._tar.extractfile(member)
        if source is None:
            raise _not_whole(self.name, f"{member.name!r} cannot be read")
        while block := source.read(_BLOCK):
            yield block


@contextmanager
def open_archive(path: Path, passphrase: bytes, name: str = "") -> Iterator[OpenArchive]:
    """The archive `path`; `name` names it in errors, where that is not its path. Whoever takes all its files has had
    every byte of it authenticated.

    Raises DataError for what is no archive, StoreError for one of another format, ConfigError for a wrong passphrase,
    IntegrityError for one that was cut off or changed.
    """
    said = name or str(path)
    check_begins(path, name)
    with ExitStack() as stack:
        with explained(f"cannot read {said}"):
            file = stack.enter_context(path.open("rb"))
        sealed = SealedReader(file, path.stat().st_size, passphrase, said)
        try:
            with (
                gzip.GzipFile(fileobj=cast("BinaryIO", sealed), mode="rb") as packed,
                tarfile.open(fileobj=packed, mode="r|") as tar,
            ):
                yield OpenArchive(said, tar)
                # What stands behind the last member belongs to the stream, and must be as it was written too.
                while packed.read(_BLOCK):
                    pass
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as problem:
            raise _not_whole(said, str(problem)) from None


def check_begins(path: Path, name: str = "") -> None:
    """That `path` begins as an archive of this format, which needs no passphrase. Raises DataError, StoreError."""
    said = name or str(path)
    if not path.is_file():
        raise DataError(f"there is no archive {said}", "name a file that memesnipe audit backup has written")
    with explained(f"cannot read {said}"), path.open("rb") as file:
        begin = file.read(LONGEST_MAGIC)
    check_magic(begin, said)


def check_archive(path: Path, passphrase: bytes, name: str = "") -> Manifest:
    """Read a whole archive and keep nothing: its manifest, found to be true. Raises as `open_archive`."""
    with open_archive(path, passphrase, name) as archive:
        for _ in archive.files():
            pass
        return archive.manifest


def checked_name(name: str, archive: str) -> str:
    """`name` if it stays inside of the folder that it is put into. Raises IntegrityError."""
    parts = name.split("/")
    inside = name.startswith((STORE_PREFIX, PROFILE_PREFIX)) and not any(
        each in ("", ".", "..") for each in parts
    )
    if not inside or _CONTROL.search(name):
        raise IntegrityError(
            f"{archive} holds the name {name!r}, which leaves the folder it belongs to: nothing was restored",
            "this is no archive that memesnipe audit backup has written",
            code="backup_name",
        )
    return name


def _compare(manifest: Manifest, read: list[File], archive: str) -> None:
    if list(manifest.files) == read:
        return
    said, found = {each.name: each for each in manifest.files}, {each.name: each for each in read}
    name = next((each for each in (*said, *found) if said.get(each) != found.get(each)), "its order of files")
    raise _not_whole(archive, f"{name} is not as its manifest says")


def _not_whole(archive: str, what: str) -> IntegrityError:
    return IntegrityError(
        f"{archive} is not whole: {what}",
        "take another copy of the archive, or an older one",
        code="backup_changed",
    )
