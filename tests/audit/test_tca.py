"""What trading cost, from the journal's lines: live orders, stops, and the simulated account's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from audit_journals import CLOSE_MS, ENTRY, fill, journalled, live_lines, timing

from memesnipe_cli.audit.shortfall import PARTS
from memesnipe_cli.audit.tca import GROUPINGS, Chosen, analyse
from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.errors import StoreDamagedError, UsageError
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.venues.order_lines import amendment_line, fill_line, intent_line, state_line
from memesnipe_cli.venues.order_state import OrderState
from memesnipe_cli.venues.timing import TIMING

D = Decimal
Lines = list[tuple[str, dict[str, Any]]]


def rows(root: Path, lines: Lines, by: str = "order", **chosen: Any) -> list[dict[str, Any]]:
    """The records of a journal of these lines."""
    return analyse(journalled(root, lines).journal().entries(), Chosen(**chosen), by)


def test_a_live_order_is_split_into_its_parts(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, live_lines())
    assert {part: D(row[part]) for part in PARTS} == {
        "delay": D("0.08"),  # 80 * (0.2010 - 0.2)
        "spread": D("0.04"),  # 80 * 0.0005
        "impact": D("0.002"),  # 20 at 0.0001 above the ask
        "fees": D("0.04"),
        "opportunity": D("0.06"),  # 20 * (0.203 - 0.2)
    }
    assert D(row["total"]) == D("0.222")
    assert D(row["notional"]) == 20
    assert row["total_bps"] == 111.0
    assert (row["paper"], row["state"], row["currency"], row["unknown"]) == (False, "cancelled", "USD", {})
    assert (row["signal_to_sent_ms"], row["sent_to_acknowledged_ms"]) == (131, 100)
    assert (D(row["filled"]), D(row["wanted"])) == (80, 100)


def test_without_its_timing_an_entry_is_judged_by_the_close_it_was_decided_on(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, live_lines()[:-1])
    assert (row["delay"], row["spread"], row["opportunity"]) == (None, None, None)
    assert D(row["impact"]) == 60 * D("0.0016") + 20 * D("0.0017")
    assert row["unknown"] == {"delay": 1, "spread": 1, "opportunity": 1}


@pytest.mark.parametrize(
    ("fee", "currency", "cost"), [("0.5", "DOGE", "0.1005"), ("0.5", "USD", "0.5"), ("0.5", "KFEE", None)]
)
def test_a_fee_is_taken_in_the_currency_that_the_fill_names(
    tmp_path: Path, fee: str, currency: str, cost: str | None
) -> None:
    lines = [intent_line(ENTRY, CLOSE_MS), fill_line(ENTRY, fill("T", "100", "0.201", fee, currency))]
    (row,) = rows(tmp_path, lines)
    assert (None if row["fees"] is None else D(row["fees"])) == (None if cost is None else D(cost))


def test_a_stop_is_judged_by_its_trigger_as_it_was_last_amended(tmp_path: Path) -> None:
    stop = replace(
        ENTRY, id="msstop", action=Action.PROTECT, side="sell", kind="stop", stop=D("0.19"), price=None
    )
    moved = replace(stop, id="msstop2", stop=D("0.195"), replaces="msstop")
    lines = [
        intent_line(stop, CLOSE_MS),
        amendment_line("msstop", moved, "sent", CLOSE_MS),
        amendment_line("msstop", moved, "accepted", CLOSE_MS),
        fill_line(stop, replace(fill("T9", "80", "0.1948", "0.01"), side="sell")),
        state_line(stop, OrderState.CANCELLED, CLOSE_MS),
        (TIMING, timing(id="msstop", action="protect", signal=None, decision_price="0.2")),
    ]
    (row,) = rows(tmp_path, lines)
    assert D(row["impact"]) == 80 * D("0.0002")
    assert (D(row["opportunity"]), row["unknown"]) == (0, {"delay": 1, "spread": 1})


def test_a_stop_that_rests_has_cost_nothing(tmp_path: Path) -> None:
    stop = replace(ENTRY, id="msstop", action=Action.PROTECT, side="sell", kind="stop")
    assert rows(tmp_path, [intent_line(stop, CLOSE_MS)]) == []


def paper_lines() -> Lines:
    """A simulated entry whose fill names the price before costs, and the stop that ended it."""
    head = {"strategy": "momentum_5m", "venue": "sim", "symbol": "DOGE/USD", "session": "paper-1"}
    order = {
        **head, "event": "entry_order", "id": "mspaper", "side": "buy", "qty": "100", "price": "0.21", "close": "0.2",
        "time": "2025-01-01T00:00:00Z",
    }  # fmt: skip
    filled = {
        **head, "event": "entry_fill", "order": "mspaper", "leg": "entry", "side": "buy", "qty": "90",
        "price": "0.2012", "reference": "0.201", "fee": "0.02", "time": "2025-01-01T00:05:00Z",
    }  # fmt: skip
    left = {
        **head, "event": "exit_fill", "order": "msleft", "leg": "stop", "side": "sell", "qty": "90",
        "price": "0.189", "reference": "0.19", "fee": "0.02", "time": "2025-01-02T00:05:00Z",
    }  # fmt: skip
    opened = {
        "session": "paper-1",
        "mode": "paper",
        "instruments": [{"symbol": "DOGE/USD", "half_spread": "0.0005"}],
    }
    return [("session", opened), ("order", order), ("fill", filled), ("fill", left)]


def test_paper_orders_are_split_by_the_fill_models_own_prices(tmp_path: Path) -> None:
    entry, stop = rows(tmp_path, paper_lines())
    assert {part: entry[part] and D(entry[part]) for part in PARTS} == {
        "delay": D("0.09"),
        "spread": 90 * D("0.201") * D("0.0005"),
        "impact": 90 * D("0.0002") - 90 * D("0.201") * D("0.0005"),
        "fees": D("0.02"),
        "opportunity": None,  # what the price became of the part that did not fill is in no line
    }
    assert (entry["paper"], stop["paper"]) == (True, True)
    assert (D(stop["delay"]), D(stop["impact"]) + D(stop["spread"])) == (0, D("0.09"))


def test_paper_and_real_money_are_never_in_one_row(tmp_path: Path) -> None:
    found = rows(tmp_path, [*paper_lines(), *live_lines()], "strategy")
    assert [(row["key"], row["paper"], row["orders"]) for row in found] == [
        ("momentum_5m", False, 1),
        ("momentum_5m", True, 2),
    ]


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_grouping_sums_to_the_same(tmp_path: Path, by: str) -> None:
    found = rows(tmp_path, paper_lines(), by)
    assert sum(D(row["total"]) for row in found) == D("0.09") + D("0.018") + D("0.09") + D("0.04")
    assert all(
        sum((D(row[part]) for part in PARTS if row[part] is not None), D(0)) == D(row["total"])
        for row in found
    )


def test_only_what_is_asked_for_is_counted(tmp_path: Path) -> None:
    entries = list(journalled(tmp_path, paper_lines()).journal().entries())

    def orders(**chosen: Any) -> int:
        return len(analyse(entries, Chosen(**chosen), "order"))

    assert orders(strategy="other") == orders(symbol="WIF/USD") == 0
    assert orders(since_ms=CLOSE_MS + DAY_MS) == orders(until_ms=CLOSE_MS + DAY_MS) == 1


def test_an_unknown_grouping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot group by 'week'"):
        rows(tmp_path, live_lines(), "week")


def test_a_line_that_lacks_something_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError, match="entry 2, order: it has no proper 'state'"):
        rows(tmp_path, [("order", {"id": "ms1"})])
