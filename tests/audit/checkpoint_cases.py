"""Journals with checkpoints for the tests of `audit`, signed by a key in this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from memesnipe_cli.audit import kept
from memesnipe_cli.audit.audit_key import key_name
from memesnipe_cli.audit.checkpoint import Checkpoint
from memesnipe_cli.audit.checkpoint_taking import signed, take
from memesnipe_cli.audit.note import Note, VerifyKey
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

SEGMENT_BYTES = 4_000
_AT_ONCE = 5


@dataclass
class Signer:
    """Stands for the process that alone has the key."""

    name: str = "checkpoint"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    texts: list[bytes] = field(default_factory=list)

    def __call__(self, text: bytes) -> tuple[bytes, bytes]:
        self.texts.append(text)
        return self.key.public_key().public_bytes_raw(), self.key.sign(text)

    @property
    def public(self) -> VerifyKey:
        """What verifies it."""
        return VerifyKey(key_name(self.name), self.key.public_key().public_bytes_raw())


def note_lines(root: Path, count: int, account: str = "paper") -> StorePaths:
    """A store whose journal got so many more entries."""
    paths = StorePaths(root)
    journal = Journal(paths, account, segment_bytes=SEGMENT_BYTES)
    notes = [("note", {"number": number, "text": "ü" * 40}) for number in range(count)]
    for begin in range(0, count, _AT_ONCE):
        journal.append_many(notes[begin : begin + _AT_ONCE])
    return paths


def anchored(paths: StorePaths, signer: Signer, account: str = "paper") -> tuple[Checkpoint, Note]:
    """A checkpoint of the journal as it is, kept nowhere."""
    taken = take(paths, account)
    return taken, signed(taken, key_name(signer.name), signer)[0]


def keep(paths: StorePaths, signer: Signer, account: str = "paper") -> Note:
    """A checkpoint that the store keeps, with its public key."""
    taken, note = anchored(paths, signer, account)
    kept.keep_key(paths, signer.public)
    kept.keep(paths, account, taken.size, note)
    return note


@dataclass
class Keeper:
    """An address that keeps what is posted to it. status: what it answers; silent: it never does."""

    status: int = 201
    silent: bool = False
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""


@contextmanager
def keeper(status: int = 201, *, silent: bool = False) -> Iterator[Keeper]:
    """One on this machine for the body."""
    state = Keeper(status, silent)
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            if state.silent:
                over.wait(10)
                return
            self.send_response(state.status)
            if state.status == 302:
                self.send_header("location", state.url + "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/keep/token-{os.urandom(4).hex()}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
