"""Entries that a strategy wanted and that came to no decision: kept back before the account was asked. Each is in the
journal with its reason, so that a run which opens nothing says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from memesnipe_cli.clock import format_time
from memesnipe_cli.engine.account_fold import REFUSAL
from memesnipe_cli.engine.account_step import SlotSignal
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.refused import meaning
from memesnipe_cli.engine.words import HELD_BACK
from memesnipe_cli.live.account import LiveAccount


@dataclass(frozen=True, slots=True)
class KeptBack:
    """One of them. check: who kept it back, the rules for every `signal` or the `loop`; code: see engine/refused.py."""

    slot: int
    check: str
    code: str

    @property
    def message(self) -> str:
        """In words."""
        return f"an entry was kept back: {meaning(self.code)}"


def kept_back(said: Sequence[SlotSignal], loop: str) -> Iterator[KeptBack]:
    """What the slots said, as far as it is not decided on. loop: why nothing is opened on this bar, "" where it may
    be."""
    for slot, signal in enumerate(said):
        if signal.held_back:
            yield KeptBack(slot, "signal", HELD_BACK[signal.held_back])
        elif loop and signal.flags & layout.ENTER_MASK:
            yield KeptBack(slot, "loop", loop)


def refusal_line(account: LiveAccount, kept: KeptBack, bar_ms: int) -> tuple[str, dict[str, Any]]:
    """The journal's line."""
    strategy, symbol = account.key(kept.slot)
    return REFUSAL, {
        "session": (account.book.state.session or {}).get("session"),
        "bar": format_time(bar_ms),
        "action": "entry",
        "check": kept.check,
        "code": kept.code,
        "message": kept.message,
        "strategy": strategy,
        "symbol": symbol,
        "venue": account.terms(kept.slot).venue,
    }
