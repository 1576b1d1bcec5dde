"""Where a checkpoint is written so that somebody else, or another machine, has it: the targets of `--to`.

Each kind is a file of its own; this is the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from memesnipe_cli.audit.checkpoint import Checkpoint
from memesnipe_cli.audit.note import Note
from memesnipe_cli.errors import UsageError


class Anchor(Protocol):
    """A place. where: how it is spoken of, without what may be a secret in it."""

    where: str

    def write(self, checkpoint: Checkpoint, note: Note) -> None:
        """Put the signed checkpoint there. Raises MemesnipeError where it is not there afterwards, as far as can be
        told."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The user's own programs, None where there is none. git: for git:DIR; sendmail: for mail:ADDRESS, called as
    `sendmail -t -i`."""

    git: str | None
    sendmail: str | None


def anchor_of(target: str, tools: Tools) -> Anchor:
    """The place that `--to` names: a path, git:DIR, mail:ADDRESS, or an https address. Raises UsageError,
    ConfigError."""
    for begins, make in _KINDS.items():
        if target.startswith(begins):
            return make(target.removeprefix(begins) if begins.endswith(":") else target, tools)
    if not target or "://" in target or target.startswith("-"):
        raise UsageError(
            f"a checkpoint cannot be written to {target!r}",
            "give a path, git:DIR, mail:ADDRESS or https://...",
        )
    from memesnipe_cli.audit.anchor_file import FileAnchor

    return FileAnchor(Path(target))


def _git(rest: str, tools: Tools) -> Anchor:
    from memesnipe_cli.audit.anchor_git import GitAnchor

    return GitAnchor(Path(rest), tools.git)


def _mail(rest: str, tools: Tools) -> Anchor:
    from memesnipe_cli.audit.anchor_mail import MailAnchor

    return MailAnchor(rest, tools.sendmail)


def _http(url: str, tools: Tools) -> Anchor:
    from memesnipe_cli.audit.anchor_http import HttpAnchor

    return HttpAnchor(url)


_KINDS: dict[str, Callable[[str, Tools], Anchor]] = {
    "git:": _git,
    "mail:": _mail,
    "http://": _http,
    "https://": _http,
}
