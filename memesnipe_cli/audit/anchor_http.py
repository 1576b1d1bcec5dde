"""A checkpoint as the body of a POST to an address that keeps it."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

from memesnipe_cli.audit.checkpoint import Checkpoint
from memesnipe_cli.audit.note import Note
from memesnipe_cli.errors import NetworkError, UsageError
from memesnipe_cli.service.heartbeat import shortened
from memesnipe_cli.venue_hosts import is_loopback

DEADLINE_S = 20.0


class HttpAnchor:
    """See Anchor. url: https, or http on this machine. A redirect is not followed; any 2xx answer is a yes."""

    def __init__(self, url: str, *, deadline_s: float = DEADLINE_S) -> None:
        problem = _problem(url)
        if problem:
            raise UsageError(
                f"the address of --to {problem}", "give an https address, e.g. https://example.com/keep"
            )
        self.where = shortened(url)  # the rest may hold a token
        self._url = url
        self._deadline_s = deadline_s

    def write(self, checkpoint: Checkpoint, note: Note) -> None:
        """See Anchor. Raises NetworkError."""
        said: list[str] = []
        # In a thread: an answer that drips has no end that the client would see.
        asking = threading.Thread(target=lambda: said.append(self._post(str(note))), daemon=True)
        asking.start()
        asking.join(self._deadline_s)
        problem = said[0] if said else f"did not answer within {self._deadline_s:g} s"
        if problem:
            raise NetworkError(
                f"the checkpoint is not proven to be at {self.where}: it {problem}",
                "run it again, or anchor elsewhere",
            )

    def _post(self, text: str) -> str:
        """Post once. Returns what went wrong, without the address."""
        import httpx

        try:
            # Nothing of the answer is read but its status.
            with (
                httpx.Client(timeout=self._deadline_s, trust_env=False) as client,
                client.stream(
                    "POST",
                    self._url,
                    content=text.encode(),
                    headers={"content-type": "text/plain; charset=utf-8"},
                ) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return f"cannot be reached ({type(error).__name__})"
        return "" if 200 <= status < 300 else f"answered {status}"


def _problem(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address"
    if not host:
        return "names no host"
    if parts.username is not None or parts.password is not None:
        return "holds a user name or password, which others could read in the list of processes"
    if parts.scheme != "https" and not is_loopback(host):
        return f"is not https: {host} is another machine"
    return ""
