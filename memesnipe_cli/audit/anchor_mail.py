"""A checkpoint as a mail, handed to the sendmail of this machine. That it was taken is all that is known: it may still
come back."""

from __future__ import annotations

import re
import subprocess
from email.message import EmailMessage

from memesnipe_cli.audit.checkpoint import Checkpoint
from memesnipe_cli.audit.note import Note
from memesnipe_cli.errors import ConfigError, MemesnipeError, UsageError

DEADLINE_S = 60.0
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_MOST_WORDS = 300


class MailAnchor:
    """See Anchor. address: whom to; sendmail: the program, None where there is none."""

    def __init__(self, address: str, sendmail: str | None) -> None:
        if not _ADDRESS.fullmatch(address):
            raise UsageError(f"{address!r} is no mail address", "one, as in mail:me@example.com")
        if sendmail is None:
            raise ConfigError(
                "there is no sendmail on this machine",
                f"pipe it into the mailer that you have: memesnipe audit checkpoint | mail -s checkpoint {address}",
                code="anchor",
            )
        self.where = f"mail:{address}"
        self._address = address
        self._sendmail = sendmail

    def write(self, checkpoint: Checkpoint, note: Note) -> None:
        """See Anchor."""
        try:
            done = subprocess.run(  # noqa: S603  # the machine's sendmail, by its path, without a shell
                [self._sendmail, "-t", "-i"],
                input=message(self._address, checkpoint, note),
                capture_output=True,
                timeout=DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._failed(f"{self._sendmail} did not end within {DEADLINE_S:g} s") from None
        except OSError as problem:
            raise self._failed(f"{self._sendmail}: {problem.strerror or problem}") from None
        if done.returncode:
            words = " ".join(done.stderr.decode("utf-8", "replace").split())[:_MOST_WORDS]
            raise self._failed(f"{self._sendmail}: {words or f'exit {done.returncode}'}")

    def _failed(self, what: str) -> MemesnipeError:
        return MemesnipeError(
            f"the checkpoint did not go to {self.where}: {what}",
            "look at the mail system of this machine, then run it again",
            code="anchor",
        )


def message(address: str, checkpoint: Checkpoint, note: Note) -> bytes:
    """The whole mail. The checkpoint stands in it as it is, so that the saved mail can be given to --checkpoint."""
    mail = EmailMessage()
    mail["To"] = address
    mail["Subject"] = f"memesnipe checkpoint {checkpoint.store}: {checkpoint.size} entries"
    mail.set_content(str(note), cte="8bit")
    return mail.as_bytes()
