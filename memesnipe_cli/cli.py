"""The root command: a lazy table of subcommands, the kit they are made with, and the one place where errors
become text and an exit code.

Nothing here imports a subcommand before it is asked for: `memesnipe --help` is drawn from COMMANDS alone.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from memesnipe_cli import __version__, signals
from memesnipe_cli.completion import (
    COMPLETION_OPTIONS,
    INSTALL,
    SHOW,
    VARIABLE,
    complete_global_options,
    complete_words,
    completion_text,
)
from memesnipe_cli.console import Console, OutputMode, PipeClosedError, guard_standard_streams
from memesnipe_cli.errors import ExitCode, MemesnipeError, UsageError
from memesnipe_cli.global_options import (
    GLOBAL_OPTIONS,
    requested_mode,
    take_global_options,
    without_global_options,
)
from memesnipe_cli.signals import STOP, TerminatedError

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.store import Store

# name -> (module under memesnipe_cli.commands, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "ingest": ("ingest", "Bring market data into the store: candles, funding, files, a simulated market."),
    "backtest": ("backtest", "Run strategies over stored or piped candles on one shared account."),
    "shadow": ("shadow", "Take the same decisions on live data or a recorded tape, with paper fills."),
    "trade": ("trade", "Trade a strategy, on paper or for real: bar by bar, journalled, safe to kill."),
    "breaker": ("breaker", "The kill switch: what is stopped and why; trip it, reset it, its history."),
    "audit": ("audit", "The journal as evidence: verify, sign, prove, report, export, back up."),
    "keys": ("keys", "Keys of venues and data sources: add, list, check, rotate, remove, unlock."),
    "strategies": ("strategies", "What strategies there are, what each needs; a template for your own."),
    "profile": ("profile", "List, show, check and compare profiles."),
    "store": ("store", "What the store holds, its size, and pruning."),
    "init": ("init", "Set up: venue, capital, limits; every question has a flag."),
    "doctor": ("doctor", "Check this machine: store, disk, clock, keyring, venues."),
}
HELP_WIDTH = 100


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


# --- the kit that commands are made with --------------------------------------------------------------------


def _write_global_options(formatter: Any) -> None:
    with formatter.section("Global options, before or after the subcommand"):
        formatter.write_dl(list(GLOBAL_OPTIONS))


def _write_examples(formatter: Any, epilog: str | None) -> None:
    # The epilog holds the examples, one a line: a shell line must not be wrapped or joined with the next.
    if epilog:
        formatter.write_paragraph()
        formatter.write("Examples:\n" + "".join(f"  {line}\n" for line in epilog.splitlines()))


def _plain_help_option(option: Any) -> Any:
    """Typer's --help, with a default that is a bool already.

    Left at None it is coerced, and the first coercion loads pydantic: a third of a light command's start-up
    time.
    """
    if option is not None:
        option.default = False
    return option


class Command(TyperCommand):
    """A subcommand; its help ends with the global options and its examples, and completion knows both."""

    def get_help_option(self, ctx: Any) -> Any:
        return _plain_help_option(super().get_help_option(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        _write_global_options(formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        _write_examples(formatter, self.epilog)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        special = complete_global_options(ctx, incomplete)
        return special if special is not None else super().shell_complete(ctx, incomplete)


class Group(TyperGroup):
    """A subcommand with subcommands of its own."""

    def get_help_option(self, ctx: Any) -> Any:
        return _plain_help_option(super().get_help_option(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        _write_global_options(formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        special = complete_global_options(ctx, incomplete)
        return special if special is not None else super().shell_complete(ctx, incomplete)


class RunGroup(Group):
    """A subcommand that runs by itself and has subcommands beside that: its help ends with the examples in its epilog,
    and a stray word is told where it belongs."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        _write_examples(formatter, self.epilog)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None:
            known = ", ".join(self.list_commands(ctx))
            raise UsageError(
                f"{args[0]!r} is not a subcommand of {ctx.info_name} ({known})",
                "a strategy is named with --strategy, a symbol with --symbol",
            )
        return super().resolve_command(ctx, args)


class CommandApp(typer.Typer):
    """A Typer app whose commands carry our help; commands/NAME.py exposes one as `app`."""

    def command(  # type: ignore[override]  # the keywords pass through to typer's own
        self, name: str | None = None, *, examples: Sequence[str] = (), **kwargs: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """As typer's, and `examples`: whole shell lines shown under `Examples:` at the end of the help."""
        kwargs.setdefault("cls", Command)
        if examples:
            kwargs["epilog"] = "\n".join(examples)
        return super().command(name, **kwargs)


def command_app(help_text: str, *, group: bool = True) -> CommandApp:
    """The app of one subcommand. `group=False` for a subcommand without subcommands of its own."""
    return CommandApp(
        help=help_text,
        cls=Group,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=group,
    )


def current(ctx: typer.Context) -> Run:
    """The Run of this invocation."""
    run = ctx.find_object(Run)
    if run is None:
        raise RuntimeError("a command was called outside of memesnipe_cli.cli.main")
    return run


# --- the root -----------------------------------------------------------------------------------------------


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
        with formatter.section("Completion"):
            formatter.write_dl(list(COMPLETION_OPTIONS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # The base class looks for near misses among loaded commands; ours are in the table.
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]
        return super().resolve_command(ctx, args)

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        if not extra.get("resilient_parsing"):
            return super().make_context(info_name, args, parent=parent, **extra)
        # Completion parses the unfinished line itself: it must not stumble over the global options.
        rest, wants_value = without_global_options(args)
        context = super().make_context(info_name, rest, parent=parent, **extra)
        context.meta["memesnipe.wants_value"] = wants_value
        return context

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        special = complete_global_options(ctx, incomplete)
        if special is not None:
            return special
        return complete_words({name: text for name, (_, text) in COMMANDS.items()}, incomplete)


def root_command() -> Any:
    """The root command, ready to parse a line."""
    app = typer.Typer(
        cls=RootGroup,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        add_completion=False,
        epilog="Each command explains itself: memesnipe COMMAND --help.",
    )

    @app.callback(help="Trade crypto systematically with small capital, on Coinbase and Kraken.")
    def root() -> None:
        """Nothing happens before a subcommand is called; the global options were taken out of the line
        before."""

    return typer.main.get_command(app)


# --- running ------------------------------------------------------------------------------------------------


def run(args: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command line and return its exit code. Every way a command can end becomes text here."""
    console = Console(requested_mode(args))
    words = list(args)
    try:
        options = take_global_options(args, environ)
        words = options.rest
        console = Console(options.mode, verbosity=options.verbosity)
        if options.version:
            console.text(f"memesnipe {__version__}", {"type": "version", "v": 1, "version": __version__})
            return ExitCode.OK
        if words[:1] in ([SHOW], [INSTALL]):
            text = completion_text(words)
            console.text(text, {"type": "completion", "v": 1, "text": text})
            return ExitCode.OK
        this_run = Run(console=console, profile_name=options.profile, store_dir=options.store)
        command = root_command()
        with command.make_context(
            "memesnipe", list(words), obj=this_run, max_content_width=HELP_WIDTH
        ) as context:
            result = command.invoke(context)
        # A command that returns a number means its exit code; any other value means nothing.
        return result if isinstance(result, int) and not isinstance(result, bool) else ExitCode.OK
    except typer.Exit as ending:
        return ending.exit_code
    except KeyboardInterrupt:
        return _stopped(console, ExitCode.INTERRUPTED)
    except TerminatedError:
        return _stopped(console, ExitCode.TERMINATED)
    except Exception as error:
        if STOP.code is not None:
            return _stopped(console, STOP.code)
        return _failed(console, error, words)


def _stopped(console: Console, code: ExitCode) -> int:
    console.say("terminated" if code is ExitCode.TERMINATED else "interrupted")
    return code


def _failed(console: Console, error: Exception, words: Sequence[str]) -> int:
    """What a command raised, told to the person (and with -vv from where), as an exit code."""
    if isinstance(error, PipeClosedError) or (isinstance(error, OSError) and error.errno == errno.EPIPE):
        return ExitCode.OK
    if isinstance(error, typer.Abort):
        return _stopped(console, ExitCode.INTERRUPTED)
    if isinstance(error, typer.TyperException):
        return _usage_error(console, error)
    if console.verbosity >= 2:
        import traceback

        from memesnipe_cli.crash import without_secrets

        console.say_verbatim(without_secrets("".join(traceback.format_exception(error))))
    if isinstance(error, OSError):
        # The operating system refused something that no layer below explained better.
        where = f": {error.filename}" if error.filename else ""
        hint = "check the path, the disk and the permissions"
        error = MemesnipeError(f"{error.strerror or error}{where}", hint, code="system")
    if not isinstance(error, MemesnipeError):
        from memesnipe_cli.crash import report_crash

        error = report_crash(error, words)
    console.error(error)
    return error.exit_code


def _usage_error(console: Console, error: typer.TyperException) -> int:
    """Typer's complaint in our form. A group without a subcommand shows a person its help instead."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "memesnipe"
    if type(error).__name__ == "NoArgsIsHelpError":
        if console.mode is OutputMode.HUMAN:
            console.say_verbatim(error.format_message())
        else:
            console.error(UsageError(f"{path} needs a subcommand", f"see {path} --help"))
        return ExitCode.USAGE
    text = " ".join(error.format_message().split()).rstrip(".")
    console.error(UsageError(text[:1].lower() + text[1:], f"see {path} --help"))
    return ExitCode.USAGE


def complete() -> int:
    """Answer a shell that asks, through the environment, how an unfinished line could go on."""
    from typer._completion_classes import completion_init
    from typer.completion import shell_complete

    completion_init()
    return shell_complete(root_command(), {}, "memesnipe", VARIABLE, os.environ[VARIABLE])


def main() -> int:
    """The console script's work; the exit code of the process."""
    # No plugin of another package gets to see our settings; and looking for one reads all installed metadata.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    signals.install()
    guard_standard_streams()
    code = complete() if VARIABLE in os.environ else run(sys.argv[1:], os.environ)
    try:
        sys.stdout.flush()
    except OSError:
        # What was left in the buffer has nowhere to go; the interpreter must not complain of it a second
        # time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
