"""`memesnipe trade` as a process that is killed, interrupted and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from trade_market import account, eager, prepared, trades

from memesnipe_cli.cli import run
from memesnipe_cli.store.store import Store

BARS = 260


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """The trades of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    options = prepared(folder, BARS)
    assert run([*options, "-q", "trade", *eager(folder), "--jsonl"], os.environ) == 0
    return trades(folder)


def start(folder: Path, options: list[str], *more: str) -> subprocess.Popen[str]:
    """`memesnipe trade` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "memesnipe_cli", *options, "trade", *eager(folder), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_lines(process: subprocess.Popen[str], folder: Path, count: int) -> bool:
    """Wait until the journal has grown by `count` bytes; False if the process ended before."""
    journal = Store(folder / "store").journal()
    begin = size(journal.folder)
    while size(journal.folder) < begin + count:
        if process.poll() is not None:
            return False
        time.sleep(0.001)
    return True


def size(journal: Path) -> int:
    """Bytes of the journal so far."""
    return sum(path.stat().st_size for path in journal.glob("*.jsonl"))


def test_kill_9_at_any_time_loses_and_doubles_nothing(
    tmp_path: Path, expected: list[dict[str, object]]
) -> None:
    options = prepared(tmp_path, BARS)
    rng, kills = Random(5), 0
    while kills < 4:
        process = start(tmp_path, options)
        alive = wait_for_lines(process, tmp_path, rng.randint(1, 60_000))
        process.kill()
        process.communicate()
        kills += 1
        if not alive:
            break
    assert kills > 1
    done = start(tmp_path, options)
    done.communicate(timeout=60)
    assert done.returncode == 0
    assert trades(tmp_path) == expected


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_ends_the_bar_and_says_what_is_left(
    tmp_path: Path, expected: list[dict[str, object]], sent: signal.Signals, code: int
) -> None:
    options = prepared(tmp_path, BARS)
    process = start(tmp_path, options)
    assert wait_for_lines(process, tmp_path, 20_000), process.communicate()
    process.send_signal(sent)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "stopped before the end of the tape; left open: " in err and "Traceback" not in err
    state = account(tmp_path)
    for key in [state.keys[slot] for slot in state.busy() if state.slots[slot, 0]]:
        assert f"{key[2]} " in err
    assert "account " in out
    process = start(tmp_path, options)
    process.communicate(timeout=60)
    assert trades(tmp_path) == expected


def test_two_signals_end_it_at_once_and_nothing_is_lost(
    tmp_path: Path, expected: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = prepared(tmp_path, BARS)
    calls: list[Callable[[], None]] = [lambda: signal.raise_signal(signal.SIGINT)] * 2
    from memesnipe_cli.engine.account_step import AccountStep

    decide = AccountStep.decide

    def interrupted(step: AccountStep, *args: object) -> object:
        decided = decide(step, *args)  # type: ignore[arg-type]
        if step.active[0] and calls:
            while calls:
                calls.pop()()
        return decided

    monkeypatch.setattr(AccountStep, "decide", interrupted)
    assert run([*options, "trade", *eager(tmp_path)], os.environ) == 130
    before = account(tmp_path)
    assert before.mark is None or before.mark.get("day")
    monkeypatch.setattr(AccountStep, "decide", decide)
    assert run([*options, "trade", *eager(tmp_path)], os.environ) == 0
    assert trades(tmp_path) == expected
