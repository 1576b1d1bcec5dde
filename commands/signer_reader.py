"""The process that reads one key out of the vault for a signer and ends. Started by signer_process.py, by nobody else;
it is no subcommand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import orjson


def main() -> int:
    """argv: descriptor for what is known of the key, descriptor for its secret, owner, name, profile, store, unattended
    (yes, no)."""
    from memesnipe_cli.signer.hardening import die_with_parent, hide_memory

    parent = os.getppid()
    hide_memory()
    die_with_parent(parent)
    from memesnipe_cli.commands.keys_kit import open_vault

    from memesnipe_cli.cli import Run
    from memesnipe_cli.console import Console, OutputMode
    from memesnipe_cli.errors import MemesnipeError
    from memesnipe_cli.signer.reading import hand_over
    from memesnipe_cli.vault.reading import read_key

    says, gives = int(sys.argv[1]), int(sys.argv[2])
    owner, name, profile, store, unattended = sys.argv[3:8]
    run = Run(Console(OutputMode.HUMAN), profile, Path(store))
    try:
        hand_over(read_key(open_vault(run, unattended=unattended == "yes"), owner, name), says, gives)
    except MemesnipeError as error:
        os.write(says, orjson.dumps({"refused": error.code, "message": error.message, "hint": error.hint}))
        return 1
    except KeyboardInterrupt:
        os.write(
            says,
            orjson.dumps({"refused": "interrupted", "message": "nobody gave the passphrase", "hint": ""}),
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
