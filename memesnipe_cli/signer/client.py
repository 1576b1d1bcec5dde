"""The trader's end of a signer: starts the process, asks it to sign and send, and knows when it is gone.

Nothing here reads, holds or passes on a secret; the signer reads it itself.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from memesnipe_cli.signer import frames
from memesnipe_cli.signer.errors import SignerGoneError, SignerRefusedError, heard

if TYPE_CHECKING:
    import ccxt

# A person may have to type a passphrase first.
READY_S = 180.0
_GRACE_S = 1.0  # the signer gives up by itself; this much later its answer is not waited for
_END_S = 2.0
_SEND_S = 5


@dataclass(frozen=True, slots=True)
class SignerOrder:
    """What a signer is started for. owner: the venue, or what else the key belongs to (`audit`, a wallet's chain); key:
    its name in the vault; account: of a venue's key, whose journal and latch bind it; orders: False where it shall only
    ask; unattended: nobody is asked for a passphrase."""

    owner: str
    key: str
    store: str
    profile: str
    account: str = ""
    orders: bool = True
    unattended: bool = False


class SignerProcess(Protocol):
    """What is asked of the process itself; a Popen."""

    pid: int

    def poll(self) -> int | None:
        """How it ended; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """How it ended. Raises subprocess.TimeoutExpired."""

    def kill(self) -> None:
        """End it."""


class Signer:
    """A running signer of one key. Any thread may call; several requests may be under way."""

    def __init__(self, asked: SignerOrder, module: str = "memesnipe_cli.commands.signer_process") -> None:
        """Starts the process and does not wait for it. Raises SignerGoneError where it cannot be started."""
        ours, theirs = socket.socketpair()
        try:
            process: SignerProcess = subprocess.Popen(  # noqa: S603  our own program, with a number
                # -P: no module is taken from the folder that this happens to run in.
                [sys.executable, "-P", "-m", module, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdout=subprocess.DEVNULL,
            )
        except OSError as problem:
            ours.close()
            raise SignerGoneError(
                f"the signer cannot be started: {problem.strerror or problem}", "see what the machine lacks"
            ) from problem
        finally:
            theirs.close()
        self._talk(ours, process, asked)

    def _talk(self, ours: socket.socket, process: SignerProcess, asked: SignerOrder) -> None:
        # A signer that hangs takes nothing any more: a full buffer must not hold the trader up.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_S, 0))
        self._process = process
        self._link = ours
        self._writing = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any] | None]] = {}
        self._last = 0
        self._gone = False
        self._facts: dict[str, Any] | None = None
        self._starting = threading.Lock()
        frames.write(ours, asdict(asked))

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def facts(self) -> dict[str, Any]:
        """What the signer said of its key (`kind`, `home`, `fingerprint`) and of its memory once it was ready; waits
        for that. Raises ConfigError where it has no key to sign with, SignerGoneError."""
        # Whoever does not wait that long leaves a thread behind that does: only one may read.
        with self._starting:
            if self._facts is None:
                self._facts = self._until_ready()
                threading.Thread(target=self._read, name="signer", daemon=True).start()
            return self._facts

    def _until_ready(self) -> dict[str, Any]:
        if self._gone:
            self.check_alive()
        self._link.settimeout(READY_S)
        try:
            said = frames.read(self._link)
        except (OSError, frames.BrokenFrameError) as problem:
            self.close()
            raise SignerGoneError(f"the signer does not get ready: {problem}", "try again") from problem
        if said is None:
            self.close()
            raise SignerGoneError(
                "the signer ended before it was ready", "run memesnipe doctor; memesnipe keys check"
            )
        if "refused" in said:
            self.close()
            raise heard(said)
        self._link.settimeout(None)
        return said

    def check_alive(self) -> None:
        """Raises SignerGoneError where it has ended: nothing can be signed any more."""
        if self._gone or self._process.poll() is not None:
            raise SignerGoneError(
                "the signer has ended: nothing can be signed", "see docs/runbooks/signer-gone.md"
            )

    def attach(self, exchange: ccxt.Exchange) -> None:
        """Let a client that has no key send through the signer what needs one; what is public it asks itself. `fence`
        of the client is the right to send that goes with each request (see Calls). Waits until the signer is ready: a
        request that waited for that would be too old to be sent. Raises as `facts`."""
        self.facts()
        public = exchange.fetch2

        def fetch(
            path: str, api: Any = "public", method: str = "GET", params: Any = None, config: Any = None
        ) -> Any:
            names = [api] if isinstance(api, str) else list(api)
            if "private" not in names:
                return public(path, api, method, params or {}, config or {})
            cost = exchange.calculate_rate_limiter_cost(api, method, path, params or {}, config or {})
            exchange.throttle(cost)
            answer, headers = self.send(
                names, method, path, params or {}, int(exchange.fence), int(exchange.timeout)
            )
            exchange.last_response_headers = headers
            return answer

        exchange.fence = 0
        exchange.fetch2 = fetch

    def send(
        self,
        api: Sequence[str],
        method: str,
        path: str,
        params: Mapping[str, Any],
        fence: int,
        timeout_ms: int,
    ) -> tuple[Any, dict[str, str]]:
        """The venue's answer to a request that the signer signs and sends once, and the headers that came with it.

        Raises what ccxt raised there; SignerRefusedError where nothing was sent; SignerGoneError where nobody knows.
        """
        import ccxt

        message = {
            "api": list(api),
            "method": method,
            "path": path,
            "params": dict(params),
            "fence": fence,
            "timeout_ms": timeout_ms,
            "asked_s": time.monotonic(),
        }
        said = self.ask(message, timeout_ms / 1000 + _GRACE_S)
        if said is None:
            raise ccxt.RequestTimeout("no whole answer through the signer in time")
        if "refused" in said:
            raise SignerRefusedError(said["refused"], said["message"], said["hint"])
        if "error" in said:
            found = getattr(ccxt, said["error"], ccxt.ExchangeError)
            raise found(said["message"])
        return said["answer"], said["headers"]

    def ask(self, message: Mapping[str, Any], within_s: float) -> dict[str, Any] | None:
        """One message and its answer; None where none came in time. Raises SignerGoneError."""
        self.facts()
        answer: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._writing:
            self.check_alive()
            self._last += 1
            number = self._last
            self._waiting[number] = answer
            try:
                frames.write(self._link, {"id": number, **message})
            except OSError:
                self._gone = True
        try:
            said = None if self._gone else answer.get(timeout=within_s)
        except queue.Empty:
            return None
        finally:
            self._waiting.pop(number, None)
        if said is None:
            self._gone = True
            self.check_alive()
        return said

    def close(self) -> None:
        """End the process; it has nothing to save."""
        self._gone = True
        # Its other thread may be reading: closing alone would not wake it.
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> None:
        try:
            while (said := frames.read(self._link)) is not None:
                waiting = self._waiting.get(said.get("id", 0))
                if waiting is not None:
                    waiting.put(said)
        except (OSError, frames.BrokenFrameError):
            pass
        self._gone = True
        for waiting in list(self._waiting.values()):
            waiting.put(None)
