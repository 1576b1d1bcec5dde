"""`memesnipe trade service`: the systemd user units that keep a trader and its watch running."""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands import trade_run
from typer.core import TyperCommand

from memesnipe_cli.account_names import own_account
from memesnipe_cli.cli import Command, Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode, StoreError, UsageError
from memesnipe_cli.records import record

if TYPE_CHECKING:
    from memesnipe_cli.service.unit import Unit

EXAMPLES = (
    "memesnipe trade service --strategy momentum_5m --symbol DOGE/USD",
    "memesnipe trade service --install --account small --strategy momentum_5m --capital 200",
    "memesnipe trade service --credential memesnipe.kraken.trade --strategy momentum_5m --live --profile kraken",
)
_NOT_A_SERVICE = ("--explain", "--once", "--new-session")
_WORDS = "memesnipe.trade_service"


class ServiceCommand(Command):
    """Takes the options of a run beside its own, checks and lists them as `trade` does, and keeps them as they were
    typed."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for option in _run_options():
            shown = copy.copy(option)
            shown.expose_value = False
            self.params.append(shown)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[_WORDS] = [*args]
        return super().parse_args(ctx, args)


def _run_options() -> list[Any]:
    """The options of a run."""
    app = typer.Typer(add_completion=False)
    app.command()(trade_run.run)
    return typer.main.get_command(app).params


def service(
    ctx: typer.Context,
    install: Annotated[
        bool, typer.Option("--install", help="Write the units under ~/.config/systemd/user.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --install: replace units that are there.")
    ] = False,
    credential: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A credential that systemd hands over, e.g. memesnipe.kraken.trade; repeatable. Default: the keyring.",
        ),
    ] = None,
) -> int:
    """Print the units of a trader with these options of `trade`, and of its watch; with --install write them.

    The other options are those of a run (memesnipe trade --help), and are checked before anything is written.
    """
    from memesnipe_cli.service.unit import trader_unit, watch_unit

    run = current(ctx)
    if force and not install:
        raise UsageError("--force belongs to --install", "write --install --force")
    words = _without_own(ctx.meta[_WORDS])
    account = _account(words) or own_account(run.profile)
    program = [sys.executable, "-m", "memesnipe_cli", *_global_options(run)]
    folder = str(Path.cwd())
    names = credential or []
    trader = trader_unit(account, [*program, "trade", *words], folder, names)
    watch = watch_unit(account, [*program, "breaker", "watch", "--act", "--account", account], folder, names)
    units = [trader, watch]
    written: list[str | None] = _install(units, force) if install else [None] * len(units)
    _show(run, units, written)
    return ExitCode.OK


def _without_own(words: list[str]) -> list[str]:
    """The words that are the run's."""
    kept: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if word == "--credential":
            next(waiting, None)
        elif word not in ("--install", "--force") and not word.startswith("--credential="):
            kept.append(word)
    return kept


def _account(words: list[str]) -> str | None:
    """The account that a run with these options names. Raises UsageError for what is no service."""
    for name in _NOT_A_SERVICE:
        if name in words:
            raise UsageError(f"{name} is for a run that a person makes", f"leave {name} out")
    if not any(word == "--strategy" or word.startswith("--strategy=") for word in words):
        raise UsageError("--strategy is missing", "memesnipe trade service --strategy momentum_5m")
    with TyperCommand("trade", params=_run_options()).make_context("trade", [*words]) as parsed:
        named: str | None = parsed.params.get("account")
        return named


def _global_options(run: Run) -> list[str]:
    """Store and profile, as this call has them: a service has neither this shell's folder nor its variables."""
    profile = run.profile_name
    if os.sep in profile or profile.endswith(".toml"):
        profile = str(Path(profile).absolute())
    return ["--store", str(run.store_path.absolute()), "--profile", profile]


def _install(units: list[Unit], force: bool) -> list[str | None]:
    """Write the units; all of them or, where one is there already, none."""
    from platformdirs import user_config_path

    from memesnipe_cli.store.files import write_file

    if not sys.platform.startswith("linux"):
        raise UsageError(
            f"systemd runs on Linux, this is {sys.platform}", "leave --install out and adapt the text"
        )
    folder = user_config_path() / "systemd" / "user"
    there = [unit.name for unit in units if (folder / unit.name).exists()]
    if there and not force:
        raise UsageError(
            f"{folder / there[0]} is there already",
            "look at it first; --force replaces it, --account names another",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for unit in units:
            write_file(folder / unit.name, unit.text.encode())
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror or error}", "check its rights and the disk"
        ) from None
    return [str(folder / unit.name) for unit in units]


def _show(run: Run, units: list[Unit], written: list[str | None]) -> None:
    console = run.console
    rows = [
        record("service", unit=unit.name, path=path, text=unit.text)
        for unit, path in zip(units, written, strict=True)
    ]
    if console.mode is not OutputMode.HUMAN:
        console.records(rows, ())
        return
    if written[0] is None:
        for number, (unit, row) in enumerate(zip(units, rows, strict=True)):
            console.text(f"{'' if not number else chr(10)}# {unit.name}\n{unit.text.rstrip()}", row)
        return
    names = " ".join(unit.name for unit in units)
    for path, row in zip(written, rows, strict=True):
        console.text(f"wrote {path}", row)
    console.say(f"now: systemctl --user daemon-reload && systemctl --user enable --now {names}")
    console.say("and, so that they run without a login: loginctl enable-linger")
