"""The [service] table of a profile: what a loop that nobody watches tells the outside, and how it keeps its log."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from memesnipe_cli.profile_fields import Number, Settings


class Service(Settings):
    """Service mode.

    `heartbeat_url`: an address outside that is asked every `heartbeat_seconds` while the loop is well, and raises the
    alarm when it is not; empty for none. It may hold a token, so it is shown shortened. `log_bytes`: a log file is
    begun anew from here on; `log_files`: so many old ones are kept.
    """

    heartbeat_url: Annotated[str, Field(max_length=2000)] = ""
    heartbeat_seconds: Annotated[Number, Field(ge=5, le=3600)] = 60.0
    log_bytes: Annotated[int, Field(strict=True, ge=10_000, le=1_000_000_000)] = 5_000_000
    log_files: Annotated[int, Field(strict=True, ge=1, le=100)] = 5

    @field_validator("heartbeat_url")
    @classmethod
    def _address(cls, url: str) -> str:
        problem = heartbeat_problem(url) if url else None
        if problem is not None:
            raise ValueError(problem)
        return url


def heartbeat_problem(url: str) -> str | None:
    """What is wrong with a heartbeat's address, None where nothing is. Does not repeat it: it may hold a token."""
    if not url.isprintable() or any(letter.isspace() for letter in url):
        return "holds a space or a letter that no address has"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address: https://HOST/PATH"
    if parts.scheme not in ("http", "https") or not host:
        return "must be http or https: https://HOST/PATH"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    return None
