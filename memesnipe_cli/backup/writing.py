"""Writing an archive: a gzipped tar in a sealed stream, its manifest last; read back once before it gets its name."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import memesnipe_cli
from memesnipe_cli import clock
from memesnipe_cli.backup import manifest as manifests
from memesnipe_cli.backup.contents import Item, collect
from memesnipe_cli.backup.manifest import File, Manifest
from memesnipe_cli.backup.reading import check_archive
from memesnipe_cli.backup.sealing import SealedWriter
from memesnipe_cli.errors import DataError, StoreError, UsageError
from memesnipe_cli.store.files import explained, sync_folder, temporary_name
from memesnipe_cli.store.paths import StorePaths
from memesnipe_cli.store.version import read_marker

_GZIP_LEVEL = 4


@dataclass(frozen=True)
class Written:
    """An archive that was written and read back. bytes: of the file; sha256: of the file, to keep beside it."""

    path: Path
    bytes: int
    sha256: str
    manifest: Manifest


def default_name(paths: StorePaths) -> str:
    """`memesnipe-STOREID-20250131T120000Z.backup`."""
    marker = read_marker(paths.marker)
    time = clock.format_time(clock.now_ms()).split(".")[0].replace("-", "").replace(":", "").rstrip("Z")
    return f"memesnipe-{'new' if marker is None else marker.store_id}-{time}Z.backup"


def write_archive(
    paths: StorePaths,
    profiles: Path,
    parts: tuple[str, ...],
    target: Path,
    passphrase: bytes,
    *,
    force: bool = False,
) -> Written:
    """A backup of `parts` as the file `target`, whole or not at all, readable by its owner only. profiles: the folder
    of the user's own; force: replace what `target` names.

    Raises UsageError where `target` exists, DataError where there is nothing to back up, ConfigError for a passphrase
    that is too short, StoreBusyError, StoreError.
    """
    if target.exists() and not force:
        raise _taken(target)
    contents = collect(paths, profiles, parts)
    if not contents.items:
        raise DataError(f"there is nothing to back up in {paths.root}", "name the store with --store")
    marker = read_marker(paths.marker)
    temporary = temporary_name(target)
    try:
        with explained(f"cannot write the archive {target}"):
            handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w+b") as file:
                sealed = SealedWriter(file, passphrase)
                files: list[File] = []
                with (
                    gzip.GzipFile("", "wb", _GZIP_LEVEL, fileobj=cast("BinaryIO", sealed), mtime=0) as packed,
                    tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
                ):
                    for item in contents.items:
                        files.append(_add(tar, item))
                    manifest = Manifest(
                        clock.format_time(clock.now_ms()),
                        "" if marker is None else marker.store_id,
                        memesnipe_cli.__version__,
                        parts,
                        tuple(files),
                        tuple(contents.journals),
                    )
                    data = manifest.encode()
                    tar.addfile(_member(manifests.NAME, len(data)), io.BytesIO(data))
                sealed.finish()
                file.flush()
                os.fsync(file.fileno())
        check_archive(temporary, passphrase, str(target))
        with explained(f"cannot write the archive {target}"):
            size, digest = temporary.stat().st_size, _digest(temporary)
            _name_it(temporary, target, force)
    finally:
        temporary.unlink(missing_ok=True)
    return Written(target, size, digest, manifest)


def _add(tar: tarfile.TarFile, item: Item) -> File:
    digest = hashlib.sha256()
    with contextlib.ExitStack() as stack:
        source: BinaryIO
        if item.data is None:
            try:
                source = stack.enter_context(item.path.open("rb"))
            except FileNotFoundError:
                raise _changed(item) from None
        else:
            source = io.BytesIO(item.data)
        # Of the file that is open: another one may have taken its name.
        size = os.fstat(source.fileno()).st_size if item.size is None else item.size
        try:
            tar.addfile(_member(item.name, size), cast("BinaryIO", _Hashed(source, digest.update)))
        except OSError as problem:
            if problem.errno is None:  # tarfile's own: the file ended before its size
                raise _changed(item) from None
            raise
    return File(item.name, size, digest.hexdigest())


class _Hashed:
    """A file whose bytes are told as they are read."""

    def __init__(self, source: BinaryIO, told: Callable[[bytes], None]) -> None:
        self._source = source
        self._told = told

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._told(data)
        return data


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    return member


def _name_it(temporary: Path, target: Path, force: bool) -> None:
    if force:
        os.replace(temporary, target)
    else:
        try:
            # A link, unlike a rename, fails where the name was taken meanwhile.
            os.link(temporary, target)
        except FileExistsError:
            raise _taken(target) from None
        except OSError:
            # What a stick is formatted with may know no links.
            if target.exists():
                raise _taken(target) from None
            os.replace(temporary, target)
    sync_folder(target.parent)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _taken(target: Path) -> UsageError:
    return UsageError(f"{target} exists already", "name another file with --to, or replace it with --force")


def _changed(item: Item) -> StoreError:
    return StoreError(
        f"{item.path} was removed or cut while it was read: no archive was written", "run it again"
    )
