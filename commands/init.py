"""`memesnipe init`: a few questions become a profile of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.cli import Run, command_app, current
from memesnipe_cli.errors import UsageError
from memesnipe_cli.profile_files import builtin_dir, check_name, user_dir
from memesnipe_cli.records import record

if TYPE_CHECKING:
    from memesnipe_cli.profile_writing import Answers

app = command_app("Set up: venue, capital, limits; every question has a flag.", group=False)
VENUES = ("sim", "kraken", "coinbase")


@dataclass(frozen=True)
class Question:
    """One thing to know: the profile's key, its flag, what is asked, what an empty answer means."""

    key: str
    flag: str
    text: str
    default: str


QUESTIONS = (
    Question(
        "account.venue", "--venue", f"Venue whose prices and fees are used ({', '.join(VENUES)})", "sim"
    ),
    Question("account.capital", "--capital", "Capital the tool may use, in USD", "200"),
    Question(
        "limits.trade_share", "--trade-share", "Largest share of it in one trade (at most 0.02)", "0.02"
    ),
    Question(
        "limits.strategy_share", "--strategy-share", "Largest share in one strategy (at most 0.10)", "0.10"
    ),
)


@app.command(
    examples=(
        "memesnipe init",
        "memesnipe init --yes --name small --venue kraken --capital 50",
        "memesnipe init --yes --path ./mine.toml && memesnipe profile show ./mine.toml",
    )
)
def init(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Option(help="What to call the profile.", show_default="mine")] = None,
    venue: Annotated[
        str | None, typer.Option(help=f"Venue: {', '.join(VENUES)}.", show_default="sim")
    ] = None,
    capital: Annotated[str | None, typer.Option(help="Capital in USD.", show_default="200")] = None,
    trade_share: Annotated[
        str | None, typer.Option(help="Largest share of capital in one trade.", show_default="0.02")
    ] = None,
    strategy_share: Annotated[
        str | None, typer.Option(help="Largest share of capital in one strategy.", show_default="0.10")
    ] = None,
    path: Annotated[
        Path | None, typer.Option(help="File to write, instead of one in the platform's config folder.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the default of what is not given.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a profile of your own: paper money, your capital and limits. Asks for what no flag answers.

    No key is needed for paper money, and none is ever written into a profile.
    """
    from memesnipe_cli.profile_writing import write_profile

    run = current(ctx)
    given = dict(
        zip(
            (question.flag for question in QUESTIONS),
            (venue, capital, trade_share, strategy_share),
            strict=True,
        )
    )
    missing = [flag for flag, answer in {"--name": name or path, **given}.items() if answer is None]
    if missing and not yes and not run.console.can_ask:
        raise UsageError(
            f"{', '.join(missing)}: not given, and there is no terminal to ask at",
            "give them, or --yes for defaults",
        )
    target = path
    if target is None:
        name = _answers_name(run, name, yes)
        target = user_dir() / f"{name}.toml"
    elif name is not None:
        raise UsageError("--name and --path exclude each other", "the file's name is the profile's name")
    elif target.suffix != ".toml":
        raise UsageError(f"--path {target} does not end in .toml", "name it NAME.toml")
    else:
        check_name(target.stem)
    if target.exists() and not force:
        raise UsageError(f"{target} exists", "give another --name or --path, or --force to replace it")
    write_profile(target, _answers(run, given, yes), replace=force)
    spoken = str(target) if path is not None else target.stem
    run.console.text(
        f"wrote {target}\n"
        f"  memesnipe --profile {spoken} profile show\n"
        f"  memesnipe --profile {spoken} ingest simulate\n"
        f"  memesnipe --profile {spoken} backtest --strategy momentum_5m",
        record("profile", name=target.stem, path=str(target)),
    )


def _answers_name(run: Run, name: str | None, yes: bool) -> str:
    if name is None:
        name = "mine" if yes else run.console.ask("Name of the profile", "mine", "--name")
    if (builtin_dir() / f"{name}.toml").exists():
        raise UsageError(f"{name} is a built-in profile", "give another --name")
    return check_name(name)


def _answers(run: Run, given: dict[str, str | None], yes: bool) -> Answers:
    """An answer to each question: from its flag, from its default with --yes, else from the person."""
    from memesnipe_cli.profile_writing import problems_with

    answers: dict[str, str | float | Decimal] = {"kind": "paper"}
    for question in QUESTIONS:
        asked = given[question.flag] is None and not yes
        while True:
            text = given[question.flag] or question.default
            if asked:
                text = run.console.ask(question.text, question.default, question.flag)
            problem = _bad_answer(question, text)
            if problem is None:
                answers[question.key] = text if question.key == "account.venue" else Decimal(text)
                problem = next((found.message for found in problems_with(answers)), None)
            if problem is None:
                break
            if not asked:
                raise UsageError(f"{question.flag} {text}: {problem}", "give a value within these bounds")
            run.console.warn(problem)
    return answers


def _bad_answer(question: Question, text: str) -> str | None:
    """What is wrong with an answer as such; whether the number is allowed is the profile's to say."""
    if question.key == "account.venue":
        return None if text in VENUES else f"{text} is not one of {', '.join(VENUES)}"
    try:
        finite = Decimal(text).is_finite()
    except InvalidOperation:
        finite = False
    return None if finite else f"{text} is not a number"
