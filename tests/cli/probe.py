"""A subcommand for tests: it ends in whatever way the test asks for. Loaded as `memesnipe probe`."""

from __future__ import annotations

import sys
import time
from types import ModuleType
from typing import Annotated

import typer

from memesnipe_cli import cli, errors
from memesnipe_cli.__main__ import main

app = cli.command_app("A command for tests.", group=False)


@app.command(examples=("memesnipe probe",))
def probe(
    ctx: typer.Context,
    fail: Annotated[str, typer.Option(help="Error class to raise.")] = "",
    returns: Annotated[int, typer.Option(help="What to return.")] = 0,
    lines: Annotated[int, typer.Option(help="Records to write.")] = 0,
    sleep: Annotated[float, typer.Option(help="Seconds to wait.")] = 0.0,
    fail_when_stopped: Annotated[bool, typer.Option(help="Turn a signal into an error.")] = False,
    drawn: Annotated[int, typer.Option(help="Lines to draw.")] = 0,
    text: Annotated[str, typer.Option(help="Text to write.")] = "",
) -> int:
    """End as asked."""
    console = cli.current(ctx).console
    if fail == "bug":
        raise ZeroDivisionError("a secret\nof two lines")
    if fail == "system":
        with open("/nonexistent/file"):
            pass
    if fail:
        raise getattr(errors, fail)(f"{fail} happened", "do this next")
    if text:
        console.text(text, {"type": "text", "text": text})
    if lines:
        console.records(({"type": "event", "n": n} for n in range(lines)), [])
    if fail_when_stopped:
        try:
            console.say("ready")
            time.sleep(60)
        except BaseException:  # as DuckDB does
            raise RuntimeError("Query interrupted") from None
    if drawn:
        console.render("\n".join([f"[red]{'x' * 99}[/red]"] * drawn))
    if sleep:
        try:
            console.say("ready")
            time.sleep(sleep)
        finally:
            console.say("tidied up")
    return returns


def install() -> None:
    """Make `memesnipe probe` a subcommand."""
    cli.COMMANDS["probe"] = ("probe", "A command for tests.")
    module = ModuleType("memesnipe_cli.commands.probe")
    module.__dict__["app"] = app
    sys.modules["memesnipe_cli.commands.probe"] = module


if __name__ == "__main__":
    install()
    main()
