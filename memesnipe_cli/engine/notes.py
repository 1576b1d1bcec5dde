"""What a person must know before the numbers: why there are no trades, what the data are, how little is proven.

Works on the `backtest` record alone, so that a stored run says the same again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memesnipe_cli.engine.refused import COST, MEANINGS, TOO_SMALL

SIMULATED_NOTE = "SIMULATED market: no venue made these prices, and no result on them is evidence of an edge"


def notes(row: Mapping[str, Any]) -> list[str]:
    """Sentences in the order of their weight; empty where there is nothing to add."""
    said = []
    if row["simulated"]:
        said.append(SIMULATED_NOTE)
    said += _about_signals(row)
    if row["capital_needed"] is not None:
        many = row["refusals"].get(TOO_SMALL, 0)
        said.append(
            f"{_count(many, 'entry', 'entries')} too small for the venue's minimum: the smallest of them needs a "
            f"capital of {row['capital_needed']} {row['currency']}, not {row['start_equity']}"
        )
    if row["open_trades"]:
        said.append(
            f"{_count(row['open_trades'], 'position')} still open at the end, marked at {row['open_pnl']} "
            f"{row['currency']} of profit and loss, not counted as trades"
        )
    if row["synthetic_bars"]:
        said.append(f"{_count(row['synthetic_bars'], 'synthetic bar')} (filled in, not observed) in the data")
    if row["assumptions"].get("replaced"):
        said.append(f"assumptions replaced for this run: {', '.join(row['assumptions']['replaced'])}")
    return said


def _about_signals(row: Mapping[str, Any]) -> list[str]:
    signals, refusals = row["signals"], row["refusals"]
    if row["trades"] or row["open_trades"]:
        return []
    if not signals:
        return ["no entry signal in the whole span: nothing was traded"]
    if set(refusals) == {COST}:
        return [f"{_count(signals, 'signal')}, all vetoed by cost; {_fee_sentence(row['fee_needed'])}"]
    reasons = [f"{many:,} {code}: {MEANINGS.get(code, code)}" for code, many in refusals.items()]
    reasons += [f"{many:,} orders missed: {why}" for why, many in row["missed"].items()]
    end = f" ({'; '.join(reasons)})" if reasons else ""
    more = f"; to pass the cost veto {_fee_sentence(row['fee_needed'])}" if COST in refusals else ""
    return [f"{_count(signals, 'signal')}, none became a trade{end}{more}"]


def _fee_sentence(fee: float | None) -> str:
    if fee is None:
        return "no fee would be low enough: spread and impact alone cost too much"
    return f"it would need fees below {fee * 100:.4g} % a side"


def _count(many: int, what: str, plural: str = "") -> str:
    return f"{many:,} {what if many == 1 else plural or what + 's'}"
