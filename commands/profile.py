"""`memesnipe profile`: which profiles there are, what they say, whether they hold, how they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from memesnipe_cli.cli import command_app, current
from memesnipe_cli.completion import complete_profile
from memesnipe_cli.console import Column
from memesnipe_cli.errors import ConfigError, ExitCode
from memesnipe_cli.profile_files import DEFAULT_PROFILE, find_profile, list_profiles, read_toml
from memesnipe_cli.records import finding, record

app = command_app("List, show, check and compare profiles.")

_NAME = typer.Argument(
    help="Name or path of a profile.", metavar="NAME|PATH", autocompletion=complete_profile
)
FINDING_COLUMNS = (
    Column("severity", "severity"),
    Column("where", "where"),
    Column("what", "message"),
    Column("next", "hint"),
)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@app.command("list", examples=("memesnipe profile list", "memesnipe profile list --json | jq -r '.[].name'"))
def list_command(ctx: typer.Context) -> None:
    """Every profile that can be named: the built-in ones and your own."""
    run = current(ctx)
    rows = []
    for file in list_profiles():
        try:
            says: Mapping[str, Any] = read_toml(file.path)
        except ConfigError as error:
            says = {"description": f"unreadable: {error.message}"}
        rows.append(
            record(
                "profile",
                name=file.name,
                origin=file.origin,
                active=file.name == run.profile_name,
                description=str(says.get("description", "")),
                path=str(file.path),
            )
        )
    columns = (
        Column("name", "name"),
        Column("origin", "origin"),
        Column("in use", "active", write=lambda active: "*" if active else ""),
        Column("what it is", "description"),
    )
    run.console.records(rows, columns)


@app.command("show", examples=("memesnipe profile show", "memesnipe profile show kraken --json | jq .limits"))
def show_command(ctx: typer.Context, name: Annotated[str | None, _NAME] = None) -> None:
    """Every setting of a profile (the one in use unless named); * marks what differs from the default."""
    from memesnipe_cli.console import OutputMode
    from memesnipe_cli.profile import flatten, load_profile

    run = current(ctx)
    profile = run.profile if name is None else load_profile(name)
    if run.console.mode is not OutputMode.HUMAN:
        run.console.record(record("profile", **profile.model_dump()))
        return
    default = flatten(profile if profile.name == DEFAULT_PROFILE else load_profile(DEFAULT_PROFILE))
    rows = [
        {"key": key, "value": value, "own": "*" if key not in default or default[key] != value else ""}
        for key, value in flatten(profile).items()
        if value is not None
    ]
    columns = (Column("setting", "key"), Column("value", "value", write=_plain), Column("", "own"))
    run.console.records(rows, columns, title=f"profile {profile.name}")


@app.command(
    "validate",
    examples=(
        "memesnipe profile validate",
        "memesnipe profile validate ./mine.toml --json | jq '.[].message'",
    ),
)
def validate_command(
    ctx: typer.Context,
    names: Annotated[list[str] | None, _NAME] = None,
) -> int:
    """Check profiles, all that can be named unless some are given. Exit code 1 when one does not hold."""
    from memesnipe_cli.profile import read_profile

    run = current(ctx)
    findings = []
    for file in [find_profile(name) for name in names] if names else list_profiles():
        where = str(file.path)
        try:
            _, problems = read_profile(file.path)
        except ConfigError as error:
            findings.append(finding("profile", "error", where, error.message, error.hint))
            continue
        findings += [
            finding("profile", "error", where, problem.message, problem.hint) for problem in problems
        ]
        if not problems:
            findings.append(finding("profile", "ok", where, f"{file.name} holds"))
    run.console.records(findings, FINDING_COLUMNS)
    return ExitCode.FAILED if any(found["severity"] == "error" for found in findings) else ExitCode.OK


@app.command(
    "diff", examples=("memesnipe profile diff cautious", "memesnipe profile diff coinbase kraken --json")
)
def diff_command(
    ctx: typer.Context,
    name: Annotated[str, _NAME],
    other: Annotated[
        str,
        typer.Argument(help="What to compare with.", metavar="NAME|PATH", autocompletion=complete_profile),
    ] = DEFAULT_PROFILE,
) -> None:
    """What a profile says differently from another one, the default unless named."""
    from memesnipe_cli.profile import flatten, load_profile

    run = current(ctx)
    mine, theirs = flatten(load_profile(name)), flatten(load_profile(other))
    rows = [
        record("difference", key=key, value=mine.get(key), other=theirs.get(key))
        for key in dict.fromkeys((*theirs, *mine))
        if mine.get(key) != theirs.get(key) and key not in ("name", "description")
    ]
    columns = (
        Column("setting", "key"),
        Column(name, "value", write=_plain),
        Column(other, "other", write=_plain),
    )
    run.console.records(rows, columns, empty=f"{name} and {other} say the same")
