"""Would it have traded on the last closed bar, and if not, what said no: for every strategy on every symbol of a run.

Looks at the account as it stands and at the bars that are stored. Writes nothing and sends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli.clock import now_ms
from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.engine.account_step import SlotSignal
from memesnipe_cli.engine.assumptions import assumptions
from memesnipe_cli.engine.dataset import Dataset, Request, base_bars, engine_input, load_dataset, make_tape
from memesnipe_cli.engine.explain_account import Decided, Key, account_now, decide_bar
from memesnipe_cli.engine.explain_gate import GateLook, GateSaid
from memesnipe_cli.engine.explain_watch import Watched, watch_bar
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.kernel import signals as cells
from memesnipe_cli.engine.live_data import live_dataset
from memesnipe_cli.engine.model import EngineInput
from memesnipe_cli.engine.session_line import LIVE, PAPER, as_opened, changed_code, differences, session_body
from memesnipe_cli.engine.signals import SignalScanner, SignalStream
from memesnipe_cli.errors import DataError
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.strategies.registry import LoadedStrategy

if TYPE_CHECKING:
    from memesnipe_cli.engine.assumptions import Assumptions
    from memesnipe_cli.engine.session import SessionRequest
    from memesnipe_cli.risk.latch import Latch


@dataclass(frozen=True)
class SlotExplained:
    """One strategy on one symbol. bar_ms, closed_ms: open and close of its last closed bar; prices: of the base bar
    that closed it, (open, high, low, close, volume). leaves: its signal says that a position should go."""

    strategy: LoadedStrategy
    venue: str
    symbol: str
    bar_ms: int
    closed_ms: int
    prices: tuple[float, ...]
    watched: Watched
    signal: SlotSignal
    decided: Decided
    gate: GateSaid


@dataclass(frozen=True)
class Explained:
    """A whole look. state: the account that was looked at, None for one that has yet to begin; differs: what this run
    asks for that is not as the open session, which would refuse it; behind: stored bars that the session has not
    seen. at_ms: when it was asked."""

    account: str
    kind: str
    without_promotion: bool
    simulated: bool
    currency: str
    at_ms: int
    state: AccountState | None
    latch: Latch
    differs: list[str]
    behind: int
    warnings: list[str]
    slots: list[SlotExplained]


def explain(request: SessionRequest, *, without_promotion: bool = False) -> Explained:
    """Explain the last closed bar of every slot of a run. without_promotion: it is to trade without one.

    Raises DataError where there are too few bars, StrategyError where a step raises, StoreDamagedError.
    """
    state = request.store.journal(request.account).replay(AccountFold())
    opened = state.session if request.new_session is None else None
    latch_file = LatchFile(request.store.paths, request.account)
    latch = latch_file.read(must_exist=opened is not None)
    assumed = assumptions(request.profile, request.capital, {})
    assumed = replace(assumed, rules=replace(assumed.rules, assumed_reset_ms=None))
    dataset = _dataset(request, opened, assumed)
    warnings = list(dataset.warnings)
    differs: list[str] = []
    if opened is not None:
        wanted = _wanted(request, opened, dataset, assumed)
        differs = list(differences(opened, wanted))
        warnings += [
            f"{name} is not the code that the session was opened with"
            for name in changed_code(opened, wanted)
        ]
    goes_on = opened is not None and not differs
    if goes_on and opened is not None:
        dataset = as_opened(dataset, opened)
    used = state if goes_on else None
    tape = make_tape(dataset)
    inputs = engine_input(dataset, tape, request.strategies, assumed)
    last = None if used is None else used.last_bar_ms
    behind = len(tape.ts) if last is None else int(np.sum(tape.ts > last))
    looks = [_look(request, inputs, dataset, slot, assumed.min_turnover) for slot in range(len(inputs.slots))]
    slots = _decide(request, inputs, looks, used, latch_file, latch)
    return Explained(
        account=request.account,
        kind=request.profile.kind,
        without_promotion=without_promotion,
        simulated=any(item.candles.key.simulated for item in dataset.series),
        currency=request.profile.account.currency,
        at_ms=now_ms(),
        state=used,
        latch=latch,
        differs=differs,
        behind=behind,
        warnings=warnings,
        slots=slots,
    )


def _dataset(request: SessionRequest, opened: dict[str, Any] | None, assumed: Assumptions) -> Dataset:
    """The stored bars as a run would read them; an open session on real money sees more of what was before it."""
    wanted = Request(
        request.strategies, request.symbols, request.venue, request.since_ms, request.until_ms, request.profile,
        request.store, request.piped,
    )  # fmt: skip
    if opened is None or opened["mode"] != LIVE or request.since_ms is None:
        return load_dataset(wanted, assumed)
    return live_dataset(wanted, assumed, now_ms())


@dataclass(frozen=True)
class _Look:
    """What a strategy made of its last closed bar. place: of the base bar on the tape."""

    place: int
    prices: tuple[float, ...]
    watched: Watched
    signal: SlotSignal


def _wanted(
    request: SessionRequest, opened: dict[str, Any], dataset: Dataset, assumed: Assumptions
) -> dict[str, Any]:
    """The session's line as this run would write it."""
    return session_body(
        1, request.account, "", request.profile, request.since_ms, request.capital, request.strategies, dataset,
        assumed, opened.get("resets", {}), LIVE if request.profile.kind == "live" else PAPER,
    )  # fmt: skip


def _look(
    request: SessionRequest, inputs: EngineInput, dataset: Dataset, slot: int, min_turnover: float
) -> _Look:
    """Step the slot's strategy over everything before the base bar that closed its last own bar, then watch that."""
    of = inputs.slots[slot]
    strategy, series = request.strategies[of.strategy], dataset.series[of.instrument]
    bars = base_bars(
        series.candles, strategy, dataset.base_ms, reference=series.reference, funding=series.funding
    )
    closing = np.flatnonzero(
        ((bars.ts + dataset.base_ms) % strategy.timeframe_ms == 0) & (bars.ts >= inputs.tape.ts[0])
    )
    if not len(closing):
        raise DataError(
            f"no {strategy.timeframe} bar of {series.candles.key.symbol} has closed in that time",
            "ingest more, or give an earlier --since",
        )
    at = int(closing[-1])
    stream = SignalScanner(strategy, request.cache_dir).stream_after(bars, at, min_turnover=min_turnover)
    row = next(bars.rows(at, at + 1))
    watched = _watch(strategy, stream, row)
    flags = stream.step(*row)
    signal = SlotSignal(flags)
    if flags & layout.ENTER_MASK:
        details = stream.row
        signal = SlotSignal(
            flags,
            int(details[cells.ROW_TAG]),
            details[cells.ROW_STOP],
            details[cells.ROW_TARGET],
            int(details[cells.ROW_MAX_BARS]),
            details[cells.ROW_WEIGHT],
            details[cells.ROW_SCORE],
        )
    place = int(np.searchsorted(inputs.tape.ts, row[0]))
    return _Look(place, tuple(row[1:6]), watched, signal)


def _watch(strategy: LoadedStrategy, stream: SignalStream, row: tuple[Any, ...]) -> Watched:
    try:
        return watch_bar(strategy, stream, row)
    except Exception:
        stream.step(*row)  # raises the same as a StrategyError that names the bar
        raise


def _decide(
    request: SessionRequest,
    inputs: EngineInput,
    looks: list[_Look],
    state: AccountState | None,
    latch_file: LatchFile,
    latch: Latch,
) -> list[SlotExplained]:
    """The decisions of the account and the gate; slots whose bars closed together are decided together."""
    names = [each.name for each in request.strategies]
    keys: list[Key] = []
    for of in inputs.slots:
        terms = inputs.terms[of.instrument]
        keys.append((names[of.strategy], terms.venue, terms.symbol))
    found: dict[int, tuple[Decided, GateSaid]] = {}
    for place in sorted({look.place for look in looks}):
        said = {slot: look.signal for slot, look in enumerate(looks) if look.place == place}
        account = account_now(inputs, keys, state, latch_file, place)
        decided = decide_bar(account, inputs, keys, state, place, said)
        gate = GateLook(request.profile, inputs, account, names, latch)
        closed = int(inputs.tape.ts[place]) + inputs.tape.base_ms
        for slot, one in decided.items():
            close = int(inputs.tape.ticks[place, inputs.slots[slot].instrument, 3])
            found[slot] = one, gate.entry(slot, one.row, close, one.equity, one.cash, closed)
    explained = []
    for slot, look in enumerate(looks):
        strategy = request.strategies[inputs.slots[slot].strategy]
        closed = int(inputs.tape.ts[look.place]) + inputs.tape.base_ms
        explained.append(
            SlotExplained(
                strategy=strategy,
                venue=keys[slot][1],
                symbol=keys[slot][2],
                bar_ms=closed - strategy.timeframe_ms,
                closed_ms=closed,
                prices=look.prices,
                watched=look.watched,
                signal=look.signal,
                decided=found[slot][0],
                gate=found[slot][1],
            )
        )
    return explained
