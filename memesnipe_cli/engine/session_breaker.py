"""The breaker of a session: what persons and other processes have set acts on the account before the next order, and
what the account trips stands in the latch before it is journalled."""

from __future__ import annotations

from typing import Any

from memesnipe_cli.clock import now_ms
from memesnipe_cli.engine.account_step import AccountStep
from memesnipe_cli.engine.event_lines import Row
from memesnipe_cli.engine.words import CAUSES
from memesnipe_cli.errors import RefusedError
from memesnipe_cli.records import time_text
from memesnipe_cli.risk.approval import Refused
from memesnipe_cli.risk.checked import CheckFailed
from memesnipe_cli.risk.kernel import rows
from memesnipe_cli.risk.latch import Hold, Latch, LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT, symbol_scope


class SessionBreaker:
    """Keeps an account's rows and its latch file at the same level, in both directions.

    scopes: of each row; symbols: of each slot; resets: how often each scope had been reset when the session
    was opened.
    """

    def __init__(
        self,
        file: LatchFile,
        account: AccountStep,
        scopes: list[str],
        symbols: list[str],
        resets: dict[str, int],
    ) -> None:
        self._file = file
        self._account = account
        self._scopes = scopes
        self._symbols = [symbol_scope(symbol) for symbol in symbols]
        self._resets = resets
        self._seen: Latch | None = None
        self._fence = file.read(must_exist=True).fence

    def has_news(self) -> bool:
        """Whether the latch is another one than was last obeyed."""
        return self._file.read(must_exist=True) != self._seen

    def obey(self, ts: int) -> list[Row]:
        """Let what others have set act on the account, at the close of the bar that opens at ts: the events.

        Raises RefusedError where the right to send was taken away.
        """
        latch = self._file.read(must_exist=True)
        if latch == self._seen:
            return []
        if latch.fence > self._fence:
            raise RefusedError(
                f"another process has taken over the account {latch.account!r}: this one may not send any more",
                "see memesnipe breaker history; start it again when that is done",
                code="fenced",
            )
        events: list[Row] = []
        for number, scope in enumerate(self._scopes):
            events += self._obey_one(ts, number, scope, latch)
        self._account.halt_symbols([latch.level(scope) for scope in self._symbols])
        self._seen = latch
        return events

    def _obey_one(self, ts: int, number: int, scope: str, latch: Latch) -> list[Row]:
        row = self._account.row(number)
        reset_by_hand = latch.resets.get(scope, 0) - self._resets.get(scope, 0)
        events: list[Row] = []
        if reset_by_hand > row[rows.RESETS]:
            if row[rows.LEVEL] < Level.HALT:  # halted and reset while nobody traded: the way back is the same
                events += self._account.raise_row(ts, number, Level.HALT, rows.CAUSE_MANUAL)
            self._account.world.risk[number, rows.RESETS] = reset_by_hand - 1
            events += self._account.reset_row(ts, number)
            row = self._account.row(number)
        if latch.level(scope) > row[rows.LEVEL] and latch.level(scope) >= Level.HALT:
            events += self._account.raise_row(ts, number, latch.level(scope), rows.CAUSE_MANUAL)
        return events

    def latch(self, bar_close_ms: int) -> None:
        """Put every level that the account has reached into the latch, on the disk before this returns."""
        standing = self.seen
        for number, scope in enumerate(self._scopes):
            row = self._account.row(number)
            level = Level(row[rows.LEVEL])
            if level < Level.HALT or standing.level(scope) >= level:
                continue
            self._trip(scope, level, CAUSES[row[rows.CAUSE]], "", time_text(bar_close_ms))

    def fail(self, failed: CheckFailed) -> None:
        """A check of the breaker has failed: nothing that it guards may go on."""
        self._trip(ACCOUNT, Level.HALT, failed.cause, failed.reason)

    def trip(self, scope: str, level: Level, cause: str, reason: str) -> None:
        """Trip a scope for what the loop has found."""
        self._trip(scope, level, cause, reason)

    def stop(self, refused: Refused) -> None:
        """Trip what a refusal of the gate says must be halted."""
        if refused.trip:
            self._trip(refused.trip, Level.HALT, refused.code, refused.message)

    def _trip(self, scope: str, level: Level, cause: str, reason: str, bar: str | None = None) -> None:
        self._file.trip(scope, Hold(level, cause, reason, time_text(now_ms()), "engine", bar))
        # What somebody else set in the same moment has not been obeyed yet: the next look must not take it for known.
        self._seen = None

    @property
    def seen(self) -> Latch:
        """The latch as it was last obeyed; as it stands now where it was tripped since."""
        return self._file.read(must_exist=True) if self._seen is None else self._seen

    @property
    def fence(self) -> int:
        """The token of this session's right to send."""
        return self._fence


def refuse_halted(file: LatchFile, *, known: bool) -> None:
    """Raise RefusedError where the account is halted. known: it has traded before, so its latch must exist."""
    latch = file.read(must_exist=known)
    level = latch.level(ACCOUNT)
    if level < Level.HALT:
        return
    hold: Any = latch.holds.get(ACCOUNT)
    why = latch.problem or f"{hold.cause}{': ' + hold.reason if hold.reason else ''}, since {hold.since}"
    raise RefusedError(
        f"the breaker of account {latch.account!r} is at {level.name} ({why}): no new positions, and nothing is held",
        f"memesnipe breaker status --account {latch.account}; once the cause is understood: "
        f"memesnipe breaker reset --account {latch.account} --reason TEXT",
        code="breaker",
    )
