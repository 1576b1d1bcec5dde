"""A strategy for people and pipes: its rules, parameters, exit plan, needs, and what a store has for it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from memesnipe_cli.clock import DAY_MS, format_time, timeframe_ms
from memesnipe_cli.records import record

if TYPE_CHECKING:
    from rich.console import RenderableType

    from memesnipe_cli.engine.model import ExitPlan
    from memesnipe_cli.store.lake import SeriesInfo
    from memesnipe_cli.strategies.base import Needs
    from memesnipe_cli.strategies.registry import LoadedStrategy

_LOWER = ("minimum", "exclusiveMinimum")
_UPPER = ("maximum", "exclusiveMaximum")


def strategy_row(loaded: LoadedStrategy, stored: Iterable[SeriesInfo]) -> dict[str, Any]:
    """The `strategy` record. `stored` are the series of a store; those that fit are listed under `data`."""
    warm_up_ms = loaded.warm_up * loaded.timeframe_ms
    return record(
        "strategy",
        name=loaded.name,
        family=loaded.family,
        timeframe=loaded.timeframe,
        summary=loaded.summary,
        source=loaded.source,
        rules=inspect.cleandoc(loaded.strategy.__doc__ or loaded.summary),
        entries=[loaded.tags[tag] for tag in sorted(loaded.tags)],
        params=parameter_rows(loaded),
        plan=asdict(loaded.plan),
        exits=plan_words(loaded.plan),
        needs=need_words(loaded.timeframe, loaded.needs),
        warm_up_bars=loaded.warm_up,
        warm_up_days=warm_up_ms / DAY_MS,
        data=[_series_row(info, warm_up_ms) for info in stored if _fits(info, loaded.timeframe_ms)],
    )


def parameter_rows(loaded: LoadedStrategy) -> list[dict[str, Any]]:
    """Name, type, value, bounds and meaning of each parameter; a bound is None where there is none."""
    properties = type(loaded.params).model_json_schema().get("properties", {})
    rows = []
    for name, schema in properties.items():
        low, low_open = _bound(schema, _LOWER)
        high, high_open = _bound(schema, _UPPER)
        rows.append(
            {
                "name": name,
                "type": schema.get("type"),
                "default": schema.get("default"),
                "value": getattr(loaded.params, name),
                "low": low,
                "high": high,
                "low_open": low_open,
                "high_open": high_open,
                "description": schema.get("description", ""),
            }
        )
    return rows


def plan_words(plan: ExitPlan) -> list[str]:
    """The exit plan in sentences; R is the distance from entry to the first stop."""
    said = [f"stop at the signal's distance, sized to lose {plan.risk_share * 100:g} % of equity at most"]
    if plan.target_r > 0:
        share = "all of it" if plan.target_share >= 1 else f"{plan.target_share * 100:g} %"
        said.append(f"{share} leaves at +{plan.target_r:g} R")
    if plan.trail_r > 0:
        said.append(f"the stop trails the best price by {plan.trail_r:g} R")
    if plan.max_bars > 0:
        said.append(f"everything leaves after {plan.max_bars} bars")
    if plan.units > 1:
        said.append(f"up to {plan.units} units, one more every {plan.step_r:g} R")
    if plan.skip_tag:
        said.append(f"after a won trade of entry {plan.skip_tag} its next signal is skipped")
    said.append("and where the signal says exit")
    return said


def need_words(timeframe: str, needs: Needs) -> list[str]:
    """The data a strategy looks at."""
    said = [f"{timeframe} candles of the symbol it trades, or finer ones that build them"]
    if needs.reference:
        said.append(f"{needs.reference_timeframe} candles of {needs.reference} on the same venue")
    if needs.funding:
        said.append("funding rates, where there are any")
    return said


def show_strategy(row: dict[str, Any]) -> RenderableType:
    """The record as tables and sentences."""
    from rich.console import Group
    from rich.text import Text

    head = f"{row['name']}  {row['family']}, {row['timeframe']}, {row['source']}"
    facts = [
        ("rules", row["rules"]),
        ("entries", ", ".join(row["entries"])),
        ("exits", "; ".join(row["exits"])),
        ("needs", "; ".join(row["needs"])),
        ("warm-up", f"{row['warm_up_bars']:,} bars ({row['warm_up_days']:.1f} days) before the first entry"),
    ]
    params = [
        (each["name"], _text(each["value"]), _range(each), each["description"]) for each in row["params"]
    ]
    data = [
        (
            each["venue"],
            each["symbol"],
            each["timeframe"],
            f"{each['rows']:,}",
            each["since"][:10],
            each["until"][:10],
            "" if each["enough"] else "shorter than the warm-up",
        )
        for each in row["data"]
    ]
    stored: RenderableType = (
        _table(("venue", "symbol", "tf", "bars", "first", "last", ""), data)
        if data
        else Text("in the store: nothing that fits; memesnipe ingest --help shows how to bring it in")
    )
    parameters: RenderableType = (
        _table(("parameter", "value", "bounds", "what it is"), params) if params else Text("no parameters")
    )
    return Group(
        Text(head, style="bold"),
        Text(row["summary"]),
        Text(""),
        _facts(facts),
        Text(""),
        parameters,
        Text(""),
        stored,
    )


def _bound(schema: dict[str, Any], keys: tuple[str, str]) -> tuple[float | None, bool]:
    """(the bound, whether it lies outside itself)."""
    closed, open_ = keys
    if closed in schema:
        return schema[closed], False
    return schema.get(open_), open_ in schema


def _range(each: dict[str, Any]) -> str:
    if each["type"] == "boolean":
        return "true or false"
    low = "" if each["low"] is None else f"{'above ' if each['low_open'] else ''}{_text(each['low'])}"
    high = "" if each["high"] is None else f"{'below ' if each['high_open'] else ''}{_text(each['high'])}"
    return f"{low} .. {high}".strip()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fits(info: SeriesInfo, length_ms: int) -> bool:
    return length_ms % timeframe_ms(info.key.timeframe) == 0


def _series_row(info: SeriesInfo, warm_up_ms: int) -> dict[str, Any]:
    end_ms = info.last_ms + timeframe_ms(info.key.timeframe)
    return {
        "venue": info.key.venue,
        "symbol": info.key.symbol,
        "timeframe": info.key.timeframe,
        "rows": info.rows,
        "since": format_time(info.first_ms),
        "until": format_time(end_ms),
        "enough": end_ms - info.first_ms > warm_up_ms,
        "simulated": info.key.simulated,
    }


def _facts(rows: list[tuple[str, str]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    for cells in rows:
        table.add_row(*(Text(cell) for cell in cells))
    return table
