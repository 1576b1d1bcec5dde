"""What a look at the last bar says: `explanation` records, and the sentences in them. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from memesnipe_cli.engine.explain import Explained, SlotExplained
from memesnipe_cli.engine.explain_account import Sizing
from memesnipe_cli.engine.explain_gate import CheckSaid
from memesnipe_cli.engine.explain_rules import needed_text
from memesnipe_cli.engine.explain_watch import Answer
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.refused import meaning
from memesnipe_cli.engine.run import from_units
from memesnipe_cli.records import decimal_text, record, statistic, time_text
from memesnipe_cli.risk.checks import Scalar
from memesnipe_cli.risk.kernel import rows
from memesnipe_cli.risk.kernel.tiers import fall_share
from memesnipe_cli.risk.levels import STOPPED, Level
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope, symbol_scope

_ENTERS = ("enter", "add")
_SIDES = {1: "long", -1: "short", 0: "either"}


def explanation_records(look: Explained) -> list[dict[str, Any]]:
    """An `explanation` record for each strategy on each symbol, complete in itself.

    `would_trade`: an entry order would go out. `said_no`: who said no (`strategy`, `session`, `promotion`, `breaker`,
    `account`, `gate`), which check, with the value found and the limit, in words. `conditions` are those of the
    strategy's entries, each with the compared values; `met` is null where the step did not come to it and its values
    do not tell. `gate.order` is `probe` where the account would send no order: then the checks are those of the
    smallest order that the venue takes.
    """
    return [_record(look, slot) for slot in look.slots]


def _record(look: Explained, slot: SlotExplained) -> dict[str, Any]:
    no = list(_said_no(look, slot))
    would = slot.decided.word in _ENTERS and not no
    return record(
        "explanation",
        account=look.account,
        paper=look.kind == "paper",
        simulated=look.simulated,
        strategy=slot.strategy.name,
        venue=slot.venue,
        symbol=slot.symbol,
        timeframe=slot.strategy.timeframe,
        bar=time_text(slot.bar_ms),
        closed=time_text(slot.closed_ms),
        asked=time_text(look.at_ms),
        age_seconds=(look.at_ms - slot.closed_ms) / 1000,
        close=decimal_text(slot.prices[3]),
        currency=look.currency,
        would_trade=would,
        verdict=_verdict(slot, no, look.currency),
        said_no=no,
        signal=_signal(slot),
        values={name: _plain(value) for name, value in slot.watched.values.items()},
        entries=[
            {
                "entry": slot.strategy.tags.get(entry.tag, f"tag {entry.tag}"),
                "side": _SIDES[entry.side],
                "met": all(each.met for each in entry.conditions),
                "conditions": [_condition(each) for each in entry.conditions],
            }
            for entry in slot.watched.entries
        ],
        decision={
            "word": slot.decided.word,
            "refusal": slot.decided.refusal or None,
            "fee_needed": slot.decided.fee_needed,
            "cap": slot.decided.cap or None,
            "order": _order(slot) if slot.decided.word in _ENTERS else None,
            "sizing": _sizing(slot.decided.sizing),
            "decided_before": slot.decided.before,
        },
        gate={
            "order": slot.gate.order,
            "qty": decimal_text(slot.gate.intent.qty),
            "price": decimal_text(slot.gate.intent.price or Decimal(0)),
            "stop": decimal_text(slot.gate.intent.stop or Decimal(0)),
            "checks": [_check(each) for each in slot.gate.checks],
        },
        breaker=_breaker(look, slot),
        session=_session(look),
    )


def _said_no(look: Explained, slot: SlotExplained) -> Iterator[dict[str, Any]]:
    """Everybody who keeps an entry back, the first in the way first."""
    decided = slot.decided
    if not slot.signal.flags & layout.ENTER_MASK and decided.word not in ("add", "refuse"):
        yield _no(*_no_signal(slot))
    if look.differs:
        said = f"the open session trades otherwise: {'; '.join(look.differs[:3])}"
        yield _no("session", "session_differs", said)
    if look.kind == "live" and not look.without_promotion:
        said = f"no promotion of {slot.strategy.name} is on record: real money waits for one"
        yield _no("promotion", "not_promoted", said)
    for scope in (ACCOUNT, strategy_scope(slot.strategy.name), symbol_scope(slot.symbol)):
        level = look.latch.level(scope)
        if level >= Level.HALT:
            hold = look.latch.holds.get(scope)
            why = look.latch.problem or (f"{hold.cause} {hold.reason}".strip() if hold else "")
            said = f"{scope} is at {level.name} ({why}): {STOPPED[level]}"
            yield _no("breaker", scope, said, level.name, Level.HALT.name)
    if decided.word in ("hold", "leave", "wait"):
        words = {
            "hold": "is held already",
            "leave": "is held and leaves",
            "wait": "has an entry that waits already",
        }
        yield _no("account", decided.word, f"{slot.symbol} {words[decided.word]}")
    elif decided.word == "refuse":
        value, limit = _measured(decided.refusal, decided.sizing)
        yield _no("account", decided.refusal, _refusal_words(slot), _plain(value), _plain(limit))
    elif decided.word == "nothing" and slot.signal.flags & layout.ENTER_MASK:
        yield _no("account", "signal_leaves", "the signal says enter and leave at once, which opens nothing")
    if slot.gate.order == "decided" or _keeps_any_entry(slot.gate.refusals):
        for check in slot.gate.refusals:
            if check.check != "latch":  # the breaker has said it
                yield _no("gate", check.check, check.message, _scalar(check.value), _scalar(check.limit))


def _keeps_any_entry(refusals: list[CheckSaid]) -> bool:
    """Whether not even a probe passes for another reason than its own size."""
    return any(each.check not in ("trade_share", "latch") for each in refusals)


def _no_signal(slot: SlotExplained) -> tuple[str, str, str]:
    """(who, check, words) where the strategy enters nowhere on this bar."""
    watched = slot.watched
    if watched.said is None:
        return "strategy", "no_bar", "none of its bars closed"
    if watched.held_back:
        return "strategy", watched.held_back, f"its entry was held back: {meaning(watched.held_back)}"
    missing = []
    for entry in watched.entries:
        unmet = [needed_text(each.text, each.wanted) for each in entry.conditions if each.met is False]
        if unmet:
            name = slot.strategy.tags.get(entry.tag, f"tag {entry.tag}")
            missing.append(f"{name} needs {', '.join(unmet)}")
    return "strategy", "no_signal", "; ".join(missing) or "its rules see no entry on this bar"


def _no(by: str, check: str, message: str, value: Any = None, limit: Any = None) -> dict[str, Any]:
    return {"by": by, "check": check, "message": message, "value": value, "limit": limit}


def _measured(refusal: str, sizing: Sizing | None) -> tuple[float | None, float | None]:
    """What the account found and what it allows, for the refusals that have a number."""
    if sizing is None:
        return None, None
    if refusal == "cost":
        return sizing.cost_share, sizing.cost_limit
    if refusal == "too_small":
        return sizing.at_stop, sizing.minimum
    return None, None


def _refusal_words(slot: SlotExplained) -> str:
    decided, sizing = slot.decided, slot.decided.sizing
    said = meaning(decided.refusal)
    if sizing is not None and decided.refusal == "cost":
        said = (
            f"a round trip costs {sizing.cost_share:.3%} of the price, {sizing.cost_limit:.3%} is the most at a stop "
            f"{sizing.stop_share:.3%} away"
        )
        if decided.fee_needed is not None and decided.fee_needed > 0:
            said += f"; it would pass at a fee of {decided.fee_needed:.4%} a side"
    elif sizing is not None and decided.refusal == "too_small":
        said = (
            f"worth {sizing.value:.2f} (bound by {sizing.cap}), at its stop {sizing.at_stop:.2f}: the venue's minimum "
            f"and its margin are {sizing.minimum:.2f}"
        )
    return said


def _verdict(slot: SlotExplained, no: list[dict[str, Any]], currency: str) -> str:
    """One sentence."""
    if slot.decided.word in _ENTERS:
        order = slot.gate.intent
        worth = order.qty * (order.price or Decimal(0))
        what = (
            f"{order.side} {decimal_text(order.qty)} {slot.symbol} at {decimal_text(order.price or Decimal(0))} or "
            f"better, worth {worth:.2f} {currency} (bound by {slot.decided.cap})"
        )
        return f"yes: it would {what}" if not no else f"no: it would {what}, but {no[0]['message']}"
    return f"no: {no[0]['message']}" if no else "no"


def _signal(slot: SlotExplained) -> dict[str, Any]:
    said = slot.watched.said
    enters = bool(slot.signal.flags & layout.ENTER_MASK)
    held_back = slot.watched.held_back
    wants = said is not None and said.enter != 0
    return {
        "enter": None if said is None or not wants else _SIDES[1 if said.enter > 0 else -1],
        "held_back": held_back or None,
        "entry": slot.strategy.tags.get(slot.signal.tag) if enters else None,
        "exits": [
            slot.strategy.tags.get(tag, f"tag {tag}")
            for tag in range(1, 6)
            if slot.signal.flags & (1 << (tag + layout.EXIT_SHIFT))
        ],
        "stop_distance": statistic(slot.signal.stop) if enters else None,
        "target": statistic(slot.signal.target) or None if enters else None,
        "max_bars": slot.signal.max_bars or None,
        "score": None if said is None else statistic(said.score),
    }


def _condition(answer: Answer) -> dict[str, Any]:
    return {
        "needs": needed_text(answer.text, answer.wanted),
        "met": answer.met,
        "left": answer.left,
        "right": answer.right,
        "reached": answer.reached,
        "parts": [_condition(part) for part in answer.parts],
    }


def _order(slot: SlotExplained) -> dict[str, Any]:
    order = slot.gate.intent
    return {
        "side": order.side,
        "qty": decimal_text(order.qty),
        "limit": decimal_text(order.price or Decimal(0)),
        "stop": decimal_text(order.stop or Decimal(0)),
    }


def _sizing(sizing: Sizing | None) -> dict[str, Any] | None:
    """Amounts as decimal text, shares as numbers."""
    if sizing is None:
        return None
    amounts = ("quantity", "limit", "value", "at_stop", "minimum")
    return {
        name: decimal_text(round(value, 8)) if name in amounts else value
        for name, value in vars(sizing).items()
    }


def _check(said: CheckSaid) -> dict[str, Any]:
    if said.passed:
        return {"check": said.check, "passed": True}
    return {
        "check": said.check,
        "passed": False,
        "code": said.code,
        "value": _scalar(said.value),
        "limit": _scalar(said.limit),
        "message": said.message,
    }


def _breaker(look: Explained, slot: SlotExplained) -> dict[str, Any]:
    """Levels by the latch and by the account's own books, and how far it has fallen."""
    state = look.state
    own = None if state is None else state.risk.row(0)
    books = Level.CLOSED if own is None else Level(own[rows.LEVEL])
    return {
        "level": max(look.latch.level(ACCOUNT), books).name,
        "strategy": look.latch.level(strategy_scope(slot.strategy.name)).name,
        "symbol": look.latch.level(symbol_scope(slot.symbol)).name,
        "equity": decimal_text(round(slot.decided.equity, 8)),
        "cash": decimal_text(from_units(slot.decided.cash)),
        "drawdown": None if own is None else fall_share(own[rows.HIGH], own[rows.VALUE]),
        "daily_loss": None if own is None else fall_share(own[rows.DAY_BASE], own[rows.VALUE]),
    }


def _session(look: Explained) -> dict[str, Any]:
    session = {} if look.state is None else look.state.session or {}
    last = None if look.state is None else look.state.last_bar_ms
    return {
        "session": session.get("session"),
        "differs": look.differs,
        "last_bar": None if last is None else time_text(last),
        "bars_behind": look.behind if session else None,
    }


def _scalar(value: Scalar) -> str | int | float | None:
    return decimal_text(value) if isinstance(value, Decimal) and value.is_finite() else _plain(value)


def _plain(value: Any) -> Any:
    """A number that JSON can carry, or text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    return statistic(value) if isinstance(value, float) else str(value)
