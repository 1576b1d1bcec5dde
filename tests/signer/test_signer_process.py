"""The signer as a process: what it says of itself, what it leaves open, when it ends, and what happens to its trader
when it does not do as it should."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import ccxt
import pytest
from process_cases import GONE_S, READER, SIGNER, Desk, Dialect, canary_desk
from running import READY_S
from secret_hunt import Hunt, family, forms, said_of, wait_until

from memesnipe_cli.errors import ConfigError, ExitCode
from memesnipe_cli.signer import client
from memesnipe_cli.signer.client import Signer
from memesnipe_cli.signer.errors import SignerGoneError, SignerRefusedError
from memesnipe_cli.venues.opening import open_order_venue

BALANCE = {
    "kraken": (["private"], "POST", "Balance", {}),
    "coinbase": (["v3", "private"], "GET", "brokerage/accounts", {"limit": "250"}),
}
# A trader without the rest: starts a signer, says which, and waits.
TRADER = """
import sys, time
from memesnipe_cli.signer.client import Signer, SignerOrder
signer = Signer(SignerOrder("kraken", "trade", sys.argv[1], sys.argv[2], "live", unattended=True))
if sys.argv[3] == "ready":
    signer.facts()
print(signer.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with canary_desk(tmp_path, monkeypatch) as made:
        yield made


def ask(signer: Signer, venue: str, timeout_ms: int = 5_000) -> object:
    """One request that needs a key, of a signer that is ready."""
    signer.facts()
    answer, _ = signer.send(*BALANCE[venue], fence=0, timeout_ms=timeout_ms)
    return answer


def listening(pid: int) -> list[str]:
    """The sockets of a process at which somebody could call."""
    mine = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
    tables = [Path(f"/proc/{pid}/net/{name}") for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine]


def status(pid: int, field: str) -> str:
    """A line of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(field))


def gone(pid: int) -> bool:
    """Whether nothing of a process is left but a line for a parent that has not looked yet."""
    return not Path(f"/proc/{pid}").exists() or status(pid, "State").startswith("Z")


@pytest.mark.parametrize("venue", ["kraken", "coinbase"])
def test_it_serves_its_venue_and_shows_nothing(
    venue: Dialect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # What lies about where somebody trades is not run by the process that has the key.
    (elsewhere / "orjson.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    with canary_desk(tmp_path, monkeypatch, venue) as desk, desk.signer() as signer:
        opened = open_order_venue(venue, desk.scene.server.base_url, signer, tmp_path / "cache")
        rights = opened.key_rights()
        assert rights.may_trade and not rights.may_withdraw
        assert opened.balances()
        facts = signer.facts()
        assert (facts["kind"], facts["home"]) == ("trade", "credentials")
        # Facts of the kernel, beside what the process says.
        memory = facts["memory"]
        locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY or not os.geteuid()
        assert memory == {
            "dumpable": False,
            "locked": "all" if locked else "secret",
            "dies_with_parent": True,
        }
        assert int(status(signer.pid, "VmLck").split()[0]) * 1024 >= 4 * resource.getpagesize()
        assert resource.prlimit(signer.pid, resource.RLIMIT_CORE) == (0, 0)
        assert not listening(signer.pid)
        assert family(signer.pid) == [signer.pid], "the reader has ended"

        hunt = Hunt(forms([desk.canary.id, desk.canary.secret]))
        hunt.arguments(signer.pid)
        hunt.text("facts", repr(facts))
        with pytest.raises(SignerRefusedError):
            signer.send(["private"], "POST", "Withdraw", {}, 0, 5_000)
        assert not hunt.found
        assert [each.name for each in elsewhere.iterdir()] == ["orjson.py"]
        pid = signer.pid
    assert gone(pid)


def test_signals_for_the_trader_leave_it_running_until_the_trader_lets_go(desk: Desk) -> None:
    with desk.signer() as signer:
        signer.facts()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(signer.pid, number)
            assert ask(signer, "kraken")
        began = time.monotonic()
        signer.close()
        assert gone(signer.pid) and time.monotonic() - began < GONE_S
        with pytest.raises(SignerGoneError):
            ask(signer, "kraken")


@pytest.mark.parametrize("when", ["ready", "reading"])
def test_a_killed_trader_leaves_neither_signer_nor_reader(desk: Desk, when: str) -> None:
    if when == "reading":
        # A vault that never answers: nobody ever writes there.
        path = desk.scene.credentials / "memesnipe.kraken.trade"
        path.unlink()
        os.mkfifo(path, 0o600)
    asked = desk.asked
    trader = subprocess.Popen(
        [sys.executable, "-c", TRADER, asked.store, asked.profile, when],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert trader.stdout is not None and trader.stderr is not None
        signer = int(trader.stdout.readline())
        below = [signer]
        if when == "reading":
            wait_until(lambda: READER in map(said_of, family(signer)), READY_S, "the reader")
            below = family(signer)
            # From its first line to the vault: a signal that it catches is one that it is ready for.
            wait_until(lambda: int(status(below[-1], "SigCgt"), 16) >> signal.SIGTERM - 1 & 1, READY_S)
        assert said_of(signer) == SIGNER
        trader.kill()
        wait_until(lambda: all(map(gone, below)), GONE_S, "the end of its processes")
        trader.wait(timeout=5)
        assert trader.stderr.read() == ""
    finally:
        trader.kill()
        trader.communicate(timeout=5)


def test_one_that_stands_still_is_not_waited_for_and_sends_nothing_when_it_goes_on(desk: Desk) -> None:
    with desk.signer() as signer:
        assert ask(signer, "kraken")
        os.kill(signer.pid, signal.SIGSTOP)
        before = len(desk.scene.server.asked("Balance"))
        began = time.monotonic()
        with pytest.raises(ccxt.RequestTimeout):
            ask(signer, "kraken", timeout_ms=300)
        assert 1.0 < time.monotonic() - began < 3.0
        signer.check_alive()
        os.kill(signer.pid, signal.SIGCONT)
        assert ask(signer, "kraken")
        assert len(desk.scene.server.asked("Balance")) == before + 1, "the one that was given up was not sent"
        # What stands still is ended all the same.
        os.kill(signer.pid, signal.SIGSTOP)
    assert gone(signer.pid)


def test_one_that_takes_nothing_any_more_does_not_hold_its_trader_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_SEND_S", 1)
    with desk.signer() as signer:
        signer.facts()
        os.kill(signer.pid, signal.SIGSTOP)
        long = {"text": "x" * (4 << 20)}
        began = time.monotonic()
        with pytest.raises(SignerGoneError):
            signer.ask(long, 10.0)
        assert time.monotonic() - began < 5.0


def test_one_that_is_killed_in_the_middle_of_a_call(desk: Desk) -> None:
    with desk.signer() as signer:
        signer.facts()
        desk.scene.server.fail("timeout", where="Balance", when="after")
        killer = subprocess.Popen(["/bin/sh", "-c", f"sleep 0.5; kill -9 {signer.pid}"])
        began = time.monotonic()
        with pytest.raises(SignerGoneError) as told:
            ask(signer, "kraken", timeout_ms=20_000)
        assert time.monotonic() - began < 5.0
        killer.wait(timeout=5)
        assert (told.value.code, told.value.exit_code) == ("signer_gone", ExitCode.CONFIG)
        with pytest.raises(SignerGoneError):
            signer.check_alive()


@pytest.fixture
def strange(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Signer]:
    """Starts a signer that is strange in a certain way."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    made: list[Signer] = []

    def start(how: str) -> Signer:
        made.append(Signer(replace(desk.asked, key=how), "strange_signer"))
        return made[-1]

    return start


@pytest.mark.parametrize("how", ["garbled", "endless", "list", "dies", "cut"])
def test_one_that_talks_nonsense_is_gone(strange: Callable[[str], Signer], how: str) -> None:
    signer = strange(how)
    with pytest.raises(SignerGoneError):
        ask(signer, "kraken")
    with pytest.raises(SignerGoneError):
        ask(signer, "kraken")
    signer.close()
    assert gone(signer.pid)


def test_one_that_answers_something_else_has_not_answered(strange: Callable[[str], Signer]) -> None:
    signer = strange("other")
    with pytest.raises(ccxt.RequestTimeout):
        ask(signer, "kraken", timeout_ms=200)
    signer.close()
    assert gone(signer.pid)


@pytest.mark.parametrize(
    ("how", "words"), [("silent", "does not get ready"), ("mute", "before it was ready")]
)
def test_one_that_never_gets_ready(
    strange: Callable[[str], Signer], how: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "READY_S", 1.0)
    signer = strange(how)
    with pytest.raises(ConfigError, match=words) as told:
        signer.facts()
    assert told.value.code == "signer_gone"
    assert gone(signer.pid)


def test_while_one_gets_ready_several_may_wait_for_it(strange: Callable[[str], Signer]) -> None:
    signer = strange("slow")
    with ThreadPoolExecutor(3) as waiting:
        told = [each.result() for each in [waiting.submit(signer.facts) for _ in range(3)]]
    assert told[0] == told[1] == told[2]
    signer.check_alive()


@pytest.mark.parametrize("part", [SIGNER, READER])
def test_what_nobody_expected_is_one_line_without_a_word_of_what_was_read(desk: Desk, part: str) -> None:
    """Descriptors that are not there: each of them fails in a place of its own."""
    words = {
        SIGNER: ["97"],
        READER: [
            "97",
            "98",
            str(os.getpid()),
            "kraken",
            "trade",
            desk.asked.profile,
            desk.asked.store,
            "yes",
        ],
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", part, *words[part]], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert " ended: OSError in " in line and "Traceback" not in line
    assert not Hunt(forms([desk.canary.id, desk.canary.secret])).text("line", done.stderr)
