"""`memesnipe trade --explain`: would it have traded on the last closed bar, and if not, which check said no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from memesnipe_cli.commands.trade_output import label

from memesnipe_cli.cli import Run
from memesnipe_cli.console import OutputMode
from memesnipe_cli.engine.figures import day, money, percent
from memesnipe_cli.errors import DataError, ExitCode

_MARK = {True: "yes", False: "NO", None: "?"}
_INGEST = (
    "memesnipe ingest simulate, or memesnipe ingest candles --venue kraken --symbol DOGE/USD --timeframe 5m"
)
_OLD_BARS = 3  # a bar that closed longer ago than this many of its lengths is said to be old


def explain_last_bar(
    this_run: Run,
    account: str,
    session: Mapping[str, Any] | None,
    options: dict[str, Any],
    *,
    without_promotion: bool,
) -> int:
    """Say it, as a page or as `explanation` records. without_promotion: of a run that was told to do without one.

    Writes nothing to the journal and sends nothing.
    """
    from memesnipe_cli.commands.trade_run import build_request

    from memesnipe_cli.engine.explain import explain
    from memesnipe_cli.engine.explain_said import explanation_records

    if options["data"] is None and not this_run.store.lake.series():
        # A run would make the simulated market first; who only asks changes nothing.
        raise DataError("no candles are stored: there is no last bar", _INGEST)
    known = None if session is None else dict(session)
    request = build_request(this_run, account, known, "explained" if known is None else None, options)
    look = explain(request, without_promotion=without_promotion)
    console = this_run.console
    for warning in look.warnings:
        console.warn(warning)
    found = explanation_records(look)
    if console.mode is not OutputMode.HUMAN:
        console.records(found, ())
        return ExitCode.OK
    if look.kind == "paper":
        console.say(label(look.simulated))
    for number, row in enumerate(found):
        lines = [*([""] if number else []), *_page(row, this_run.console.verbosity > 0)]
        console.text("\n".join(lines), row)
    return ExitCode.OK


def _page(row: Mapping[str, Any], all_of_it: bool) -> Iterator[str]:
    """One strategy on one symbol. all_of_it: also the checks that passed."""
    yield f"{row['strategy']}  {row['symbol']} on {row['venue']}, {row['timeframe']}"
    yield f"  {row['verdict']}"
    yield f"  bar        {day(row['bar'])} UTC, closed at {row['close']}{_age(row)}"
    yield f"  signal     {_signal(row['signal'])}"
    for entry in row["entries"]:
        yield f"  entry      {entry['entry']} ({entry['side']}): {'all met' if entry['met'] else 'not met'}"
        for condition in entry["conditions"]:
            if all_of_it or condition["left"] is not None or condition["parts"] or not condition["met"]:
                yield from _condition(condition, 4)
    values = ", ".join(f"{name} {_number(value)}" for name, value in row["values"].items())
    yield f"  values     {values or 'none'}"
    yield f"  account    {_account(row)}"
    yield f"  breaker    {_breaker(row['breaker'])}"
    yield f"  session    {_session(row['session'])}"
    yield from _gate(row["gate"], all_of_it)
    for no in row["said_no"][1:]:  # the verdict gives the first
        yield f"  also no    {no['by']}, {no['check']}: {no['message']}"


def _age(row: Mapping[str, Any]) -> str:
    if row["simulated"]:
        return " (SIMULATED)"
    seconds = row["age_seconds"]
    length = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}[row["timeframe"][-1]] * int(
        row["timeframe"][:-1]
    )
    said = f", {_duration(seconds)} ago"
    if seconds > _OLD_BARS * length:
        said += (
            f": OLD, bring it up to date: memesnipe ingest candles --venue {row['venue']} "
            f"--symbol {row['symbol']} --timeframe {row['timeframe']}"
        )
    return said


def _duration(seconds: float) -> str:
    for length, name in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds:.0f} s"


def _signal(signal: Mapping[str, Any]) -> str:
    said = f"enter {signal['enter']}" if signal["enter"] else "no entry"
    if signal["held_back"]:
        said += f", held back: {signal['held_back']}"
    if signal["entry"]:
        said += f" ({signal['entry']}), stop {_number(signal['stop_distance'])} away"
    if signal["target"] is not None:
        said += f", target {_number(signal['target'])}"
    if signal["exits"]:
        said += f"; leave {', '.join(signal['exits'])}"
    return said if signal["score"] is None else f"{said}; score {_number(signal['score'])}"


def _condition(condition: Mapping[str, Any], indent: int) -> Iterator[str]:
    numbers = ""
    if condition["left"] is not None and condition["right"] is not None:
        numbers = f"   {_number(condition['left'])} against {_number(condition['right'])}"
    yield f"{' ' * indent}{_MARK[condition['met']]:<4}{condition['needs']}{numbers}"
    for part in condition["parts"]:
        yield from _condition(part, indent + 4)


def _account(row: Mapping[str, Any]) -> str:
    decision, currency = row["decision"], row["currency"]
    said = str(decision["word"])
    if decision["refusal"]:
        said += f" ({decision['refusal']})"
    sizing = decision["sizing"]
    if sizing is not None:
        said += (
            f": {money(sizing['value'], currency)}, bound by {sizing['cap']}; at its stop "
            f"{money(sizing['at_stop'], currency)}, minimum {money(sizing['minimum'], currency)}; a round trip costs "
            f"{percent(sizing['cost_share'], 3)} of the price, {percent(sizing['cost_limit'], 3)} is the most"
        )
    if decision["decided_before"]:
        said += "; the session has decided on this bar already (memesnipe trade orders)"
    return said


def _breaker(breaker: Mapping[str, Any]) -> str:
    fallen = ""
    if breaker["drawdown"] is not None:
        fallen = f", drawdown {percent(breaker['drawdown'])}, today {percent(breaker['daily_loss'])}"
    return f"{breaker['level']}; equity {money(breaker['equity'])}, cash {money(breaker['cash'])}{fallen}"


def _session(session: Mapping[str, Any]) -> str:
    if session["session"] is None:
        return "none open that this run would go on with: looked at as a new one"
    return f"{session['session']}, up to the bar of {day(session['last_bar'])}, {session['bars_behind']:,} behind"


def _gate(gate: Mapping[str, Any], all_of_it: bool) -> Iterator[str]:
    what = "the order" if gate["order"] == "decided" else "the smallest order that the venue takes"
    refused = [each for each in gate["checks"] if not each["passed"]]
    yield (
        f"  gate       {what} ({gate['qty']} at {gate['price']}): "
        f"{len(gate['checks']) - len(refused)} of {len(gate['checks'])} checks pass"
    )
    for check in gate["checks"] if all_of_it else refused:
        yield f"    {_MARK[check['passed']]:<4}{check['check']}{'' if check['passed'] else ': ' + check['message']}"


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
