"""`audit reconcile`: each kind of disagreement is found, nothing is written, and nothing is sent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from audit_journals import CLOSE_MS, ENTRY, fill, journalled, live_lines

# The live account at a loopback venue is the one of the commands' tests.
sys.path.append(str(Path(__file__).parents[1] / "commands"))

from trade_live_cases import SYMBOL, Scene, live_scene, with_position

from memesnipe_cli.audit.trade_files import read_trades
from memesnipe_cli.audit.venue_trades import (
    Comparison,
    JournalTrades,
    Kind,
    TheirTrade,
    compare,
)
from memesnipe_cli.cli import run
from memesnipe_cli.errors import DataError
from memesnipe_cli.venues.order_lines import intent_line, state_line
from memesnipe_cli.venues.order_state import OrderState

Capture = pytest.CaptureFixture[str]
END_MS = CLOSE_MS + 86_400_000
KRAKEN = "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers\n"
KRAKEN_ROWS = (
    'T1,OV1,XDGUSD,2025-01-01 00:00:00.9001,buy,limit,0.2015,12.09,0.03,60.0,0.0,"","L1,L2"\n'
    'T2,OV1,XDGUSD,2025-01-01 00:00:00.9002,buy,limit,0.2016,4.032,0.01,20.0,0.0,"","L3,L4"\n'
)
COINBASE = "portfolio,trade id,product,side,created at,size,size unit,price,fee,total,price/fee/total unit\n"


def trades_of(root: Path, more: list[tuple[str, dict[str, Any]]] | None = None) -> JournalTrades:
    """The trades T1 and T2 of one order, as its journal has them."""
    store = journalled(root, [*live_lines(), *(more or [])], "live")
    ours = JournalTrades()
    for entry in store.journal("live").entries():
        ours.take(entry)
    return ours


def listed() -> list[TheirTrade]:
    """The same two as the venue has them."""
    return [
        TheirTrade.of(fill("T1", "60", "0.2015", "0.03")),
        TheirTrade.of(fill("T2", "20", "0.2016", "0.01")),
    ]


def looked(ours: JournalTrades, theirs: list[TheirTrade], since_ms: int = CLOSE_MS) -> Comparison:
    return compare(ours, theirs, "kraken", since_ms, END_MS)


def test_what_agrees_is_summed_on_both_sides(tmp_path: Path) -> None:
    done = looked(trades_of(tmp_path), listed())
    assert (done.clean, done.same, done.foreign) == (True, 2, 0)
    ((where, both),) = done.sums.items()
    assert where == (ENTRY.symbol, "buy", "USD")
    assert both.qty_here == both.qty_there == Decimal(80)
    assert both.fees_here == both.fees_there == Decimal("0.04")
    assert both.value_here == both.value_there == Decimal("16.122")


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("qty", Decimal(61), "qty"),
        ("price", Decimal("0.2014"), "price"),
        ("fee", Decimal("0.04"), "fee"),
        ("fee_currency", "DOGE", "fee currency"),
        ("time_ms", CLOSE_MS + 901, "time"),
        ("side", "sell", "side"),
        ("symbol", "DOGE/USDT", "symbol"),
        ("order_id", "OV2", "order"),
    ],
)
def test_each_field_that_differs_is_named(tmp_path: Path, field: str, value: object, name: str) -> None:
    first, second = listed()
    done = looked(trades_of(tmp_path), [replace(first, **{field: value}), second])  # type: ignore[arg-type]
    (found,) = done.differences
    assert (found.kind, found.trade_id, found.fields, found.order) == (Kind.DIFFERS, "T1", (name,), ENTRY.id)
    assert found.here != found.there and found.seq == 7


def test_a_trade_that_one_side_lacks(tmp_path: Path) -> None:
    ours = trades_of(tmp_path)
    first, second = listed()
    third = replace(second, trade_id="T3")
    done = looked(ours, [first, third])
    assert [(each.kind, each.trade_id, each.order) for each in done.differences] == [
        (Kind.MISSING_THERE, "T2", ENTRY.id),
        (Kind.MISSING_HERE, "T3", ENTRY.id),
    ]
    ((_, both),) = done.sums.items()
    assert (both.trades_here, both.trades_there) == (2, 2)


def test_trades_of_others_are_counted_unless_an_order_of_ours_is_not_settled(tmp_path: Path) -> None:
    own = replace(listed()[0], trade_id="T9", order_id="OUSER")
    done = looked(trades_of(tmp_path / "settled"), [*listed(), own])
    assert (done.clean, done.foreign) == (True, 1)
    second = replace(ENTRY, id="mssecond")
    waits = [intent_line(second, CLOSE_MS), state_line(second, OrderState.SENT, CLOSE_MS)]
    done = looked(trades_of(tmp_path / "waits", waits), [*listed(), own])
    assert [(each.kind, each.order) for each in done.differences] == [(Kind.UNCLEAR, "mssecond")]


def test_a_trade_of_an_order_of_ours_that_no_line_has_is_nobodys_own(tmp_path: Path) -> None:
    lost = replace(listed()[0], trade_id="T9", order_id="OLOST", client_id="msabcdefgh12345678")
    (found,) = looked(trades_of(tmp_path), [*listed(), lost]).differences
    assert (found.kind, found.order) == (Kind.LOST, "msabcdefgh12345678")


def test_what_is_outside_of_the_time_is_not_looked_at(tmp_path: Path) -> None:
    done = looked(trades_of(tmp_path), [], CLOSE_MS + 60_000)
    assert (done.clean, done.same, done.sums) == (True, 0, {})


def test_krakens_export_agrees_where_it_says_something(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(KRAKEN + KRAKEN_ROWS, encoding="utf-8")
    found = read_trades(path)
    assert (found.venue, found.names_orders) == ("kraken", True)
    ours = trades_of(tmp_path / "store")
    assert looked(ours, list(found.trades)).clean
    path.write_text(KRAKEN + KRAKEN_ROWS.replace("20.0,", "21.0,"), encoding="utf-8")
    (differs,) = looked(ours, list(read_trades(path).trades)).differences
    assert (differs.trade_id, differs.here, differs.there) == ("T2", "qty 20", "qty 21")


def test_coinbases_export_is_matched_by_its_trade_ids(tmp_path: Path) -> None:
    path = tmp_path / "fills.csv"
    row = "default,T1,DOGE-USD,BUY,2025-01-01T00:00:00.900Z,60,DOGE,0.2015,0.03,-12.12,USD\n"
    path.write_text("\ufeff" + COINBASE + row + row, encoding="utf-8")
    found = read_trades(path)
    assert (found.venue, found.names_orders, len(found.trades)) == ("coinbase", False, 1)
    done = compare(trades_of(tmp_path / "store"), found.trades, "kraken", CLOSE_MS, END_MS)
    assert (done.same, [each.trade_id for each in done.differences]) == (1, ["T2"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its columns are none"),
        ("txid,refid,time,asset,amount\nL1,T1,2025-01-01,USD,1\n", "neither Kraken's trades.csv"),
        (KRAKEN + KRAKEN_ROWS.replace("20.0", "many"), "line 3: vol is 'many'"),
        (KRAKEN + KRAKEN_ROWS.replace("2025-01-01 00:00:00.9001", "soon"), "line 2: time is 'soon'"),
        (KRAKEN + KRAKEN_ROWS.replace("T2", "T1"), "the trade T1 is there twice"),
        (KRAKEN + KRAKEN_ROWS.replace("buy", "swap"), "not buy or sell"),
        (KRAKEN + KRAKEN_ROWS.replace("T2", ""), "line 3: no txid"),
    ],
)
def test_a_file_that_is_no_export_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as problem:
        read_trades(path)
    assert said in problem.value.message


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with live_scene(tmp_path, monkeypatch) as made:
        yield with_position(made)


def test_a_live_account_is_compared_with_all_pages_and_nothing_is_written(
    scene: Scene, capsys: Capture
) -> None:
    journal = scene.rig.store.journal("live")
    ours = len(scene.server.ledger.trades)
    for _ in range(55):
        scene.server.user_order(SYMBOL, "buy", "market", "20")
    before, orders = journal.head(), len(scene.server.ledger.orders)
    foreign = len(scene.server.ledger.trades) - ours
    assert foreign > 50, "one page of the venue's list holds them all"
    code, rows = scene.rows(capsys, "audit", "reconcile")
    assert (code, {each["type"] for each in rows}) == (0, {"trade_sum"})
    assert all(each["qty_here"] == each["qty_there"] and each["trades_here"] for each in rows)
    assert f"{ours} the same, {foreign} not ours" in scene.say(capsys, "audit", "reconcile")[2]
    assert (journal.head(), len(scene.server.ledger.orders)) == (before, orders)


def test_a_stop_that_sold_while_nobody_ran_is_missing_until_it_is_booked(
    scene: Scene, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memesnipe_cli.commands.audit_reconcile._LOOK_AGAIN_S", 0.0)
    scene.server.price(SYMBOL, "0.0849", "0.0851")
    code, rows = scene.rows(capsys, "audit", "reconcile")
    assert (code, rows[0]["type"], rows[0]["result"]) == (1, "trade_check", "missing_here")
    assert scene.rows(capsys, "trade", "reconcile")[0] == 0
    assert scene.rows(capsys, "audit", "reconcile")[0] == 0


def test_a_venue_out_of_reach_is_exit_code_5(scene: Scene, capsys: Capture) -> None:
    scene.server.mix(["permission"], 1.0, where="TradesHistory")
    code, _, err = scene.say(capsys, "audit", "reconcile")
    scene.server.calm()
    assert code == 5, err


def test_a_file_needs_no_key_and_no_venue(tmp_path: Path, capsys: Capture) -> None:
    store = str(journalled(tmp_path / "store", live_lines(), "live").root)
    path = tmp_path / "trades.csv"
    path.write_text(KRAKEN + KRAKEN_ROWS, encoding="utf-8")
    words = ["--store", store, "audit", "reconcile", "--file", str(path)]
    assert run(words, {}) == 0
    assert "journal and venue agree; 2 the same" in capsys.readouterr().err
    path.write_text(KRAKEN, encoding="utf-8")
    assert run(words, {}) == 1
    path.write_text(COINBASE, encoding="utf-8")
    assert run(words, {}) == 2
    assert run([*words, "--key", "read"], {}) == 2
    assert run(["--store", store, "audit", "reconcile", "--account", "none"], {}) == 1
