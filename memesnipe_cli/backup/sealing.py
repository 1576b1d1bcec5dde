"""The sealed stream of a backup: Argon2id makes a key of the passphrase, AES-256-GCM seals one chunk after the other.

    "memesnipe backup v1\\n"  salt (16)  check (32)  chunk ... chunk  "memesnipe end\\n"

Each chunk is 64 KiB of the content and its tag; only the last may be shorter. The nonce of a chunk is its number (11
bytes) and a byte that is 1 for the last one, and every chunk is bound to the header. So a chunk that was changed, left
out, put elsewhere or doubled does not open, and neither does a stream without its end. A key is used for one archive
only: its salt is random. The check is an HMAC over the header, by which a wrong passphrase is told from a changed
chunk; the trailing words only tell a file that was cut off from one that was changed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from typing import BinaryIO

from memesnipe_cli.errors import ConfigError, DataError, IntegrityError, StoreError
from memesnipe_cli.store.files import explained
from memesnipe_cli.vault.file_home import LEAST_PASSPHRASE, SALT_BYTES, derive_key

FORMAT = 1
CHUNK_BYTES = 1 << 16
_MAGIC = b"memesnipe backup v%d\n" % FORMAT
_ANY_MAGIC = re.compile(rb"^memesnipe backup v([0-9]{1,9})\n")
LONGEST_MAGIC = 32
_TRAILER = b"memesnipe end\n"
_CHECK_BYTES = hashlib.sha256().digest_size
_TAG_BYTES = 16
_LAST = 1


class SealedWriter:
    """Seals what is written to it into `target`. `finish` ends the stream; without it nothing opens it again.

    Raises ConfigError for a passphrase that is too short.
    """

    def __init__(self, target: BinaryIO, passphrase: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(passphrase) < LEAST_PASSPHRASE:
            raise ConfigError(
                f"the passphrase has fewer than {LEAST_PASSPHRASE} characters",
                "take a longer one: who copies the archive may try as long as he likes",
                code="passphrase",
            )
        self._target = target
        begin = _MAGIC + os.urandom(SALT_BYTES)
        check_key, chunk_key = _keys(passphrase, begin[len(_MAGIC) :])
        self._header = begin + _mac(check_key, begin)
        self._cipher = AESGCM(chunk_key)
        self._number = 0
        self._waiting = bytearray()
        target.write(self._header)

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._waiting += data
        # The last chunk must be known for what it is, so a full one waits until more comes.
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), 0)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def flush(self) -> None:
        """Nothing: a chunk is written when it is full."""

    def finish(self) -> None:
        """Seal what waits as the last chunk."""
        self._seal(bytes(self._waiting), _LAST)
        self._target.write(_TRAILER)

    def _seal(self, chunk: bytes, last: int) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, last), chunk, self._header))
        self._number += 1


class SealedReader:
    """The content of the sealed stream `source`, whose size is `size` bytes; `name` names it in errors. Gives out
    nothing that was not authenticated.

    Raises DataError for what is no archive, StoreError for one of another format, ConfigError for a wrong passphrase;
    reading raises IntegrityError for a stream that was cut off or changed.
    """

    def __init__(self, source: BinaryIO, size: int, passphrase: bytes, name: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._source = source
        self._name = name
        begin = source.read(len(_MAGIC) + SALT_BYTES)
        check_magic(begin, name)
        self._header = begin + source.read(_CHECK_BYTES)
        self._left = size - len(self._header) - len(_TRAILER)
        if self._left < _TAG_BYTES:
            raise self._cut_off()
        check_key, chunk_key = _keys(passphrase, begin[len(_MAGIC) :])
        if not hmac.compare_digest(_mac(check_key, begin), self._header[len(begin) :]):
            raise ConfigError(
                f"{name} does not open: the passphrase is wrong (or the first {len(self._header)} bytes were changed)",
                "give the passphrase it was made with; without it nobody can open the archive",
                code="passphrase",
            )
        if not self._ends():
            raise self._cut_off()
        self._cipher = AESGCM(chunk_key)
        self._number = 0
        self._waiting = b""
        self._done = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that are left where it is below 0; b"" after the last."""
        if size < 0:
            parts = [self._waiting]
            while not self._done:
                parts.append(self._chunk())
            self._waiting = b""
            return b"".join(parts)
        while not self._waiting and not self._done:
            self._waiting = self._chunk()
        given, self._waiting = self._waiting[:size], self._waiting[size:]
        return given

    def _chunk(self) -> bytes:
        from cryptography.exceptions import InvalidTag

        length = min(self._left, CHUNK_BYTES + _TAG_BYTES)
        self._left -= length
        self._done = self._left == 0
        with explained(f"cannot read {self._name}"):
            sealed = self._source.read(length)
        try:
            chunk = self._cipher.decrypt(_nonce(self._number, int(self._done)), sealed, self._header)
        except InvalidTag:
            begin = len(self._header) + self._number * (CHUNK_BYTES + _TAG_BYTES)
            raise IntegrityError(
                f"{self._name} was changed: its bytes {begin} to {begin + length} are not what was written",
                "take another copy of the archive, or an older one",
                code="backup_changed",
            ) from None
        self._number += 1
        return chunk

    def _ends(self) -> bool:
        place = self._source.tell()
        self._source.seek(place + self._left)
        found = self._source.read(len(_TRAILER))
        self._source.seek(place)
        return found == _TRAILER

    def _cut_off(self) -> IntegrityError:
        return IntegrityError(
            f"{self._name} is cut off: it does not end as an archive does",
            "copy it again from where it was kept, or take an older one",
            code="backup_cut_off",
        )


def check_magic(begin: bytes, name: str) -> None:
    """That a file that begins so is an archive of this format. Raises DataError, StoreError."""
    match = _ANY_MAGIC.match(begin)
    if match is None:
        raise DataError(
            f"{name} is no backup archive: it begins with {begin[:16]!r}",
            "name a file that memesnipe audit backup has written",
            code="not_a_backup",
        )
    if int(match[1]) != FORMAT:
        raise StoreError(
            f"{name} is a backup archive of format {int(match[1])}, and this version reads format {FORMAT}",
            "use the version of memesnipe that wrote it",
            code="backup_format",
        )


def _keys(passphrase: bytes, salt: bytes) -> tuple[bytes, bytes]:
    root = derive_key(passphrase, salt)
    return _mac(root, b"memesnipe backup header"), _mac(root, b"memesnipe backup chunks")


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def _nonce(number: int, last: int) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
