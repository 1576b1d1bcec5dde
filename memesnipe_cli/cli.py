"""The root command: a lazy table of subcommands, the global options, and the one place where errors become text
and an exit code.

Nothing here imports a subcommand before it is asked for: `memesnipe --help` is drawn from COMMANDS alone.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from memesnipe_cli import __version__
from memesnipe_cli.console import Console, OutputMode, PipeClosedError
from memesnipe_cli.errors import ExitCode, MemesnipeError, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.store import Store

# name -> (module under memesnipe_cli.commands, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "ingest": ("ingest", "Bring market data into the store: candles, funding, files, a simulated market."),
    "backtest": ("backtest", "Run strategies over stored or piped candles on one shared account."),
    "shadow": ("shadow", "Take the same decisions on a recorded tape, with paper fills."),
    "trade": ("trade", "Trade a strategy, on paper: bar by bar, journalled, safe to kill."),
    "strategies": ("strategies", "What strategies there are, what each needs; a template for your own."),
    "profile": ("profile", "List, show, check and compare profiles."),
    "store": ("store", "What the store holds, its size, and pruning."),
    "init": ("init", "Set up: venue, capital, limits; every question has a flag."),
    "doctor": ("doctor", "Check this machine: store, disk, clock, keyring, venues."),
}

GLOBAL_OPTIONS = (
    ("--profile NAME|PATH", "Settings to use (MEMESNIPE_PROFILE; default: paper)."),
    ("--store DIR", "Where data lives (MEMESNIPE_STORE; default: the platform's data folder)."),
    ("--json", "One JSON document on stdout."),
    ("--jsonl", "One JSON object a line on stdout, streaming."),
    ("-v, --verbose", "Say more on stderr."),
    ("-q, --quiet", "Say less on stderr."),
)
_VALUED = {"--profile", "--store"}
_FLAGS = {"--json", "--jsonl", "-v", "--verbose", "-q", "--quiet"}


@dataclass
class Run:
    """What one invocation works with; a command gets it from `current(ctx)`."""

    console: Console
    profile_name: str
    store_dir: Path | None

    @cached_property
    def profile(self) -> Profile:
        """The settings, read and validated once, on first use."""
        from memesnipe_cli.profile import load_profile

        return load_profile(self.profile_name)

    @cached_property
    def store(self) -> Store:
        """The store, opened on first use."""
        from memesnipe_cli.store.store import Store

        return Store(self.store_path)

    @cached_property
    def store_path(self) -> Path:
        """--store, else MEMESNIPE_STORE, else the platform's data folder."""
        if self.store_dir is not None:
            return self.store_dir
        from platformdirs import user_data_path

        return user_data_path("memesnipe", appauthor=False)


@dataclass
class GlobalOptions:
    """The options that may stand before or after a subcommand."""

    profile: str = "paper"
    store: Path | None = None
    mode: OutputMode = OutputMode.HUMAN
    verbosity: int = 0
    rest: list[str] = field(default_factory=list)


def take_global_options(args: Sequence[str], environ: dict[str, str]) -> GlobalOptions:
    """Pick the global options out of `args`, wherever they stand before a `--`; the others stay in `rest`."""
    options = GlobalOptions(profile=environ.get("MEMESNIPE_PROFILE") or "paper")
    if environ.get("MEMESNIPE_STORE"):
        options.store = Path(environ["MEMESNIPE_STORE"])
    waiting = list(args)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            options.rest += [word, *waiting]
            break
        if name in _VALUED:
            if not equals:
                if not waiting:
                    raise UsageError(f"option {name} needs a value", f"write {name} VALUE")
                value = waiting.pop(0)
            if not value:
                raise UsageError(f"option {name} has an empty value", f"write {name} VALUE")
            if name == "--profile":
                options.profile = value
            else:
                options.store = Path(value)
        elif word in _FLAGS:
            _set_flag(options, word)
        else:
            options.rest.append(word)
    return options


def _set_flag(options: GlobalOptions, word: str) -> None:
    if word in ("--json", "--jsonl"):
        mode = OutputMode(word[2:])
        if options.mode not in (OutputMode.HUMAN, mode):
            raise UsageError("--json and --jsonl exclude each other", "give one of the two")
        options.mode = mode
    elif word in ("-q", "--quiet"):
        options.verbosity = -1
    else:
        options.verbosity = max(options.verbosity, 0) + 1


class Command(TyperCommand):
    """A subcommand; its help ends with the global options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        _write_global_options(formatter)


class Group(TyperGroup):
    """A subcommand with subcommands of its own."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        _write_global_options(formatter)


class RootGroup(Group):
    """The root: imports a subcommand's module only when that subcommand is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"memesnipe_cli.commands.{COMMANDS[cmd_name][0]}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # The base class looks for near misses among loaded commands; ours are in the table.
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[arg-type]
        return super().resolve_command(ctx, args)


def _write_global_options(formatter: Any) -> None:
    with formatter.section("Global options, before or after the subcommand"):
        formatter.write_dl(list(GLOBAL_OPTIONS))


class CommandApp(typer.Typer):
    """A Typer app whose commands carry our help; commands/NAME.py exposes one as `app`."""

    def command(self, name: str | None = None, **kwargs: Any) -> Any:
        kwargs.setdefault("cls", Command)
        return super().command(name, **kwargs)


def command_app(help_text: str, *, group: bool = True) -> CommandApp:
    """The app of one subcommand. `group=False` for a subcommand without subcommands of its own."""
    app = CommandApp(
        help=help_text,
        cls=Group,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=group,
    )
    return app


def current(ctx: typer.Context) -> Run:
    """The Run of this invocation."""
    run = ctx.find_object(Run)
    if run is None:
        raise RuntimeError("a command was called outside of memesnipe_cli.cli.main")
    return run


def _root_app() -> typer.Typer:
    app = typer.Typer(
        cls=RootGroup,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        add_completion=True,
        epilog="Each command explains itself: memesnipe COMMAND --help.",
    )

    @app.callback(help="Trade crypto systematically with small capital, on Coinbase and Kraken.")
    def root(
        version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True),
    ) -> None:
        if version:
            sys.stdout.write(f"memesnipe {__version__}\n")
            raise typer.Exit

    return app


def run(args: Sequence[str], environ: dict[str, str]) -> int:
    """Run one command line and return its exit code; nothing escapes as a traceback that was expected."""
    console = Console()
    try:
        options = take_global_options(args, environ)
        console = Console(options.mode, verbosity=options.verbosity)
        this_run = Run(console=console, profile_name=options.profile, store_dir=options.store)
        command = typer.main.get_command(_root_app())
        result = command.main(options.rest, prog_name="memesnipe", standalone_mode=False, obj=this_run)
        return result if isinstance(result, int) else ExitCode.OK
    except MemesnipeError as error:
        console.error(error)
        return error.exit_code
    except typer.TyperException as error:
        return _usage_error(console, error)
    except PipeClosedError:
        return ExitCode.OK
    except (KeyboardInterrupt, typer.Abort):
        console.say("interrupted")
        return ExitCode.INTERRUPTED
    except RecursionError:
        raise
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        console.error(MemesnipeError(f"{error.strerror or error}{where}", "check the path, the disk and the permissions"))
        return ExitCode.FAILED


def _usage_error(console: Console, error: typer.TyperException) -> int:
    """Typer's complaint in our form. A bare group without arguments shows its help instead."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(error.format_message() + "\n")
        return ExitCode.USAGE
    path = context.command_path if context is not None else "memesnipe"
    console.error(UsageError(error.format_message().rstrip("."), f"see {path} --help"))
    return ExitCode.USAGE


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, seen as an interruption that ends with a code of its own."""


def _on_sigterm(signum: int, frame: object) -> None:
    raise TerminatedError


def main() -> None:
    """The console script."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        code = run(sys.argv[1:], dict(os.environ))
    except TerminatedError:
        code = ExitCode.TERMINATED
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    sys.stdout.flush()
    sys.exit(code)
