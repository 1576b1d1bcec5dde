"""`memesnipe strategies`: what there is, what each needs, and a start for one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from memesnipe_cli.commands import strategies_plan

from memesnipe_cli.cli import command_app, current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.records import record

app = command_app("What strategies there are, what each needs; a template for your own.")

LIST_COLUMNS = (
    Column("name", "name"),
    Column("family", "family"),
    Column("tf", "timeframe"),
    Column("source", "source"),
    Column("what it does", "summary"),
)


@app.command(
    "list", examples=("memesnipe strategies list", "memesnipe strategies list --jsonl | jq -r .name")
)
def list_command(ctx: typer.Context) -> None:
    """The strategies that can be named: the built-in ones and those of installed packages."""
    from memesnipe_cli.strategies.registry import BUILT_IN, names

    rows = []
    for name in names():
        each = BUILT_IN.get(name)
        # What a package offers is known by its name alone until it is imported.
        rows.append(
            record(
                "strategy",
                name=name,
                family=each.family if each else None,
                timeframe=each.timeframe if each else None,
                summary=each.summary if each else f"memesnipe strategies show {name}",
                source="built-in" if each else "package",
            )
        )
    current(ctx).console.records(rows, LIST_COLUMNS)


@app.command(
    "show",
    examples=(
        "memesnipe strategies show momentum_5m",
        "memesnipe strategies show ./mine.py:Mine --json | jq .params",
    ),
)
def show_command(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.py:CLASS", help="A strategy.")],
) -> None:
    """The rules of a strategy, its parameters with bounds, the data it needs and what the store has."""
    from memesnipe_cli.strategies.registry import load
    from memesnipe_cli.strategies.shown import show_strategy, strategy_row

    run = current(ctx)
    row = strategy_row(load(name, {}), run.store.lake.series())
    run.console.record(row, lambda: show_strategy(row))


@app.command(
    "new",
    examples=("memesnipe strategies new my_edge", "memesnipe strategies new my_edge --path edges/mine.py"),
)
def new_command(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the strategy, e.g. my_edge.")],
    path: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; default NAME.py here.")
    ] = None,
) -> None:
    """Write the smallest strategy that works into a file, to be changed. An existing file is left alone."""
    from memesnipe_cli.strategies.template import class_name, write_strategy

    run = current(ctx)
    target = path if path is not None else Path(f"{name}.py")
    write_strategy(name, target)
    prefix = "" if target.is_absolute() else "./"
    spec = f"{prefix}{target}:{class_name(name)}"
    if run.console.mode is OutputMode.HUMAN:
        run.console.say(f"wrote {target}; run it: memesnipe backtest --strategy {spec}")
    run.console.text(spec, record("strategy", name=name, source=f"file {target}", spec=spec))


app.command("plan", examples=strategies_plan.EXAMPLES)(strategies_plan.plan_command)
