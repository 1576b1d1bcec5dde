"""Tells an address outside that the loop is well, so that somebody notices when the whole machine is not.

The address raises the alarm when it is not asked any more (healthchecks, Uptime Kuma and the like). A thread of its own
asks it: the loop never waits for the network.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.profile_service import heartbeat_problem

DEADLINE_S = 10.0  # for a connection, and for each part of an answer
PATIENCE = 2.0  # a loop that has said nothing for so many intervals is not well


@dataclass(frozen=True, slots=True)
class HeartbeatState:
    """How it stands. sent: answered requests; age_s: seconds since the last one, None before the first; problem: why
    the outside does not hear that all is well, "" where it does."""

    where: str
    sent: int
    age_s: float | None
    problem: str


class Heartbeat:
    """Asks `url` every `every_s` seconds while the loop says that it is well. `with` it, or call `close`.

    Raises ConfigError for what is no http or https address, without repeating it.
    """

    def __init__(
        self,
        url: str,
        every_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        problem = heartbeat_problem(url)
        if problem is not None:
            raise ConfigError(
                f"service.heartbeat_url {problem}", "correct it in the profile, or leave it out"
            )
        self._url, self._every_s, self._clock, self._deadline_s = url, every_s, clock, deadline_s
        self.where = shortened(url)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ended = False
        self._beat_at: float | None = None
        self._ok, self._words = False, "the loop has not said anything yet"
        self._sent, self._failed = 0, ""
        self._sent_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def beat(self, ok: bool, words: str = "") -> None:
        """The loop lives. ok: it is also well; words: why it is not. Returns at once."""
        with self._lock:
            first = self._beat_at is None
            self._beat_at, self._ok, self._words = self._clock(), ok, words
        if first:
            self._wake.set()

    def state(self) -> HeartbeatState:
        """How it stands."""
        with self._lock:
            age = None if self._sent_at is None else self._clock() - self._sent_at
            return HeartbeatState(self.where, self._sent, age, self._silence() or self._failed)

    def close(self, seconds: float = 1.0) -> None:
        """End the thread; one that waits for an answer is left behind after so long and ends with the process."""
        self._ended = True
        self._wake.set()
        self._thread.join(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _silence(self) -> str:
        """Why nothing is sent, "" where something is."""
        if self._beat_at is None:
            return self._words
        silent = self._clock() - self._beat_at
        if silent > PATIENCE * self._every_s:
            return f"the loop has said nothing for {silent:.0f} s"
        return "" if self._ok else self._words or "the loop is not well"

    def _run(self) -> None:
        while not self._ended:
            self._wake.wait(self._every_s)
            self._wake.clear()
            with self._lock:
                quiet = self._silence()
            if self._ended or quiet:
                continue
            failed = self._ask()
            with self._lock:
                self._failed = failed
                if not failed:
                    self._sent += 1
                    self._sent_at = self._clock()

    def _ask(self) -> str:
        """Ask once. Returns what went wrong, without the address: it may hold a token."""
        import httpx  # here: it takes long to load, and this thread has the time

        try:
            # Redirects are not followed and nothing of the answer is read but its status.
            with (
                httpx.Client(timeout=self._deadline_s, trust_env=False) as client,
                client.stream("GET", self._url) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return f"{self.where} cannot be reached ({type(error).__name__})"
        return "" if 200 <= status < 300 else f"{self.where} answered {status}"


def shortened(url: str) -> str:
    """An address without what may be a secret in it: `https://hc-ping.com/...`."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    rest = "/..." if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.hostname}{port}{rest}"
