"""What `audit export` writes: every digit, whole files or none."""

from __future__ import annotations

import csv
import io
import json
import stat
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from audit_journals import ENTRY, live_lines
from program import Memesnipe
from report_journals import START_MS, Book

from memesnipe_cli.audit.export_columns import TABLES
from memesnipe_cli.audit.export_files import ParquetSink, stream, text_sink, whole_file
from memesnipe_cli.audit.export_rows import export_rows
from memesnipe_cli.audit.whole import Window
from memesnipe_cli.clock import DAY_MS
from memesnipe_cli.errors import DataError, IntegrityError, MemesnipeError, UsageError
from memesnipe_cli.store.entry import Entry
from memesnipe_cli.store.store import Store

D = Decimal


def day() -> Book:
    """A paper day: an entry that fills in part, its stop, a trade and a mark."""
    book = Book()
    head = {"strategy": "one", "venue": "kraken", "symbol": "DOGE/USD", "time": "2025-01-01T00:00:00Z"}
    book.add(
        "order", event="entry_order", id="o1", side="buy", kind="limit", qty="100", price="0.21", state="sent",
        reason="up", venue_id=None, **head,
    )  # fmt: skip
    book.booked(True, "-18.05", "0.05", qty="90")
    book.booked(False, "19.75", "0.05", qty="90", price="0.22")
    book.trade("1.7")
    book.marked("201.7")
    return book


def exported(entries: list[Entry], what: str, **window: Any) -> list[dict[str, Any]]:
    """The rows of a table."""
    return list(export_rows(entries, what, "paper", Window(**window)))


def live_entries() -> list[Entry]:
    """The live order of audit_journals.py."""
    return [
        Entry(number, "2025-01-01T00:00:01Z", kind, body, "", "")
        for number, (kind, body) in enumerate(live_lines(), 1)
    ]


def test_a_simulated_order_is_told_with_what_became_of_it() -> None:
    entry, stop = exported(day().entries, "orders")
    assert (entry["id"], entry["state"], entry["filled"], entry["cost"], entry["paper"]) == (
        "o1", "partly_filled", "90", "18.00", True,
    )  # fmt: skip
    assert (stop["action"], stop["kind"], stop["state"], stop["cost"]) == (
        "protect",
        "stop",
        "filled",
        "19.80",
    )


def test_a_live_order_has_its_last_word_and_its_own_fills() -> None:
    (order,) = exported(live_entries(), "orders")
    assert (order["id"], order["venue_id"], order["state"], order["reason"]) == (
        ENTRY.id, "OV1", "cancelled", "ioc",
    )  # fmt: skip
    assert (order["filled"], D(order["cost"]), order["fills"], order["paper"]) == (
        "80",
        D("16.122"),
        2,
        False,
    )
    fills = exported(live_entries(), "fills")
    assert [(each["venue_trade_id"], each["cost"], each["fee"]) for each in fills] == [
        ("T1", "12.0900", "0.03"), ("T2", "4.0320", "0.01"),
    ]  # fmt: skip


def test_every_column_of_a_row_is_known_to_the_table() -> None:
    for what, table in TABLES.items():
        for row in (*exported(day().entries, what), *exported(live_entries(), what)):
            assert set(row) <= set(table.names), what


def test_a_window_goes_by_when_things_were() -> None:
    book = day()
    book.at(START_MS + DAY_MS)
    book.marked("202")
    for what, count in (("equity", 1), ("fills", 0), ("journal", 1), ("orders", 0)):
        assert len(exported(book.entries, what, since_ms=START_MS + DAY_MS)) == count, what


def test_a_table_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot export 'taxes'"):
        exported([], "taxes")


def test_a_line_that_lacks_something_is_named() -> None:
    book = Book()
    book.add("fill", event="entry_fill", order="x", time="2025-01-01T00:00:00Z")
    for what in ("fills", "orders"):
        with pytest.raises(IntegrityError, match="entry 2, fill: it has no proper"):
            exported(book.entries, what)


def written(rows: list[dict[str, Any]], what: str, format_: str) -> bytes:
    """As text."""
    pieces: list[bytes] = []
    stream(rows, text_sink(TABLES[what], format_, pieces.append))
    return b"".join(pieces)


def test_csv_keeps_every_digit_and_quotes_what_must_be() -> None:
    row = {
        "order": 'a,"b"\nc',
        "qty": "0.000000000000000000001",
        "price": "100000000000000000000.10",
        "paper": True,
    }
    (back,) = csv.DictReader(io.StringIO(written([row], "fills", "csv").decode(), newline=""))
    assert (back["order"], back["qty"], back["price"]) == (row["order"], row["qty"], row["price"])
    assert (back["fee"], back["paper"]) == ("", "true")


@pytest.mark.parametrize("words", ["=cmd()", "+1", "-1", "@sum", "\tx"])
def test_a_strangers_words_are_no_formula(words: str) -> None:
    (back,) = csv.DictReader(io.StringIO(written([{"reason": words, "qty": "-1"}], "orders", "csv").decode()))
    assert (back["reason"], back["qty"]) == (f"'{words}", "-1")


def test_json_lines_are_records() -> None:
    said = [
        json.loads(line)
        for line in written(exported(day().entries, "trades"), "trades", "jsonl").splitlines()
    ]
    assert [(row["type"], row["v"], row["pnl"], row["strategy"]) for row in said] == [
        ("trade", 1, "1.7", "one")
    ]
    assert list(said[0])[2:] == list(TABLES["trades"].names)


def test_nothing_is_a_head_line_or_no_line() -> None:
    assert written([], "fills", "csv").decode() == ",".join(TABLES["fills"].names) + "\n"
    assert written([], "fills", "jsonl") == b""


def test_parquet_holds_decimals_and_times(tmp_path: Path) -> None:
    from pyarrow import parquet

    path = tmp_path / "fills.parquet"
    stream(exported(day().entries, "fills"), ParquetSink(TABLES["fills"], path, {"what": "fills"}))
    table = parquet.read_table(path)
    assert [str(table.schema.field(name).type) for name in ("qty", "time", "paper", "seq")] == [
        "decimal128(38, 18)", "timestamp[ms, tz=UTC]", "bool", "int64",
    ]  # fmt: skip
    assert table.column("cost").to_pylist() == [D("18"), D("19.8")]
    assert table.schema.metadata[b"memesnipe.what"] == b"fills"


@pytest.mark.parametrize("amount", ["0.0000000000000000001", "100000000000000000000"])
def test_parquet_does_not_round(tmp_path: Path, amount: str) -> None:
    sink = ParquetSink(TABLES["fills"], tmp_path / "x.parquet", {})
    with pytest.raises(DataError, match=f"qty is {amount}: parquet's decimal holds"):
        sink.write({"qty": amount})


def test_parquet_of_an_empty_table_is_a_file(tmp_path: Path) -> None:
    from pyarrow import parquet

    stream([], ParquetSink(TABLES["journal"], tmp_path / "x.parquet", {}))
    assert parquet.read_table(tmp_path / "x.parquet").column_names == list(TABLES["journal"].names)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(ZeroDivisionError), whole_file(path, force=False) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with whole_file(path, force=False) as temporary:
        temporary.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists"), whole_file(path, force=False):
        pass
    with whole_file(path, force=True) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    with (
        pytest.raises(UsageError, match="does not exist"),
        whole_file(tmp_path / "no" / "x.csv", force=False),
    ):
        pass
    with pytest.raises(UsageError, match="is a folder"), whole_file(tmp_path, force=True):
        pass


def test_what_the_disk_refuses_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(MemesnipeError, match="cannot be written: No space left"),
        whole_file(tmp_path / "x", force=False),
    ):
        raise OSError(28, "No space left on device")


def test_memory_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memesnipe_cli.audit.export_files._BATCH", 100)
    body = {**day().entries[2].body}

    def fills(count: int) -> Iterator[Entry]:
        for number in range(count):
            yield Entry(number, "2025-01-01T00:00:00Z", "fill", {**body}, "", "")

    def peak(count: int) -> int:
        tracemalloc.start()
        stream(export_rows(fills(count), "fills", "paper", Window()), text_sink(TABLES["fills"], "csv", len))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(200)  # what is made once
    assert peak(4_000) < 1.2 * peak(1_000)


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A store with the paper day."""
    store = Store(tmp_path / "store")
    store.journal().append_many(day().lines())
    return str(store.root)


@pytest.mark.parametrize("what", TABLES)
@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_the_command_writes_each_table(memesnipe: Memesnipe, root: str, what: str, format_: str) -> None:
    done = memesnipe("--store", root, "audit", "export", "--what", what, "--format", format_)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == {"journal": 7, "orders": 2, "fills": 2}.get(what, 1) + (
        format_ == "csv"
    )


def test_a_file_by_the_command_is_described(memesnipe: Memesnipe, root: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.parquet"
    line = ("--store", root, "audit", "export", "--what", "journal", "--format", "parquet")
    done = memesnipe(*line, "-o", str(path), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    seq, head = Store(Path(root)).journal().head()
    assert (said["type"], said["rows"], said["entries"], said["head"]) == ("export", 7, seq, head)
    assert memesnipe(*line).returncode == 2
    assert memesnipe(*line, "-o", str(path)).returncode == 2


def test_json_is_one_document(memesnipe: Memesnipe, root: str) -> None:
    said = json.loads(memesnipe("--store", root, "audit", "export", "--what", "fills", "--json").stdout)
    assert [row["type"] for row in said] == ["fill", "fill"]


def test_no_file_is_made_of_a_journal_that_does_not_verify(
    memesnipe: Memesnipe, root: str, tmp_path: Path
) -> None:
    journal = Path(root) / "journal" / "paper" / "000001.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"pnl":"1.7"', b'"pnl":"9.7"'))
    done = memesnipe("--store", root, "audit", "export", "--what", "fills", "-o", str(tmp_path / "fills.csv"))
    assert done.returncode == 7
    assert "does not verify" in done.stderr
    assert not list(tmp_path.glob("*fills*"))
