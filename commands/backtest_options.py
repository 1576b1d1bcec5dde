"""What the texts of `memesnipe backtest`'s options mean: NAME=VALUE pairs, times, amounts, a file."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from memesnipe_cli.clock import format_time, parse_time
from memesnipe_cli.errors import UsageError

_MOST_CAPITAL = Decimal(10) ** 9


def short_name(spec: str) -> str:
    """What a strategy is called in `--param NAME.k=v`: `Mine` for `./mine.py:Mine`, else the spec itself."""
    return spec.rpartition(":")[2] if ".py:" in spec else spec


def assignments(texts: Sequence[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` texts as a dict. Raises UsageError for another form or a name that comes twice."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise UsageError(f"{option} {text!r} is not NAME=VALUE", f"write {option} NAME=VALUE")
        if name in pairs:
            raise UsageError(f"{option} {name} is given twice: {pairs[name]} and {value}", "give it once")
        pairs[name] = value
    return pairs


def parameters_by_strategy(texts: Sequence[str], specs: Sequence[str]) -> list[dict[str, str]]:
    """The parameters for each strategy. With one, `k=v`; with several, `name.k=v`. Raises UsageError."""
    names = [short_name(spec) for spec in specs]
    sorted_out: list[dict[str, str]] = [{} for _ in specs]
    for key, value in assignments(texts, "--param").items():
        owner, dot, name = key.partition(".")
        if not dot and len(specs) == 1:
            owner, name = names[0], key
        elif not dot:
            raise UsageError(
                f"--param {key}={value} does not say whose it is",
                f"write --param NAME.{key}={value}, NAME being {' or '.join(names)}",
            )
        if owner not in names:
            raise UsageError(
                f"--param {key}={value}: no strategy {owner!r} here", f"there is {', '.join(names)}"
            )
        sorted_out[names.index(owner)][name] = value
    return sorted_out


def checked_specs(specs: Sequence[str] | None) -> list[str]:
    """The strategies asked for: at least one, none twice. Raises UsageError."""
    if not specs:
        raise UsageError("--strategy is missing", "memesnipe strategies list shows what there is")
    for spec in specs:
        if specs.count(spec) > 1:
            raise UsageError(
                f"--strategy {spec} is given twice", "give it once; variants are runs of their own"
            )
    return list(specs)


def time_span(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """(since, until) in ms UTC. Raises UsageError where there is nothing between them."""
    first = None if since is None else parse_time(since)
    last = None if until is None else parse_time(until)
    if first is not None and last is not None and first >= last:
        raise UsageError(
            f"--since {format_time(first)} is not before --until {format_time(last)}",
            "swap them, or leave one out",
        )
    return first, last


def capital_amount(text: str | None, default: Decimal) -> Decimal:
    """--capital as an amount, to the cent or finer. Raises UsageError."""
    if text is None:
        return default
    try:
        amount = Decimal(text)
    except ArithmeticError:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount <= _MOST_CAPITAL:
        raise UsageError(
            f"--capital {text!r} is not an amount above 0 and up to {_MOST_CAPITAL:,}", "write --capital 200"
        )
    return amount


def page_target(path: Path | None) -> Path | None:
    """Where the page will be written; checked before the run, so that no run is lost for a wrong path.

    Raises UsageError for what is not a file that can be made or replaced.
    """
    if path is None:
        return None
    if str(path) == "-" or (path.exists() and not path.is_file()):
        raise UsageError(f"--html {path} is not a file", "name a file: --html result.html")
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f"--html {path}: the folder {path.parent} does not exist", "make it, or name another"
        )
    return path
