"""What `audit report` adds up: it is the account's own cash, by whatever it is grouped."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from audit_journals import live_lines, timing
from hypothesis import given, settings
from hypothesis import strategies as st
from program import Memesnipe
from report_journals import BASE_MS, MINUTE_MS, START_MS, Book

from memesnipe_cli.audit.report import GROUPINGS, report
from memesnipe_cli.audit.whole import Window
from memesnipe_cli.clock import DAY_MS, format_time, parse_time
from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.errors import IntegrityError, UsageError
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.store.store import Store

D = Decimal
SUMMED = ("pnl", "cash_change", "fees", "funding", "slippage", "turnover")
COUNTED = ("trades", "wins", "orders", "fills", "refused")
UNITS = st.integers(1, 10**12)  # of 10^-8


def rows(entries: list[Entry], by: str = "day", **window: Any) -> list[dict[str, Any]]:
    """The report of these entries."""
    return report(entries, "paper", by, Window(**window))


def total(entries: list[Entry], by: str = "day", **window: Any) -> dict[str, Any]:
    """Its total."""
    return rows(entries, by, **window)[-1]


def money(units: int) -> str:
    """Units of 10^-8 as an amount."""
    return format(Decimal(units).scaleb(-8), "f")


@st.composite
def histories(draw: st.DrawFn) -> Book:
    """Days of trading by two strategies, with partial exits, funding and money that comes and goes."""
    book = Book(draw(st.sampled_from(["paper", "live"])))
    held: dict[tuple[str, str], list[int]] = {}
    for _ in range(draw(st.integers(0, 25))):
        book.at(book.now_ms + draw(st.integers(0, 300)) * BASE_MS)
        key = draw(st.sampled_from([("one", "DOGE/USD"), ("two", "WIF/USD")]))
        about = {"strategy": key[0], "symbol": key[1]}
        what = draw(st.sampled_from(["open", "part", "close", "close", "fund", "flow", "mark"]))
        cash, fee = draw(UNITS), draw(UNITS) // 100
        if what == "open":
            book.booked(True, money(-cash - fee), money(fee), qty="1", **about)
            held.setdefault(key, []).append(-cash - fee)
        elif what == "fund" and key in held:
            book.funded(money(fee - cash // 2), **about)
            held[key].append(fee - cash // 2)
        elif what == "part" and len(held.get(key, ())) > 1:
            book.booked(False, money(cash - fee), money(fee), qty="0.001", **about)
            held[key].append(cash - fee)
        elif what == "close" and key in held:
            book.booked(False, money(cash - fee), money(fee), qty=left(book, key), **about)
            book.trade(money(sum(held.pop(key)) + cash - fee), **about)
        elif what == "flow":
            book.flowed(money(cash - 10**11), "1000000")
        elif what == "mark":
            book.marked(money(draw(UNITS)))
    return book


def folded(entries: list[Entry]) -> AccountState:
    """The account, by its own fold."""
    fold = AccountFold()
    state = fold.initial()
    for entry in entries:
        state = fold.apply(state, entry)
    return state


def left(book: Book, key: tuple[str, str]) -> str:
    """All that is held, in coins."""
    state = folded(book.entries)
    slot = state.keys.index((key[0], "kraken", key[1]))
    return format(Decimal(state.slots[slot, layout.LOTS]).scaleb(-3), "f")


@settings(max_examples=60, deadline=None)
@given(histories(), st.sampled_from(GROUPINGS))
def test_profit_and_flows_are_the_accounts_cash_to_the_last_digit(book: Book, by: str) -> None:
    state = folded(book.entries)
    found = rows(book.entries, by)
    if not found:
        assert state.cash == 200
        return
    whole = found[-1]
    assert state.cash - 200 == D(whole["cash_change"]) + D(whole["flows"])
    if not state.busy():
        assert D(whole["pnl"]) == D(whole["cash_change"])


@settings(max_examples=60, deadline=None)
@given(histories(), st.sampled_from(GROUPINGS))
def test_rows_add_up_to_the_total(book: Book, by: str) -> None:
    found = rows(book.entries, by)
    for name in (*SUMMED, *COUNTED):
        assert sum((D(row[name]) for row in found[:-1]), D(0)) == (D(found[-1][name]) if found else 0), name
    if by != "strategy":
        for name in ("flows", "marked_pnl"):
            assert sum((D(row[name] or 0) for row in found[:-1]), D(0)) == (
                D(found[-1][name] or 0) if found else 0
            )


def test_what_is_held_is_in_the_marks_and_not_in_the_profit() -> None:
    book = Book()
    book.booked(True, "-20.05", "0.05", qty="100")
    book.marked("205.5")
    whole = total(book.entries)
    assert (D(whole["pnl"]), D(whole["marked_pnl"]), D(whole["cash_change"])) == (D(0), D("5.5"), D("-20.05"))


def test_money_that_came_in_is_no_gain() -> None:
    book = Book("live")
    book.flowed("-50", "200")
    book.marked("151")
    whole = total(book.entries)
    assert (D(whole["marked_pnl"]), D(whole["flows"]), D(whole["pnl"])) == (D(1), D(-50), D(0))
    assert not whole["paper"]


def test_a_days_gain_is_between_its_midnights() -> None:
    book = Book()
    for day, equity in enumerate(("201", "204", "203"), 1):
        book.at(START_MS + day * DAY_MS)
        book.marked(equity)
    found = rows(book.entries)
    assert [(row["key"], D(row["marked_pnl"])) for row in found] == [
        ("2025-01-01", D(1)), ("2025-01-02", D(3)), ("2025-01-03", D(-1)), ("total", D(3)),
    ]  # fmt: skip
    assert [row["key"] for row in rows(book.entries, "week")] == ["2025-W01", "total"]
    assert [row["key"] for row in rows(book.entries, "month")] == ["2025-01", "total"]


def test_a_window_counts_what_was_in_it() -> None:
    book = Book()
    for day in range(4):
        book.at(START_MS + day * DAY_MS)
        book.booked(True, "-1", qty="1")
        book.booked(False, "2", qty="1")
        book.trade("1")
    found = rows(book.entries, since_ms=START_MS + DAY_MS, until_ms=START_MS + 3 * DAY_MS)
    assert [(row["key"], row["trades"]) for row in found] == [
        ("2025-01-02", 1), ("2025-01-03", 1), ("total", 2),
    ]  # fmt: skip


def test_slippage_is_what_fills_cost_against_the_price_they_began_at() -> None:
    book = Book()
    book.booked(True, "-20.1", "0", qty="100", price="0.201", reference="0.2")
    book.booked(False, "19.8", "0", qty="100", price="0.198", reference="0.199")
    whole = total(book.entries)
    assert D(whole["slippage"]) == D("0.2")
    assert whole["slippage_bps"] == pytest.approx(0.2 / 39.9 * 10_000)


def test_slippage_and_latency_of_a_live_order() -> None:
    book = Book("live")
    entries = [*book.entries]
    for kind, body in live_lines()[1:]:
        entries.append(Entry(len(entries) + 1, "2025-01-01T00:00:01Z", kind, body, "", ""))
    late = timing(id="mslate", sent_ms=1131, acknowledged_ms=1300)
    entries.append(Entry(len(entries) + 1, "2025-01-01T00:00:02Z", "timing", late, "", ""))
    whole = total(entries)
    # delay 0.08, spread 0.04, impact 0.002: see test_tca.py
    assert D(whole["slippage"]) == D("0.122")
    assert (whole["orders"], whole["fills"], D(whole["turnover"])) == (1, 2, D("16.122"))
    assert whole["signal_to_sent_ms"] == {
        "count": 2, "mean": 631.0, "median": 631.0, "p95": 1131.0, "longest": 1131.0,
    }  # fmt: skip
    assert whole["sent_to_acknowledged_ms"]["mean"] == 134.5


def test_a_fee_in_another_currency_is_told_apart() -> None:
    book = Book("live")
    book.bought("100", "0.2", "0.5", "DOGE")
    book.bought("100", "0.2", "3", "KFEE")
    book.bought("100", "0.2", "0.04", "USD")
    assert total(book.entries)["fees_elsewhere"] == {"DOGE": "0.5", "KFEE": "3"}


def test_refusals_are_counted_by_their_reason() -> None:
    book = Book()
    for _ in range(2):
        book.add("refusal", event="refusal", strategy="one", reason="cost")
    book.add("refusal", event="refusal", strategy="one", reason="gate", gate={"code": "stale"})
    book.add("refusal", strategy="two", code="order_rate", action="entry")
    book.add("order", event="missed", id="x", strategy="one", reason="no_bar", state="missed")
    whole = total(book.entries, "strategy")
    assert whole["refusals"] == {"cost": 2, "order_rate": 1, "stale": 1}
    assert (whole["refused"], whole["missed"]) == (4, {"no_bar": 1})


def test_the_time_at_each_level_is_split_at_midnight() -> None:
    book = Book()
    book.at(START_MS + DAY_MS - 60 * MINUTE_MS)
    book.level("HALT")
    book.level("HALT", "strategy:one")
    book.at(START_MS + DAY_MS + 120 * MINUTE_MS)
    book.level("CLOSED")
    book.at(START_MS + 2 * DAY_MS)
    book.marked("200")
    first, second, whole = rows(book.entries)
    assert first["breaker_seconds"]["HALT"] == 3600
    assert second["breaker_seconds"] == {"CLOSED": 22 * 3600, "WARNING": 0, "HALT": 7200, "EMERGENCY": 0}
    assert sum(whole["breaker_seconds"].values()) == 2 * 86400
    one = next(row for row in rows(book.entries, "strategy") if row["key"] == "one")
    assert one["breaker_seconds"]["HALT"] == 25 * 3600


def test_a_person_stops_a_live_account_at_once_and_a_paper_one_at_its_next_bar() -> None:
    stopped = {}
    for mode in ("live", "paper"):
        book = Book(mode)
        book.add(
            "breaker", action="trip", scope="account", level="HALT", since=format_time(START_MS + DAY_MS // 2)
        )
        book.at(START_MS + DAY_MS)
        book.marked("200")
        stopped[mode] = total(book.entries)["breaker_seconds"]["HALT"]
    assert stopped == {"live": 12 * 3600, "paper": 0}


def test_uptime_is_the_share_of_bars_that_were_decided_on_in_time() -> None:
    book = Book("live")
    for bar in range(1, 11):
        if bar in (4, 5):
            continue  # nobody was there
        close_ms = START_MS + bar * BASE_MS
        book.at(close_ms + (60_000 if bar != 6 else 2 * BASE_MS))  # the sixth was made up for later
        book.marked("200", close_ms)
    whole = total(book.entries)
    assert (whole["bars_due"], whole["bars_in_time"], whole["uptime"]) == (10, 7, 0.7)


def test_a_replayed_tape_has_no_uptime() -> None:
    book = Book()
    book.now_ms += 300 * DAY_MS
    book.marked("200", START_MS + DAY_MS)
    assert total(book.entries)["uptime"] is None


def test_paper_and_real_money_are_never_in_one_row() -> None:
    paper, live = Book(), Book("live")
    for book in (paper, live):
        book.booked(True, "-1")
    found = rows([*paper.entries, *live.entries])
    assert [(row["key"], row["paper"]) for row in found] == [
        ("2025-01-01", False), ("2025-01-01", True), ("total", False), ("total", True),
    ]  # fmt: skip


def test_what_nobody_can_group_by_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot report by 'hour'"):
        rows([], "hour")


def test_a_line_that_lacks_something_is_named() -> None:
    book = Book()
    book.add("trade", strategy="one", venue="kraken", symbol="DOGE/USD", exit_time="2025-01-01T00:00:00Z")
    with pytest.raises(IntegrityError, match="entry 2, trade: it has no proper 'pnl'"):
        rows(book.entries)


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A store with a paper day."""
    book = Book()
    book.booked(True, "-20.05", "0.05", qty="100")
    book.booked(False, "21.95", "0.05", qty="100")
    book.trade("1.9")
    store = Store(tmp_path / "store")
    store.journal().append_many(book.lines())
    return str(store.root)


def test_the_command_for_a_person_and_for_a_script(memesnipe: Memesnipe, root: str) -> None:
    done = memesnipe("--store", root, "audit", "report", "--by", "month")
    assert done.returncode == 0, done.stderr
    assert [line.split()[:7] for line in done.stdout.splitlines()[2:]] == [
        ["2025-01", "USD", "PAPER", "1", "100.0", "%", "1.9000"],
        ["total", "USD", "PAPER", "1", "100.0", "%", "1.9000"],
    ]
    assert "PAPER: no order left this machine" in done.stderr
    said = json.loads(memesnipe("--store", root, "audit", "report", "--json").stdout)
    assert [(row["type"], row["by"], row["pnl"]) for row in said] == [
        ("report", "day", "1.9"), ("report", "total", "1.9"),
    ]  # fmt: skip
    assert parse_time(said[0]["key"]) == START_MS


def test_no_figure_is_made_of_a_journal_that_does_not_verify(memesnipe: Memesnipe, root: str) -> None:
    path = Path(root) / "journal" / "paper" / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"pnl":"1.9"', b'"pnl":"9.9"'))
    done = memesnipe("--store", root, "audit", "report", "--jsonl")
    assert (done.returncode, done.stdout) == (7, "")
    assert "the journal of account 'paper' does not verify" in done.stderr


def test_an_account_without_a_journal_is_named(memesnipe: Memesnipe, root: str) -> None:
    done = memesnipe("--store", root, "audit", "report", "--account", "none")
    assert done.returncode == 1
    assert "account 'none' has no journal" in done.stderr
