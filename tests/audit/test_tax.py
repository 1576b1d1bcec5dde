"""Tax lots: nothing is lost or made up by any method, and a row says what Form 8949 asks for."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program import Memesnipe
from report_journals import START_MS, Book

from memesnipe_cli.audit.tax import TaxRequest, TaxTotals, contract_rows, lot_rows, term_of
from memesnipe_cli.audit.tax_fills import coin_fills
from memesnipe_cli.audit.tax_lots import Amounts, Method
from memesnipe_cli.audit.tax_rates import Rates, read_rates
from memesnipe_cli.clock import DAY_MS, parse_time
from memesnipe_cli.errors import DataError, IntegrityError
from memesnipe_cli.store.store import Store

D = Decimal
METHODS = tuple(Method)
AMOUNT = st.decimals("0.00000001", "1000000", places=8)


def rows(
    book: Book,
    method: Method = Method.FIFO,
    year: int | None = None,
    rates: Rates | None = None,
    zone: Any = UTC,
) -> tuple[list[dict[str, Any]], TaxTotals]:
    """The 8949 rows of a journal and their totals."""
    totals = TaxTotals()
    found = coin_fills(book.entries, rates or Rates(), zone)
    return list(lot_rows(found, TaxRequest("live", method, year, zone), totals)), totals


def summed(found: list[dict[str, Any]], name: str) -> Decimal:
    """The sum of a column."""
    return sum((D(row[name] or 0) for row in found), D(0))


@st.composite
def dealings(draw: st.DrawFn) -> tuple[Book, Decimal, Decimal, Decimal]:
    """(purchases and sales of one coin that end with nothing left, what was spent, what was received, what was bought),
    fees counted."""
    book = Book("live")
    held = spent = received = bought = D(0)
    for _ in range(draw(st.integers(1, 12))):
        book.at(book.now_ms + draw(st.integers(0, 90)) * DAY_MS)
        qty, price = draw(AMOUNT), draw(AMOUNT)
        fee = draw(st.decimals("0", "0.01", places=8))
        if not held or draw(st.booleans()):
            in_coin = draw(st.booleans()) and fee < qty
            book.bought(f"{qty:f}", f"{price:f}", f"{fee:f}", "DOGE" if in_coin else "USD")
            held += qty - (fee if in_coin else 0)
            bought += qty - (fee if in_coin else 0)
            spent += qty * price + (0 if in_coin else fee)
        else:
            qty = min(qty, held)
            book.sold(f"{qty:f}", f"{price:f}", f"{fee:f}")
            held -= qty
            received += qty * price - fee
    if held:
        book.at(book.now_ms + DAY_MS)
        book.sold(f"{held:f}", "0.5")
        received += held * D("0.5")
    return book, spent, received, bought


@settings(max_examples=80, deadline=None)
@given(dealings())
def test_once_all_is_sold_every_method_gives_the_same_sums_to_the_last_digit(
    dealt: tuple[Book, Decimal, Decimal, Decimal],
) -> None:
    book, spent, received, bought = dealt
    for method in METHODS:
        found, totals = rows(book, method)
        assert summed(found, "e_basis") == spent
        assert summed(found, "d_proceeds") == received
        assert summed(found, "h_gain") == received - spent
        assert summed(found, "qty") == bought
        assert totals.left == {}
        assert all(D(row["h_gain"]) == D(row["d_proceeds"]) - D(row["e_basis"]) for row in found)
        assert sum((sums.gain for sums in totals.terms.values()), D(0)) == received - spent


@settings(max_examples=60, deadline=None)
@given(AMOUNT, AMOUNT, AMOUNT, st.lists(st.floats(0.001, 0.999), min_size=1, max_size=6))
def test_parts_of_an_amount_add_up_to_it(
    qty: Decimal, value: Decimal, fee: Decimal, cuts: list[float]
) -> None:
    rest = Amounts(qty, value, fee)
    parts = []
    for cut in cuts:
        some = (rest.qty * D(str(cut))).quantize(D("1E-12"))
        if not 0 < some < rest.qty:
            break
        part, rest = rest.part(some)
        parts.append(part)
    parts.append(rest)
    assert sum((each.qty for each in parts), D(0)) == qty
    assert sum((each.value for each in parts), D(0)) == value
    assert sum((each.fee for each in parts), D(0)) == fee
    assert all(each.value >= 0 and each.fee >= 0 for each in parts)


@pytest.mark.parametrize(
    ("method", "lots"), [("fifo", ["L2", "L3"]), ("lifo", ["L4", "L3"]), ("hifo", ["L3", "L4"])]
)
def test_which_lot_goes_first(method: str, lots: list[str]) -> None:
    book = Book("live")
    for price in ("0.1", "0.3", "0.2"):
        book.bought("100", price)
    book.sold("150", "0.25")
    found, totals = rows(book, Method(method))
    assert [row["lot"] for row in found] == lots
    assert [D(row["qty"]) for row in found] == [100, 50]
    assert totals.left["DOGE"][0] == 150


def test_hifo_goes_by_the_basis_with_its_fees() -> None:
    book = Book("live")
    book.bought("100", "0.2", "5")
    book.bought("100", "0.21")
    book.sold("100", "0.25")
    assert [row["lot"] for row in rows(book, Method.HIFO)[0]] == ["L2"]


def test_a_row_has_the_columns_of_the_form_and_the_fills_behind_them() -> None:
    book = Book("live")
    book.bought("100", "0.2", "0.08", order="ours-1")
    book.at(START_MS + 400 * DAY_MS)
    book.sold("40", "0.3", "0.05", order="ours-2")
    (row,), _ = rows(book)
    assert [row[name] for name in list(row)[:9]] == [
        "40 DOGE", "01/01/2025", "02/05/2026", "11.95", "8.03200000", None, None, "3.91800000", "long",
    ]  # fmt: skip
    assert (row["acquired_fill"], row["disposed_fill"]) == ("T1", "T2")
    assert (row["acquired_order"], row["disposed_order"]) == ("ours-1", "ours-2")
    assert (D(row["fee_acquired"]), D(row["fee_disposed"])) == (D("0.032"), D("0.05"))
    assert not row["simulated"]


def test_a_fee_in_the_coin_makes_the_lot_smaller_and_the_sale_larger() -> None:
    book = Book("live")
    book.bought("100", "0.2", "1", "DOGE")
    book.sold("98", "0.3", "1", "DOGE")
    (row,), totals = rows(book)
    assert (D(row["qty"]), D(row["e_basis"]), D(row["d_proceeds"])) == (D(99), D(20), D("29.4"))
    assert (D(row["fee_acquired"]), D(row["fee_disposed"])) == (D("0.2"), D("0.3"))
    assert row["note"] == "acquired: 1 DOGE of it were the fee; disposed of: 1 DOGE of it were the fee"
    assert totals.left == {}


@pytest.mark.parametrize(
    ("acquired", "disposed", "term"),
    [
        ("2024-01-10", "2025-01-10", "short"),  # a year to the day is not more than one
        ("2024-01-10", "2025-01-11", "long"),
        (
            "2023-02-28",
            "2024-02-29",
            "short",
        ),  # the last of a month: from the first of the thirteenth month after
        ("2023-02-28", "2024-03-01", "long"),
        ("2024-02-29", "2025-02-28", "short"),
        ("2024-02-29", "2025-03-01", "long"),
        ("2024-02-28", "2025-02-28", "short"),
        ("2024-02-28", "2025-03-01", "long"),
        ("2024-12-31", "2025-12-31", "short"),
        ("2024-12-31", "2026-01-01", "long"),
    ],
)
def test_long_is_more_than_a_year_from_the_day_after(acquired: str, disposed: str, term: str) -> None:
    assert term_of(date.fromisoformat(acquired), date.fromisoformat(disposed)) == term


def test_a_year_is_that_of_the_taxpayers_days() -> None:
    book = Book("live")
    book.bought("100", "0.2")
    book.at(parse_time("2026-01-01T03:00:00Z"))
    book.sold("100", "0.3")
    new_york = ZoneInfo("America/New_York")
    assert [row["c_date_sold"] for row in rows(book, year=2025, zone=new_york)[0]] == ["12/31/2025"]
    assert rows(book, year=2025)[0] == []
    assert len(rows(book, year=2026)[0]) == 1


def test_what_was_sold_before_the_year_is_gone_in_it() -> None:
    book = Book("live")
    book.bought("100", "0.1")
    book.bought("100", "0.2")
    book.sold("100", "0.3")
    book.at(START_MS + 366 * DAY_MS)
    book.sold("100", "0.4")
    assert [row["lot"] for row in rows(book, year=2026)[0]] == ["L3"]


def test_fills_that_were_booked_late_count_when_they_were() -> None:
    book = Book("live")
    book.bought("100", "0.2", time="2025-01-02T00:00:00Z")
    book.bought("100", "0.1", time="2025-01-01T00:00:00Z")
    book.sold("100", "0.3", time="2025-01-03T00:00:00Z")
    assert [row["lot"] for row in rows(book)[0]] == ["L3"]


def test_coins_without_a_lot_have_no_basis_and_say_so() -> None:
    book = Book("live")
    book.bought("10", "0.2")
    book.sold("15", "0.3")
    found, totals = rows(book)
    assert [(D(row["qty"]), row["lot"], D(row["e_basis"])) for row in found] == [
        (D(10), "L2", D(2)), (D(5), None, D(0)),
    ]  # fmt: skip
    assert totals.no_basis == 1
    assert "no lot of it" in found[1]["note"]


def test_coins_are_not_mixed() -> None:
    book = Book("live")
    book.bought("10", "0.2")
    book.bought("10", "2", symbol="WIF/USD")
    book.sold("10", "3", symbol="WIF/USD")
    assert [(row["coin"], row["lot"]) for row in rows(book)[0]] == [("WIF", "L3")]


def test_a_stablecoin_is_not_taken_for_a_dollar(tmp_path: Path) -> None:
    book = Book("live")
    book.bought("100", "0.2", "0.1", "USDC", symbol="DOGE/USDC")
    with pytest.raises(DataError, match=r"DOGE/USDC was traded for USDC on 2025-01-01.*is not known"):
        rows(book)
    path = tmp_path / "rates.csv"
    path.write_text("date,currency,usd\n2025-01-01,USDC,0.99\n2025-01-02,usdc,1.01\n")
    book.at(START_MS + DAY_MS)
    book.sold("100", "0.3", symbol="DOGE/USD")
    (row,), _ = rows(book, rates=read_rates(path))
    assert (D(row["e_basis"]), D(row["d_proceeds"])) == (D("19.899"), D(30))


def test_a_fee_of_unknown_worth_is_in_no_sum_and_named() -> None:
    book = Book("live")
    book.bought("100", "0.2", "3", "KFEE")
    book.sold("100", "0.3")
    (row,), _ = rows(book)
    assert D(row["e_basis"]) == 20
    assert "the fee of 3 KFEE is not in it" in row["note"]
    assert coin_fills(book.entries, Rates(), UTC).other_fees == {"KFEE": D(3)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("day,usd\n", "have the columns"),
        ("date,currency,usd\n31.1.2025,USDC,1\n", "line 2: date is '31.1.2025'"),
        ("date,currency,usd\n2025-01-31,USDC,none\n", "line 2: usd is 'none'"),
        ("date,currency,usd\n2025-01-31,USDC,0\n", "line 2: usd is 0"),
        ("date,currency,usd\n2025-01-31,USDC,1\n2025-01-31,USDC,2\n", "a second rate for USDC"),
    ],
)
def test_rates_that_cannot_be_used_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        read_rates(path)


def test_contracts_are_on_a_form_of_their_own() -> None:
    book = Book("live")
    book.bought("1", "50000", symbol="BTC/USD:USD")
    book.at(START_MS + DAY_MS)
    book.trade("-3.5", symbol="BTC/USD:USD", side="short")
    found = coin_fills(book.entries, Rates(), UTC)
    assert found.coins == []
    totals = TaxTotals()
    request = TaxRequest("live", Method.FIFO, 2025, UTC)
    (row,) = contract_rows(found.contracts, request, totals)
    assert (row["a_description"], row["gain"], row["date_closed"]) == (
        "1 BTC/USD:USD short",
        "-3.5",
        "01/02/2025",
    )
    assert (totals.contracts, totals.contract_gain) == (1, D("-3.5"))


def test_a_paper_row_is_marked_and_its_money_is_what_was_booked() -> None:
    book = Book()
    book.booked(True, "-20.05", "0.05", qty="100")
    book.booked(False, "21.95", "0.05", qty="100")
    (row,), _ = rows(book)
    assert row["a_description"] == "SIMULATED 100 DOGE"
    assert row["simulated"]
    assert (D(row["e_basis"]), D(row["d_proceeds"]), D(row["h_gain"])) == (D("20.05"), D("21.95"), D("1.9"))


def test_beside_real_money_what_was_simulated_is_left_out() -> None:
    paper, live = Book(), Book("live")
    paper.booked(True, "-20.05", "0.05", qty="100")
    live.bought("100", "0.3")
    live.sold("100", "0.4")
    entries = [*paper.entries, *live.entries]
    found = coin_fills(entries, Rates(), UTC)
    assert (found.left_out, found.simulated, len(found.coins)) == (1, False, 2)


def test_a_fill_that_lacks_something_is_named() -> None:
    book = Book("live")
    book.add("fill", strategy="one", symbol="DOGE/USD", time="2025-01-01T00:00:00Z", side="buy")
    with pytest.raises(IntegrityError, match="entry 2, fill: it has no proper 'qty'"):
        rows(book)


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A live account that bought, sold half and has an order that may stand."""
    book = Book("live")
    book.bought("100", "0.2", "0.08")
    book.sold("50", "0.3", "0.06")
    book.trade("1", symbol="BTC/USD:USD")
    book.add("order", id="x", state="unknown")
    store = Store(tmp_path / "store")
    store.journal("live").append_many(book.lines())
    return str(store.root)


def test_the_command_writes_the_file_and_says_the_sums(
    memesnipe: Memesnipe, root: str, tmp_path: Path
) -> None:
    path = tmp_path / "8949.csv"
    line = ("--store", root, "audit", "tax", "--year", "2025", "--account", "live", "-o", str(path))
    done = memesnipe(*line)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    with path.open() as file:
        (row,) = csv.DictReader(file)
    assert (row["h_gain"], row["method"], row["f_code"]) == ("4.90000000", "FIFO", "")
    assert "short term: 1 rows, proceeds 14.94, basis 10.04, gain 4.90 USD" in done.stderr
    for words in ("memesnipe audit tax --form 6781", "1 order may stand at the venue", "no tax advice"):
        assert words in done.stderr
    again = memesnipe(*line)
    assert again.returncode == 2
    assert "exists" in again.stderr
    forced = memesnipe(*line, "--force", "--json", "--method", "HIFO")
    assert "HIFO needs each lot to have been identified" in forced.stderr
    assert json.loads(forced.stdout)["short"]["gain"] == "4.90000000"


def test_contracts_by_the_command(memesnipe: Memesnipe, root: str) -> None:
    done = memesnipe("--store", root, "audit", "tax", "--form", "6781", "--account", "live", "--jsonl")
    first, last = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["type"], last["type"], last["contract_gain"]) == ("tax_contract", "tax", "1")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--method", "average"), "one of: fifo, lifo, hifo"),
        (("--form", "1040"), "one of: 8949, 6781"),
        (("--timezone", "Mars/Olympus"), "is not known on this machine"),
        (("--format", "parquet"), "one of: csv, jsonl"),
    ],
)
def test_what_is_not_known_is_refused(
    memesnipe: Memesnipe, root: str, option: tuple[str, str], words: str
) -> None:
    done = memesnipe("--store", root, "audit", "tax", "--account", "live", *option)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
