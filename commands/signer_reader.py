"""The process that reads one key out of the vault for a signer and ends. Started by signer_process.py, by nobody else;
it is no subcommand."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import orjson

_LAST_S = 1  # what does not end by then is ended


def main() -> int:
    """argv: descriptor for what is known of the key, descriptor for its secret, pid of the signer, owner, name,
    profile, store, unattended (yes, no)."""
    from memesnipe_cli.signer.hardening import die_with_parent, hide_memory

    hide_memory()
    # The signer leaves these to the trader; whoever asks a person at a terminal gives that back before it ends.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _ended)
    die_with_parent(int(sys.argv[3]), signal.SIGTERM)
    from memesnipe_cli.commands.keys_kit import open_vault

    from memesnipe_cli.cli import Run
    from memesnipe_cli.console import Console, OutputMode
    from memesnipe_cli.errors import ConfigError, MemesnipeError
    from memesnipe_cli.signer.errors import as_said
    from memesnipe_cli.signer.reading import hand_over
    from memesnipe_cli.vault.reading import read_key

    says, gives = int(sys.argv[1]), int(sys.argv[2])
    owner, name, profile, store, unattended = sys.argv[4:9]
    run = Run(Console(OutputMode.HUMAN), profile, Path(store))
    try:
        hand_over(read_key(open_vault(run, unattended=unattended == "yes"), owner, name), says, gives)
    except MemesnipeError as error:
        os.write(says, orjson.dumps(as_said(error)))
        return 1
    except KeyboardInterrupt:
        left = ConfigError("nobody gave the passphrase", "run it again", code="passphrase_missing")
        os.write(says, orjson.dumps(as_said(left)))
        return 1
    return 0


def _ended(number: int, frame: FrameType | None) -> None:
    signal.alarm(_LAST_S)
    raise KeyboardInterrupt


if __name__ == "__main__":
    from memesnipe_cli.signer.last_words import with_last_words

    sys.exit(with_last_words("the reader of the vault", main))
