"""Random keys are used for trading, and looked for everywhere: in the memory of what trades, in arguments and
environments, in output, files and cores. They are nowhere but in the signer."""

from __future__ import annotations

import os
import resource
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from process_cases import SIGNER, SYMBOL, Desk, Dialect, canary_desk, child
from running import Running
from secret_hunt import Hunt, forms, wait_until, watched

ORDER = {"kraken": "AddOrder", "coinbase": "brokerage/orders"}
ADD = [sys.executable, "-m", "memesnipe_cli", "keys", "add", "kraken", "--offline", "--stdin", "--in", "file"]
# Whether the memory of a process that hides it may be read here all the same.
ROOT = os.geteuid() == 0


@dataclass
class Search:
    """A hunt for the key of a desk and for the passphrase that opens it. folders: where files are looked at."""

    desk: Desk
    passphrase: str
    hunt: Hunt
    folders: list[Path]
    ran: set[tuple[int, str]] = field(default_factory=set)

    @contextmanager
    def running(self, *words: str) -> Iterator[Running]:
        """A command, whose arguments, environment and output are looked at."""
        environ = {"TMPDIR": str(self.folders[-1])}
        with self.desk.running(["-vv", *self.desk.scene.words(*words)], environ) as running:
            with watched(self.hunt, running.pid) as ran:
                yield running
            self.ran |= ran
        self.hunt.text(f"output of {words}", bytes(running.out))
        self.hunt.text(f"messages of {words}", bytes(running.said))

    def orders(self) -> int:
        """How many orders were sent by now."""
        return len(
            [
                each
                for each in self.desk.scene.server.asked(ORDER[self.desk.canary.venue])
                if each.method == "POST"
            ]
        )

    def stopped_at(self, running: Running, where: str, before: int) -> None:
        """Look through the memory of a command at the moment at which the venue hears from it."""
        server = self.desk.scene.server
        wait_until(lambda: len(server.asked(where)) > before, 40.0, where)
        os.kill(running.pid, signal.SIGSTOP)
        assert self.hunt.memory(running.pid) > 20 << 20
        os.kill(running.pid, signal.SIGCONT)

    def nothing(self) -> None:
        """It was found nowhere, and every file has been looked at."""
        self.hunt.files(*self.folders)
        assert self.hunt.found == set()


@contextmanager
def search(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch, venue: Dialect) -> Iterator[Search]:
    """An account with a position; the key of Kraken lies in an encrypted file, Coinbase's where systemd lays it."""
    with canary_desk(folder, monkeypatch, venue, holds=True) as desk:
        passphrase = secrets.token_urlsafe(24)
        if venue == "kraken":
            (desk.scene.credentials / "memesnipe.kraken.trade").unlink()
            (desk.scene.credentials / "memesnipe.passphrase").write_text(passphrase)
            subprocess.run(
                ADD, input=desk.canary.lines, text=True, check=True, capture_output=True, timeout=60
            )
        temporary, here = folder / "temporary", folder / "here"
        temporary.mkdir()
        here.mkdir()
        monkeypatch.chdir(here)
        hunt = Hunt(forms([desk.canary.id, desk.canary.secret, passphrase]))
        yield Search(desk, passphrase, hunt, [desk.scene.rig.store.root, home, here, temporary])


def trades(at: Search) -> tuple[str, ...]:
    """The command line that goes on with the session; it finds a position without a stop, and orders one."""
    return tuple(at.desk.trade()[4:])


def test_a_trader_on_kraken_and_the_core_that_it_leaves(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with search(tmp_path, home, monkeypatch, "kraken") as at, at.desk.moving():
        at.desk.uncovered()
        before = at.orders()
        with at.running(*trades(at)) as trader:
            wait_until(lambda: at.orders() > before, 40.0, "the stop")
            trader.wait_for("market data by")
            assert at.hunt.memory(trader.pid) > 20 << 20
            _holds_it(at, child(trader, SIGNER))
            limit = resource.prlimit(trader.pid, resource.RLIMIT_CORE)[1]
            resource.prlimit(trader.pid, resource.RLIMIT_CORE, (limit, limit))
            trader.process.send_signal(signal.SIGABRT)
            assert trader.end() == -signal.SIGABRT
        at.nothing()
        cores = list(at.folders[2].iterdir())
        # Elsewhere cores go to a program of the system.
        assert len(cores) == (
            Path("/proc/sys/kernel/core_pattern").read_text().startswith("core") and limit != 0
        )
        for core in cores:
            core.unlink()

        # Ctrl-C at a trader, in the middle of its work.
        with at.running(*trades(at)) as trader:
            trader.wait_for("market data by")
            trader.process.send_signal(signal.SIGINT)
            assert trader.end() == 130, trader.words
        at.nothing()

        asked = len(at.desk.scene.server.asked("BalanceEx"))
        with at.running("trade", "reconcile") as looks:
            at.stopped_at(looks, "BalanceEx", asked)
            assert looks.end() == 0, looks.words
        before = at.orders()
        with at.running("trade", "flatten", "--account", "live", "--reason", "a test") as sells:
            at.stopped_at(sells, ORDER["kraken"], before)
            assert sells.end() == 0, sells.words
        assert not at.desk.scene.rig.book().held("up_down", SYMBOL)
        at.nothing()
        _control(at)


def test_a_trader_on_coinbase_and_the_watchdog_after_it(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with search(tmp_path, home, monkeypatch, "coinbase") as at, at.desk.moving():
        at.desk.uncovered()
        before = at.orders()
        with at.running(*trades(at)) as trader:
            wait_until(lambda: at.orders() > before, 40.0, "the stop")
            trader.wait_for("market data by")
            assert at.hunt.memory(trader.pid) > 20 << 20
            trader.process.kill()
        before = at.orders()
        with at.running("breaker", "watch", "--once", "--act", "--limit", "1") as watch:
            wait_until(lambda: at.orders() > before, 40.0, "the sale")
            os.kill(watch.pid, signal.SIGSTOP)
            assert at.hunt.memory(watch.pid) > 20 << 20
            os.kill(watch.pid, signal.SIGCONT)
            assert watch.end() == 0, watch.words
        assert not at.desk.scene.rig.book().held("up_down", SYMBOL)
        at.nothing()


def _holds_it(at: Search, signer: int) -> None:
    """The same look finds the key where it is; who is not root is not let in there."""
    look = Hunt(at.hunt.needles)
    if not ROOT:
        with pytest.raises(PermissionError):
            look.memory(signer)
        return
    look.memory(signer)
    assert look.found == {f"memory of {SIGNER}"}


USES = """
import sys, time
from pathlib import Path
from memesnipe_cli.vault.reading import read_key
from memesnipe_cli.vault.vault import Vault
words = Path(sys.argv[2]).read_bytes()
key = read_key(Vault(Path(sys.argv[1]), None, lambda what: words), "kraken", "trade")
del words
print("read", flush=True)
time.sleep(60)
"""


def _control(at: Search) -> None:
    """A process that holds the key itself is found by the same look; so is a key in a file, an argument, a variable."""
    vault, file = Path(os.environ["XDG_CONFIG_HOME"]) / "memesnipe" / "vault", at.desk.scene.credentials
    holder = subprocess.Popen(
        [sys.executable, "-c", USES, str(vault), str(file / "memesnipe.passphrase")], stdout=subprocess.PIPE
    )
    shows = subprocess.Popen(["sleep", "60"], env={"KEY": at.desk.canary.secret})
    tells = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", at.passphrase])
    planted = at.folders[-1] / "planted"
    planted.write_bytes(b"before " + at.desk.canary.secret.encode().hex().encode() + b" after")
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"read\n"
        at.hunt.memory(holder.pid)
        for each in (shows, tells, holder):
            at.hunt.arguments(each.pid)
        at.hunt.files(*at.folders)
        assert at.hunt.found == {
            f"memory of {holder.pid}",
            f"environ of {shows.pid}",
            f"cmdline of {tells.pid}",
            str(planted),
        }
    finally:
        for each in (holder, shows, tells):
            each.kill()
            each.wait(timeout=5)


def test_every_form_is_found_wherever_it_begins() -> None:
    canary = secrets.token_bytes(64)
    needles = forms([secrets.token_urlsafe(24)]) | {canary}
    hunt = Hunt(needles)
    for needle in needles:
        for before in range(4):
            assert hunt.text("it", b"." * (16 + before) + needle + b"...")
    assert not hunt.text("noise", secrets.token_bytes(1 << 20))
    assert not hunt.text("a part", canary[:20] + canary[44:])


HIDES = """
import os, sys, time
from memesnipe_cli.signer import hardening
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
hardening._libc().prctl(4, 1, 0, 0, 0)
if sys.argv[1] == "hidden":
    assert hardening.hide_memory()
print("ready", flush=True)
time.sleep(60)
"""
LOOKS = """
import os, sys
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    open(f"/proc/{sys.argv[1]}/mem", "rb").close()
    print("open")
except PermissionError:
    print("refused")
"""


def _others_of_the_user_may_look(state: str) -> bool:
    shown = subprocess.Popen([sys.executable, "-c", HIDES, state], stdout=subprocess.PIPE)
    try:
        assert shown.stdout is not None and shown.stdout.readline() == b"ready\n"
        looked = subprocess.run(
            [sys.executable, "-c", LOOKS, str(shown.pid)],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return looked.stdout == "open\n"
    finally:
        shown.kill()
        shown.communicate(timeout=5)


def test_what_hides_its_memory_hides_it_from_the_same_user() -> None:
    if not _others_of_the_user_may_look("shown"):
        pytest.skip("this kernel lets no process look at another one that it did not start")
    assert not _others_of_the_user_may_look("hidden")
