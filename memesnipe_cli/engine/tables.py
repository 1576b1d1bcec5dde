"""The figures of a result in rows of text, for the terminal and the page: what is shown, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memesnipe_cli.engine.figures import (
    UNDEFINED,
    counted,
    day,
    money,
    number,
    percent,
    price,
    signed_percent,
    whole,
    with_error,
)

Rows = list[tuple[str, ...]]

_BY_SERIES = ("instruments", "funding")  # assumptions that are shown in a table of their own

TRADE_HEADINGS = (
    "strategy", "symbol", "side", "qty", "in", "price in", "why in", "out", "price out", "why out", "fees",
    "slippage", "pnl", "cap",
)  # fmt: skip
TRADE_NUMBERS = (3, 5, 8, 10, 11, 12)  # columns that are set to the right
_TRADE_WHAT = (0, 1, 2)  # columns left out where they say the same in every row
TONED = ("final equity", "total return")  # rows of `comparison` that are coloured by gain or loss
COVERAGE_HEADINGS = (
    "venue",
    "symbol",
    "tf",
    "bars",
    "coverage",
    "gaps",
    "longest gap",
    "synthetic",
    "first",
    "last",
    "",
)
COVERAGE_NUMBERS = (3, 4, 5, 6, 7)
TERMS_HEADINGS = (
    "venue", "symbol", "tick", "lot", "taker fee", "half spread", "minimum", "stops sell at", "short",
    "funding",
)  # fmt: skip
TERMS_NUMBERS = (2, 3, 4, 5, 6)
PART_HEADINGS = ("trades", "win rate", "at least", "expectancy", "payoff", "pnl", "fees", "slippage")


def headline(row: Mapping[str, Any]) -> str:
    """What ran on what: `momentum_5m on sim DOGE/USD, WIF/USD`."""
    symbols = list(row["symbols"])
    shown = ", ".join(symbols[:4]) + (f" and {len(symbols) - 4} more" if len(symbols) > 4 else "")
    return f"{', '.join(row['strategies'])} on {', '.join(row['venues'])} {shown}"


def span(row: Mapping[str, Any]) -> str:
    """When, how long, with how much."""
    capital = money(row["start_equity"], row["currency"])
    return (
        f"{day(row['since'])} .. {day(row['until'])} UTC, {row['days']:.1f} days, "
        f"{whole(row['bars'])} bars of {row['timeframe']}, capital {capital}"
    )


def comparison(row: Mapping[str, Any]) -> Rows:
    """(figure, result, buy and hold)."""
    hold = row["hold"]
    return [
        (
            "final equity",
            money(row["final_equity"], row["currency"]),
            money(hold["final_equity"], row["currency"]),
        ),
        ("total return", signed_percent(row["total_return"]), signed_percent(hold["total_return"])),
        ("max drawdown", percent(row["max_drawdown"]), percent(hold["max_drawdown"])),
        ("its length", _fall_length(row), _fall_length(hold)),
        (
            "Sharpe (daily, 365)",
            with_error(row["sharpe"], row["sharpe_se"]),
            with_error(hold["sharpe"], hold["sharpe_se"]),
        ),
        ("Sortino", number(row["sortino"]), number(hold["sortino"])),
        ("in the market", percent(row["exposure"]), percent(1.0, 0)),
        ("average gross", percent(row["average_gross"]), UNDEFINED),
    ]


def trade_figures(row: Mapping[str, Any]) -> Rows:
    """(figure, value): what the closed trades say."""
    currency = row["currency"]
    if not row["trades"] and not row["open_trades"]:
        return [("trades", "0")]
    risk = row["risk_per_trade"]
    in_risk = "" if row["expectancy_r"] is None else f" ({row['expectancy_r']:+.2f} R)"
    return [
        ("trades", f"{whole(row['trades'])}, {whole(row['wins'])} won"),
        ("win rate", f"{percent(row['win_rate'])}, at least {percent(row['win_rate_low'])}"),
        ("expectancy after costs", money(row["expectancy"], currency, signed=True, digits=4) + in_risk),
        ("payoff ratio", number(row["payoff_ratio"])),
        ("profit factor", number(row["profit_factor"])),
        ("turnover", f"{number(row['turnover'])} x equity"),
        ("fees", money(row["fees"], currency)),
        ("slippage", money(row["slippage"], currency)),
        ("funding", money(row["funding"], currency)),
        ("risk a trade", f"{percent(risk['mean'], 3)} of equity, at most {percent(risk['max'], 3)}"),
    ]


def path_of_signals(row: Mapping[str, Any]) -> Rows:
    """(step, what happened): from signals to trades."""
    rows: Rows = [
        ("signals", f"{whole(row['signals'])} to enter, {whole(row['orders'])} orders"),
        ("refused", counted(row["refusals"])),
        ("missed", counted(row["missed"])),
        ("sized by", counted(row["caps"])),
    ]
    return rows


def parts(row: Mapping[str, Any]) -> list[tuple[str, Rows]]:
    """Tables by strategy and by symbol, each only where there is more than one of them."""
    tables = []
    if len(row["by_strategy"]) > 1:
        tables.append(("strategy", [(part["strategy"], *_part(part)) for part in row["by_strategy"]]))
    if len(row["by_symbol"]) > 1:
        tables.append(("symbol", [(part["symbol"], *_part(part)) for part in row["by_symbol"]]))
    return tables


def coverage(row: Mapping[str, Any]) -> Rows:
    """One row a series, as COVERAGE_HEADINGS."""
    return [
        (
            series["venue"],
            series["symbol"],
            series["timeframe"],
            whole(series["bars"]),
            percent(series["share"]),
            whole(series["gaps"]),
            whole(series["longest_gap_bars"]) if series["gaps"] else UNDEFINED,
            whole(series["synthetic"]),
            series["first"][:10],
            series["last"][:10],
            "SIMULATED" if series["simulated"] else "",
        )
        for series in row["coverage"]
    ]


def assumptions(row: Mapping[str, Any]) -> Rows:
    """(name, value) of what holds for the whole account; nested ones by dotted name."""
    whole_account = {name: value for name, value in row["assumptions"].items() if name not in _BY_SERIES}
    return [(name, _assumed(value)) for name, value in _flat("", whole_account)]


def terms(row: Mapping[str, Any]) -> Rows:
    """One row an instrument, as TERMS_HEADINGS: how it was assumed to trade."""
    instruments = row["assumptions"].get("instruments", [])
    funded = row["assumptions"].get("funding", [False] * len(instruments))
    return [
        (
            each["venue"],
            each["symbol"],
            price(each["tick"]),
            price(each["lot"]),
            percent(each["taker_fee"], 3),
            percent(each["half_spread"], 3),
            price(each["min_notional"]),
            "market" if each["stop_limit"] is None else f"limit {percent(each['stop_limit'], 1)} below",
            "yes" if each["shortable"] else "no",
            "yes" if has_funding else "no",
        )
        for each, has_funding in zip(instruments, funded, strict=True)
    ]


def trade_cells(trade: Mapping[str, Any]) -> tuple[str, ...]:
    """One trade, as TRADE_HEADINGS; a position still open says so where it would have an exit."""
    return (
        trade["strategy"],
        trade["symbol"],
        trade["side"],
        price(trade["qty"]),
        day(trade["entry_time"]),
        price(trade["entry_price"]),
        trade["entry_reason"],
        "still open" if trade["open"] else day(trade["exit_time"]),
        price(trade["exit_price"]),
        trade["exit_reason"] or UNDEFINED,
        money(trade["fees"], digits=4),
        money(trade["slippage"], digits=4),
        money(trade["pnl"], signed=True, digits=4),
        trade["cap"],
    )


def trade_table(trades: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], Rows, tuple[int, ...]]:
    """(headings, rows, columns of numbers) of trades, without columns that say the same in each row."""
    rows = [trade_cells(trade) for trade in trades]
    same = [place for place in _TRADE_WHAT if len(rows) > 1 and len({cells[place] for cells in rows}) == 1]
    kept = [place for place in range(len(TRADE_HEADINGS)) if place not in same]
    return (
        tuple(TRADE_HEADINGS[place] for place in kept),
        [tuple(cells[place] for place in kept) for cells in rows],
        tuple(kept.index(place) for place in TRADE_NUMBERS),
    )


def _part(part: Mapping[str, Any]) -> tuple[str, ...]:
    if not part["trades"]:
        return ("0", *[UNDEFINED] * (len(PART_HEADINGS) - 1))
    return (
        whole(part["trades"]),
        percent(part["win_rate"]),
        percent(part["win_rate_low"]),
        money(part["expectancy"], signed=True, digits=4),
        number(part["payoff_ratio"]),
        money(part["pnl"], signed=True),
        money(part["fees"]),
        money(part["slippage"]),
    )


def _fall_length(figures: Mapping[str, Any]) -> str:
    if not figures["max_drawdown"] or figures["max_drawdown_days"] is None:
        return UNDEFINED
    unrecovered = "" if figures["drawdown_recovered"] else "over "
    return f"{unrecovered}{figures['max_drawdown_days']:.1f} days"


def _flat(prefix: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        return [(prefix, value)]
    rows = []
    for key, inner in value.items():
        rows += _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    return rows


def _assumed(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_assumed(inner) for inner in value) or UNDEFINED
    if isinstance(value, float):
        return f"{value:.10g}"
    return UNDEFINED if value is None else str(value)
