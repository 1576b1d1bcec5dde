"""The options that every subcommand has, and how they are picked out of a command line wherever they
stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import UsageError

# As shown at the end of every --help.
GLOBAL_OPTIONS = (
    ("--profile NAME|PATH", "Settings to use (MEMESNIPE_PROFILE; default: paper)."),
    ("--store DIR", "Where data lives (MEMESNIPE_STORE; default: the platform's data folder)."),
    ("--json", "One JSON document on stdout."),
    ("--jsonl", "One JSON object a line on stdout, streaming."),
    ("-v, --verbose", "Say more on stderr; -vv also shows where an error came from."),
    ("-q, --quiet", "Say less on stderr."),
    ("--version", "Print the version and exit."),
)
VALUED = ("--profile", "--store")
FLAGS = ("--json", "--jsonl", "-v", "--verbose", "-q", "--quiet", "--version")
_REPEATED_V = re.compile(r"^-v+$")


@dataclass
class GlobalOptions:
    """What the global options of one command line say; `rest` is the line without them."""

    profile: str = "paper"
    store: Path | None = None
    mode: OutputMode = OutputMode.HUMAN
    verbosity: int = 0
    version: bool = False
    rest: list[str] = field(default_factory=list)


def take_global_options(args: Sequence[str], environ: Mapping[str, str]) -> GlobalOptions:
    """Pick the global options out of `args`, wherever they stand before a `--`; the others stay in `rest`.

    Raises UsageError; where two values are given for one option the last one counts.
    """
    options = GlobalOptions(profile=environ.get("MEMESNIPE_PROFILE") or "paper")
    if environ.get("MEMESNIPE_STORE"):
        options.store = Path(environ["MEMESNIPE_STORE"]).expanduser()
    waiting = list(reversed(args))
    while waiting:
        word = waiting.pop()
        name, equals, value = word.partition("=")
        if word == "--":
            options.rest += [word, *reversed(waiting)]
            break
        if name in VALUED:
            if not equals:
                value = waiting.pop() if waiting else ""
            if not value:
                raise UsageError(f"option {name} needs a value", f"write {name} VALUE")
            if name == "--profile":
                options.profile = value
            else:
                options.store = Path(value).expanduser()
        elif word in FLAGS or _REPEATED_V.match(word):
            _set_flag(options, word)
        else:
            options.rest.append(word)
    return options


def requested_mode(args: Sequence[str]) -> OutputMode:
    """How an error about the command line itself is to be written: the first of --json, --jsonl that is
    there."""
    for word in args:
        if word in ("--json", "--jsonl"):
            return OutputMode(word[2:])
        if word == "--":
            break
    return OutputMode.HUMAN


def without_global_options(args: Sequence[str]) -> tuple[list[str], str]:
    """For completion: the line without global options, and the one at its end that still lacks its value, or
    ""."""
    rest: list[str] = []
    wants_value = ""
    for word in args:
        if wants_value:
            wants_value = ""
        elif word in VALUED:
            wants_value = word
        elif word.partition("=")[0] not in VALUED and word not in FLAGS and not _REPEATED_V.match(word):
            rest.append(word)
    return rest, wants_value


def _set_flag(options: GlobalOptions, word: str) -> None:
    if word in ("--json", "--jsonl"):
        mode = OutputMode(word[2:])
        if options.mode not in (OutputMode.HUMAN, mode):
            raise UsageError("--json and --jsonl exclude each other", "give one of the two")
        options.mode = mode
    elif word in ("-q", "--quiet"):
        options.verbosity = -1
    elif word == "--version":
        options.version = True
    else:
        options.verbosity = max(options.verbosity, 0) + (1 if word == "--verbose" else len(word) - 1)
