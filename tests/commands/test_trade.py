"""`memesnipe trade`: what it does, says and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from trade_market import account, eager, prepared, trades

from memesnipe_cli import run_options
from memesnipe_cli.cli import run
from memesnipe_cli.store.store import Store

BARS = 70


class Program:
    """The program in this process: `program("trade", ...)` -> (exit code, stdout, stderr)."""

    def __init__(self, folder: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.options = options
        self._capsys = capsys

    def __call__(self, *args: str) -> tuple[int, str, str]:
        code = run([*self.options, *args], os.environ)
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(tmp_path, prepared(tmp_path, BARS), capsys)


def test_a_person_sees_trades_positions_and_the_account(program: Program) -> None:
    code, out, err = program("trade", *eager(program.folder))
    assert (code, err) == (0, "PAPER: no order leaves this machine\n")
    assert "trades of this run" in out and "breakout" not in out
    state = account(program.folder)
    assert f"{state.counts['trades']}, {state.wins} won" in out
    assert "open positions" in out and "(PAPER: no order leaves this machine)" in out
    assert str(Store(program.folder / "store").journal().folder) in out
    again, out, err = program("trade", *eager(program.folder))
    assert again == 0
    assert "nothing to do until more come in" in err and "no trades in this run" in err


def test_json_is_one_document(program: Program) -> None:
    _, out, _ = program("trade", *eager(program.folder), "--json")
    document = json.loads(out)
    assert document["account"]["paper"] is True and document["account"]["simulated"] is False
    assert len(document["trades"]) == document["account"]["trades"] > 10
    assert len(document["positions"]) == document["account"]["positions"] > 0
    assert {each["reason"] for each in document["orders"]} >= {"stop"}
    assert (document["bars"], document["resumed"], document["stopped"]) == (BARS, False, False)


def test_jsonl_streams_orders_fills_and_trades(program: Program) -> None:
    _, out, _ = program("trade", *eager(program.folder), "--jsonl")
    records = [json.loads(line) for line in out.splitlines()]
    types = [each["type"] for each in records]
    assert set(types) == {"order", "fill", "trade", "position", "account"}
    assert types[0] == "order" and types[-1] == "account"
    assert all(each["paper"] is True and each["simulated"] is False for each in records)
    orders = [each for each in records if each["type"] == "order"]
    for order in orders:
        assert {
            "id",
            "venue_id",
            "strategy",
            "venue",
            "symbol",
            "side",
            "kind",
            "qty",
            "price",
            "state",
        } <= order.keys()
        assert order["reason"] and order["time"] and order["side"] in ("buy", "sell")
    assert {order["state"] for order in orders} == {"sent", "missed", "refused"}
    for fill in (each for each in records if each["type"] == "fill"):
        assert {
            "order",
            "venue_trade_id",
            "qty",
            "price",
            "fee",
            "fee_currency",
            "liquidity",
            "time",
        } <= fill.keys()


def test_status_positions_and_orders_come_from_the_journal(program: Program) -> None:
    program("trade", *eager(program.folder))
    status = json.loads(program("trade", "status", "--json")[1])
    positions = json.loads(program("trade", "positions", "--json")[1])
    orders = json.loads(program("trade", "orders", "--json")[1])
    assert status["positions"] == len(positions) > 0
    assert status["last_bar"] == "2025-03-02T01:45:00Z"
    stops = {each["symbol"]: each["price"] for each in orders if each["kind"] == "stop"}
    assert stops == {each["symbol"]: each["stop"] for each in positions}
    assert len({each["id"] for each in orders}) == len(orders)
    assert "paper-1: eager on kraken" in program("trade", "status")[1]


def test_an_account_that_never_traded_says_so(program: Program) -> None:
    for what in ("status", "positions", "orders"):
        code, out, err = program("trade", what, "--account", "other")
        assert (code, out) == (1, "")
        assert "account 'other' has not traded yet" in err


def test_status_is_light(program: Program) -> None:
    program("trade", *eager(program.folder))
    code = (
        f"import sys; sys.argv = ['memesnipe', *{program.options!r}, 'trade', 'status', '--json']\n"
        "from memesnipe_cli.cli import main\n"
        "main()\n"
        "sys.stderr.write('\\n'.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout)["session"] == "paper-1"
    heavy = {"numpy", "numba", "duckdb", "pyarrow", "ccxt", "rich", "httpx", "memesnipe_cli.engine.run"}
    assert not set(done.stderr.splitlines()) & heavy


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--live"], 3, "is of kind paper"),
        (["--new-session"], 2, "--without-promotion and --reason belong together"),
        (["--reason", "why not"], 2, "--without-promotion and --reason belong together"),
        (["--once"], 2, "--once, --duration and --without-promotion are of --live"),
        (["--capital", "-1"], 2, "--capital '-1' is not an amount"),
        (["--symbol", "ZZZ/USD"], 2, "symbol 'ZZZ/USD' is not stored"),
        (["--venue", "coinbase"], 2, "venue 'coinbase' has no candles"),
        (["--since", "2025-03-02", "--until", "2025-03-01"], 2, "is not before --until"),
    ],
)
def test_what_cannot_be_done_is_refused(program: Program, options: list[str], code: int, said: str) -> None:
    done, out, err = program("trade", *eager(program.folder), *options)
    assert (done, out) == (code, "")
    assert said in err
    assert not (program.folder / "store" / "journal" / "paper").exists()


def test_a_live_profile_is_refused(program: Program) -> None:
    live = program.folder / "live.toml"
    live.write_text('kind = "live"\n[account]\nvenue = "kraken"\n', encoding="utf-8")
    code, _, err = program("--profile", str(live), "trade", *eager(program.folder))
    assert code == 3 and "profile live is of kind live, and nobody said --live" in err


def test_options_before_a_subcommand_are_refused(program: Program) -> None:
    code, _, err = program("trade", *eager(program.folder), "status")
    assert code == 2 and "stand before status" in err


def test_other_options_than_the_open_session_has_are_refused(program: Program) -> None:
    program("trade", *eager(program.folder))
    code, _, err = program("trade", *eager(program.folder), "--capital", "77")
    assert code == 3 and "capital is 10000, asked for 77" in err
    code, _, _ = program("trade", *eager(program.folder), "--capital", "77", "--account", "small")
    assert code == 0 and account(program.folder, "small").session["capital"] == "77"  # type: ignore[index]


def test_an_age_counts_from_when_the_session_was_opened(program: Program) -> None:
    assert program("trade", *eager(program.folder), "--since", "2025-03-01T20:30:00Z")[0] == 0
    assert program("trade", *eager(program.folder), "--since", "400d")[0] == 0
    assert program("trade", *eager(program.folder))[0] == 0
    code, _, err = program("trade", *eager(program.folder), "--since", "2025-03-01T20:35:00Z")
    assert code == 3 and "since is 2025-03-01T20:30:00Z, asked for 2025-03-01T20:35:00Z" in err


def test_two_strategies_of_one_name_are_refused(program: Program) -> None:
    other = program.folder / "copy.py"
    other.write_text((program.folder / "own.py").read_text(), encoding="utf-8")
    code, _, err = program("trade", *eager(program.folder), "--strategy", f"{other}:Eager")
    assert code == 2 and "two strategies have the name eager" in err


def test_a_second_process_is_told_who_trades(program: Program) -> None:
    with Store(program.folder / "store").journal().held():
        code, _, err = program("trade", *eager(program.folder))
    assert code == 6
    assert f"the account 'paper' is locked by pid {os.getpid()} on " in err


def test_piped_bars_are_traded(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from session_cases import market

    from memesnipe_cli.market.pipe import write_candles_jsonl

    file = program.folder / "bars.jsonl"
    file.write_bytes(b"".join(block for candles in market(BARS) for block in write_candles_jsonl(candles)))
    program("trade", *eager(program.folder))
    expected = trades(program.folder)
    program("trade", *eager(program.folder), "--data", str(file), "--account", "piped")
    found = [
        entry.body
        for entry in Store(program.folder / "store").journal("piped").entries()
        if entry.kind == "trade"
    ]
    assert [{**each, "run": ""} for each in found] == [{**each, "run": ""} for each in expected]


def test_an_empty_store_gets_a_simulated_market_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_options, "SIMULATED_DAYS", 12)
    program = Program(tmp_path, ["--store", str(tmp_path / "empty")], capsys)
    code, out, err = program("trade", "--strategy", "mean_revert_1h", "--json")
    assert code == 0
    assert "the store holds no candles: making a SIMULATED market of 12 days first" in err
    assert json.loads(out)["account"]["simulated"] is True
    code, out, err = program("trade", "status")
    assert "PAPER, SIMULATED market" in out


def test_shadow_replay_is_the_backtest(program: Program) -> None:
    code, out, err = program("shadow", *eager(program.folder), "--replay", "--no-compile")
    assert code == 0
    assert "trades, identical to the backtest to the last digit" in err
    code, out, _ = program("shadow", *eager(program.folder), "--replay", "--no-compile", "--json")
    document = json.loads(out)
    assert code == 0 and document["identical"] is True
    assert document["account"]["session"] == "shadow-2"


def test_shadow_fails_where_a_trade_differs(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from memesnipe_cli.engine import backtest

    truth = backtest.run_backtest

    def dearer(request: backtest.BacktestRequest) -> backtest.Backtest:
        return truth(request.__class__(**{**vars(request), "assume": {"fee": "0.0005"}}))

    monkeypatch.setattr(backtest, "run_backtest", dearer)
    code, _, err = program("shadow", *eager(program.folder), "--replay", "--no-compile")
    assert code == 1
    assert "not the backtest: trade 1: eager " in err


def test_the_catalog_reads_what_was_traded(program: Program) -> None:
    _, out, _ = program("trade", *eager(program.folder), "--json")
    said = json.loads(out)
    with Store(program.folder / "store").connect() as con:
        count = {
            view: con.execute(f"SELECT count(*) FROM {view} WHERE account = 'paper'").fetchone()  # noqa: S608
            for view in ("orders", "fills", "trades", "equity")
        }
        missing = con.execute(
            "SELECT count(*) FROM orders WHERE side IS NULL OR qty IS NULL OR time IS NULL"
        ).fetchone()
        equity = con.execute("SELECT equity FROM equity ORDER BY seq DESC LIMIT 1").fetchone()
    state = account(program.folder)
    assert count["orders"] == (state.counts["entry_order"] + state.counts["exit_order"],)
    assert count["fills"] == (state.counts["entry_fill"] + state.counts["exit_fill"],)
    assert count["trades"] == (len(said["trades"]),)
    assert missing == (0,)
    assert equity is not None and float(equity[0]) == pytest.approx(float(said["account"]["equity"]))
