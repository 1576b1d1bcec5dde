"""What a person must know before the numbers: why there are no trades, what the data are, how little is
proven.

Works on the `backtest` record alone, so that a stored run says the same again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from memesnipe_cli.engine.figures import counted
from memesnipe_cli.engine.refused import COST, HELD_BACK, TOO_SMALL, meaning

SIMULATED_NOTE = "SIMULATED market: no venue made these prices, and no result on them is evidence of an edge"


def notes(row: Mapping[str, Any]) -> list[str]:
    """Sentences in the order of their weight; empty where there is nothing to add."""
    said = []
    if row["simulated"]:
        said.append(SIMULATED_NOTE)
    said += _about_signals(row)
    if row["capital_needed"] is not None:
        many = _count(row["refusals"].get(TOO_SMALL, 0), "entry was", "entries were")
        said.append(
            f"{many} too small for the venue's minimum: the smallest capital at which one passes is "
            f"{row['capital_needed']} {row['currency']}"
        )
    said += _about_breaker(row.get("breaker") or {})
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


def _about_breaker(breaker: Mapping[str, Any]) -> list[str]:
    """How often trading was halted, and what is assumed of the person who lets it go on."""
    halts = breaker.get("halts")
    if not halts:
        return []
    closed = (
        f", {_count(breaker['emergencies'], 'time')} everything was closed" if breaker["emergencies"] else ""
    )
    said = f"the breaker halted {_count(sum(halts.values()), 'time')} ({counted(halts)}){closed}; "
    said += f"{breaker['halted_hours']:,.0f} h in which something stood halted; "
    said += f"each halt is assumed to be acknowledged {breaker['assumed_reset_hours']:g} h later"
    if breaker["halted_at_end"]:
        said += f"; still halted at the end: {', '.join(breaker['halted_at_end'])}"
    return [said]


def _about_signals(row: Mapping[str, Any]) -> list[str]:
    """Why nothing was traded; nothing where something was."""
    if row["trades"] or row["open_trades"]:
        return []
    refusals = row["refusals"]
    early = sum(refusals.get(code, 0) for code in HELD_BACK)
    signals = row["signals"] - early
    besides = (
        f" ({_count(early, 'more', 'more')} held back: {counted(_only(refusals, HELD_BACK))})"
        if early
        else ""
    )
    decided = {code: many for code, many in refusals.items() if code not in HELD_BACK}
    if signals <= 0:
        return [f"no entry signal{besides}: nothing was traded"]
    if set(decided) == {COST} and not row["orders"]:
        return [
            f"{_count(signals, 'signal')}, all vetoed by cost; {_fee_sentence(row['fee_needed'])}{besides}"
        ]
    reasons = [f"{many:,} {code}: {meaning(code)}" for code, many in decided.items()]
    reasons += [f"{many:,} orders missed: {why}" for why, many in row["missed"].items()]
    end = f" ({'; '.join(reasons)})" if reasons else ""
    more = f"; to pass the cost veto {_fee_sentence(row['fee_needed'])}" if COST in decided else ""
    return [f"{_count(signals, 'signal')}, none became a trade{end}{more}{besides}"]


def _only(counts: Mapping[str, int], codes: Iterable[str]) -> dict[str, int]:
    return {code: counts[code] for code in codes if code in counts}


def _fee_sentence(fee: float | None) -> str:
    if fee is None:
        return "no fee would be low enough: spread and impact alone cost too much"
    return f"it would need fees below {fee * 100:.4g} % a side"


def _count(many: int, what: str, plural: str = "") -> str:
    return f"{many:,} {what if many == 1 else plural or what + 's'}"
