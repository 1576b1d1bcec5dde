"""The last member of an archive: what is in it, by length and hash, and where its journals end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from memesnipe_cli.backup.contents import JournalEnd
from memesnipe_cli.errors import IntegrityError

NAME = "manifest.json"
VERSION = 1


@dataclass(frozen=True)
class File:
    """One file of an archive."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself. time: when it was made; store: the id of its store, "" where nothing was stored
    yet; written_by: the version of the tool."""

    time: str
    store: str
    written_by: str
    parts: tuple[str, ...]
    files: tuple[File, ...]
    journals: tuple[JournalEnd, ...]

    def as_dict(self) -> dict[str, Any]:
        """The fields of the record `backup`."""
        return {
            "type": "backup",
            "v": VERSION,
            "time": self.time,
            "store": self.store,
            "written_by": self.written_by,
            "parts": list(self.parts),
            "journals": [each.as_dict() for each in self.journals],
            "files": [{"name": each.name, "bytes": each.bytes, "sha256": each.sha256} for each in self.files],
        }

    def encode(self) -> bytes:
        """The bytes of the member."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False).encode() + b"\n"


def parse_manifest(data: bytes, archive: str) -> Manifest:
    """The inverse of `encode`. Raises IntegrityError."""
    try:
        given = json.loads(data)
        if given["v"] != VERSION:
            raise ValueError(f"version {given['v']}")
        return Manifest(
            str(given["time"]),
            str(given["store"]),
            str(given["written_by"]),
            tuple(str(each) for each in given["parts"]),
            tuple(
                File(str(each["name"]), int(each["bytes"]), str(each["sha256"])) for each in given["files"]
            ),
            tuple(
                JournalEnd(
                    str(each["account"]), int(each["entries"]), str(each["head"]), str(each["problem"])
                )
                for each in given["journals"]
            ),
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise IntegrityError(
            f"the manifest of {archive} is not one that this version writes ({problem})",
            "use the version of memesnipe that wrote it",
        ) from None
