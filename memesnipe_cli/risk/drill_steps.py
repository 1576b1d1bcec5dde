"""The steps of a breaker drill. Each runs the real program in processes of its own, looks at what these say and at
nothing inside them, and tells in numbers what it saw."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from memesnipe_cli.risk.drill_child import Child, Children, DrillStepError
from memesnipe_cli.risk.drill_market import CAPITAL, FEE, HALF_SPREAD, TIERS, TRIED, Scene
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths

FAST, WATCHED, SLOW = 100.0, 12.0, 2.0  # bars a second
TRIP_MOST_S = 1.0  # 0.1 s is what a trip takes; the rest is for a busy machine
SILENT_S = 1.0  # after which a stopped trader counts as hung

Record = dict[str, Any]
Seen = tuple[bool, str]

_HOLDER = """
import fcntl, os, sys
handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(handle, fcntl.LOCK_EX)
print('{"type": "held"}', flush=True)
sys.stdin.read()
import time
time.sleep(120)
"""


class Steps:
    """What the steps share: the scene, the processes, and the undisturbed run that others are compared with."""

    def __init__(self, scene: Scene, children: Children) -> None:
        self._scene = scene
        self._children = children
        self._paths = StorePaths(scene.store)
        self._undisturbed: list[Record] = []

    def all(self) -> list[tuple[str, str, Callable[[], Seen]]]:
        """(name, what must happen, step) in the order in which they run."""
        return [
            (
                "ladder",
                "a falling market trips WARNING, HALT and EMERGENCY at the bars where it must",
                self.ladder,
            ),
            (
                "restart",
                "kill -9 after a HALT: the next run stands at the same level and ends the same",
                self.restart,
            ),
            ("trip", "a trip from another process stops a running trader at once", self.trip),
            ("latch", "a latch that cannot be read is a HALT until a person resets it", self.latch),
            ("hung", "a trader that hangs is ended by the watch, and its position closed", self.hung),
            ("dead", "a trader that was killed is found by the watch, and its position closed", self.dead),
            ("lock", "a trip waits for no process that hangs with the journal in its hands", self.lock),
        ]

    # --- the steps ------------------------------------------------------------------------------------------

    def ladder(self) -> Seen:
        """Every level at its bar, no entry after HALT, nothing held after EMERGENCY."""
        child = self._children.start(*self._scene.trade("ladder", FAST))
        code = child.end()
        records = self._undisturbed = child.records
        levels, expected = _levels(records), self._expected(records)
        bars = {level: bar for level, bar in levels}
        tried = [each for each in records if each["type"] == "order" and each["symbol"] == TRIED]
        bought = [each["bar"] for each in tried if each["event"] == "entry_order"]
        refused = [each["bar"] for each in tried if each.get("reason") == "breaker_halt"]
        warned = [bar for bar in bought if bars.get("WARNING", "~") <= bar < bars.get("HALT", "")]
        late = [bar for bar in bought if bar >= bars.get("HALT", "~")]
        out = [
            each["bar"] for each in records if each["type"] == "fill" and each.get("reason") == "emergency"
        ]
        held = [each for each in records if each["type"] == "position"]
        passed = (
            levels == expected and bool(warned and refused and out) and not late and not held and code == 3
        )
        told = ", ".join(f"{level} {bar[11:16]}" for level, bar in levels) or "no level"
        wrong = (
            "" if levels == expected else f"; EXPECTED {', '.join(f'{a} {b[11:16]}' for a, b in expected)}"
        )
        return passed, (
            f"{told} (bars by their open){wrong}; entries: {len(warned)} at WARNING, {len(refused)} refused and"
            f" {len(late)} sent after HALT; emergency exit filled {out[0][11:16] if out else 'NEVER'},"
            f" {len(held)} positions left; exit code {code}"
        )

    def restart(self) -> Seen:
        """The account of a killed process is that of one that was not killed."""
        first = self._children.start(*self._scene.trade("restart", WATCHED))
        first.wait_for(_is_level("HALT"), "HALT")
        first.signal(signal.SIGKILL)
        first.end()
        before = self._children.ask(
            *self._scene.options(), "--jsonl", "breaker", "status", "--account", "restart"
        )
        second = self._children.start(*self._scene.trade("restart", FAST))
        code = second.end()
        entries = list(Journal(self._paths, "restart").entries())
        history = [
            (each.body["level"], each.body["bar"])
            for each in entries
            if each.kind == "breaker" and each.body.get("action") == "level"
        ]
        trades = sum(each.kind == "trade" for each in entries)
        same = history == _levels(self._undisturbed)
        as_many = trades == sum(each["type"] == "trade" for each in self._undisturbed)
        stood = before.record.get("level")
        return stood == "HALT" and before.code == 3 and same and as_many and code == 3, (
            f"killed at HALT, found at {stood} (exit code {before.code}); then to the end:"
            f" {', '.join(level for level, _ in history)}, {'the same bars' if same else 'OTHER BARS'} and"
            f" {trades} trades as without the kill; exit code {code}"
        )

    def trip(self) -> Seen:
        """From the latch on the disk to the record of the running trader, while another process fills the store."""
        child = self._holding("trip")
        busy = self._children.start(*self._scene.options(), "--jsonl", "ingest", "simulate", "--days", "365")
        time.sleep(1.0)
        said = self._children.ask(
            *self._scene.options(), "--jsonl", "breaker", "trip", "--reason", "drill", "--account", "trip"
        )
        latched = LatchFile(self._paths, "trip").path.stat().st_mtime_ns
        beside = "while an ingest ran" if busy.process.poll() is None else "after an ingest"
        seconds = (child.wait_for(_is_level("HALT"), "HALT").at_ns - latched) / 1e9
        return said.code == 0 and seconds < TRIP_MOST_S, (
            f"{beside}, the trader said HALT {seconds * 1000:.0f} ms after the latch stood;"
            f" the command took {said.seconds:.2f} s"
        )

    def latch(self) -> Seen:
        """Damage counts as HALT, at once and for everybody, and a reset mends it."""
        child = self._holding("latch")
        path = LatchFile(self._paths, "latch").path
        path.write_bytes(b"garbage\n")
        damaged = time.time_ns()
        seconds = (child.wait_for(_is_level("HALT"), "HALT").at_ns - damaged) / 1e9
        during = self._status("latch")
        child.signal(signal.SIGTERM)
        child.end()
        reset = self._children.ask(
            *self._scene.options(), "--jsonl", "breaker", "reset", "--reason", "drill", "--account", "latch"
        )
        after = self._status("latch")
        passed = (
            (during.code, during.record.get("cause")) == (3, "latch_unreadable")
            and (reset.code, after.code) == (0, 0)
            and seconds < TRIP_MOST_S
        )
        return passed, (
            f"the trader said HALT {seconds * 1000:.0f} ms after the damage; status {during.record.get('level')}"
            f" ({during.record.get('cause')}); after a reset {after.record.get('level')}"
        )

    def hung(self) -> Seen:
        """SIGSTOP: the process is there and does nothing."""
        child = self._holding("hung")
        child.signal(signal.SIGSTOP)
        time.sleep(SILENT_S + 0.2)
        return self._stepped_in("hung", child, "hung")

    def dead(self) -> Seen:
        """SIGKILL: the process is gone and its position is not."""
        child = self._holding("dead")
        child.signal(signal.SIGKILL)
        child.end()
        return self._stepped_in("dead", child, "dead")

    def lock(self) -> Seen:
        """A process is stopped while it holds the journal's lock and the account's."""
        folder = self._paths.account("latch")
        held = [
            self._children.start_process([sys.executable, "-c", _HOLDER, str(folder / name)])
            for name in ("lock", "trader.lock")
        ]
        for each in held:
            each.wait_for(lambda record: record["type"] == "held", "the lock")
            each.signal(signal.SIGSTOP)
        said = self._children.ask(
            *self._scene.options(), "--jsonl", "breaker", "trip", "--reason", "drill", "--account", "latch"
        )
        stands = self._status("latch")
        for each in held:
            each.kill()
        told = self._children.ask(
            *self._scene.options(), "--jsonl", "breaker", "history", "--account", "latch"
        )
        journalled = told.record.get("action") == "trip" and told.record.get("seq") is not None
        waited = stands.record.get("journal_waiting")
        passed = said.code == 0 and stands.code == 3 and waited == 1 and journalled and said.seconds < 5.0
        return passed, (
            f"tripped in {said.seconds:.2f} s with {waited} journal line waiting; status {stands.record.get('level')};"
            f" the line is {'in the journal' if journalled else 'NOT IN THE JOURNAL'} once the lock is free"
        )

    # --- what they have in common ---------------------------------------------------------------------------

    def _holding(self, account: str) -> Child:
        """A slow trader that holds a position."""
        child = self._children.start(*self._scene.trade(account, SLOW))
        child.wait_for(lambda record: record.get("event") == "entry_fill", "the first position")
        return child

    def _status(self, account: str) -> Any:
        return self._children.ask(
            *self._scene.options(), "--jsonl", "breaker", "status", "--account", account
        )

    def _stepped_in(self, account: str, child: Child, state: str) -> Seen:
        """The watch, once, on an account whose trader does not live any more."""
        said = self._children.ask(
            *self._scene.options(), "--jsonl", "breaker", "watch", "--once", "--act",
            "--limit", f"{SILENT_S:g}", "--account", account,
        )  # fmt: skip
        action = said.record.get("action") or {}
        after = self._children.ask(
            *self._scene.options(), "--jsonl", "trade", "status", "--account", account
        ).record
        latched = self._status(account)
        ended = child.process.poll() is not None
        books = [(each["symbol"], each["qty"]) for each in action.get("held", [])]
        closed = [(each["symbol"], each["qty"]) for each in action.get("closed", [])]
        passed = (
            said.code == 0
            and said.record.get("trader") == state
            and ended
            and bool(books)
            and books == closed
            and after.get("positions") == 0
            and latched.code == 3
        )
        told = ", ".join(f"{symbol} {qty}" for symbol, qty in closed) or "NOTHING"
        return passed, (
            f"seen as {said.record.get('trader')}; {action.get('ended') or said.error}; closed {told};"
            f" {after.get('positions')} positions left; level {latched.record.get('level')};"
            f" {said.seconds:.1f} s"
        )

    def _expected(self, records: list[Record]) -> list[tuple[str, str]]:
        """(level, bar) as the fills and the market's closes call for them."""
        found = []
        tiers = list(TIERS.items())
        high = float(CAPITAL)
        for bar, equity in self._equity(records):
            high = max(high, equity)
            reached = [level for level, share in tiers if (high - equity) / high >= share]
            if reached:
                found.append((reached[-1], bar))
                tiers = tiers[len(reached) :]
        return found

    def _equity(self, records: list[Record]) -> Iterator[tuple[str, float]]:
        """(bar, what the account was worth at its close), from its fills."""
        fills = [each for each in records if each["type"] == "fill"]
        bars = [bar for bar, _ in next(iter(self._scene.closes.values()))]
        for place, bar in enumerate(bars):
            worth = float(CAPITAL)
            for each in fills:
                if each["bar"] <= bar:
                    qty = float(each["qty"]) * (1 if each["event"] == "entry_fill" else -1)
                    close = self._scene.closes[each["symbol"]][place][1]
                    worth += float(each["cash"]) + qty * close * (1 - HALF_SPREAD) * (1 - FEE)
            yield bar, worth


def run_step(step: Callable[[], Seen]) -> Seen:
    """A step's result; one that waited in vain has failed and says for what."""
    try:
        return step()
    except DrillStepError as problem:
        return False, problem.message


def _levels(records: list[Record]) -> list[tuple[str, str]]:
    """(level, bar) of the account's changes."""
    return [
        (each["level"], each["bar"])
        for each in records
        if each["type"] == "breaker" and each.get("scope") == "account" and each.get("action") == "level"
    ]


def _is_level(level: str) -> Callable[[Record], bool]:
    return lambda record: record["type"] == "breaker" and record.get("level") == level
