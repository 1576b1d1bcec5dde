"""A live account as records, from its journal alone: orders, positions and their stops, dust, how its trader stands.
Needs no network and imports no numpy, so that it answers beside a trader and without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from memesnipe_cli.engine import account_said
from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.live.pending import Pending, PendingFold
from memesnipe_cli.records import decimal_text, record, time_text
from memesnipe_cli.risk.intent import Action
from memesnipe_cli.risk.marks_file import marks_path, read_marks
from memesnipe_cli.risk.trader import trader_state
from memesnipe_cli.venues.order_book import Order, OrderBook
from memesnipe_cli.venues.order_fold import OrderFold
from memesnipe_cli.venues.order_state import UNSETTLED, OrderState
from memesnipe_cli.venues.steps import whole_lots

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store
    from memesnipe_cli.venues.holdings import Holding

_ZERO = Decimal(0)
# Of a running loop's marks: what nobody else knows.
_HEARD = ("feed", "reconciliation", "venue_status", "warnings", "latency", "stopping", "at", "equity")


@dataclass(frozen=True)
class Known:
    """All that is known of a live account here. marks: what its loop wrote last, {} where there is nothing."""

    account: str
    journal: str
    state: AccountState
    book: OrderBook
    pending: Pending
    marks: Mapping[str, Any]

    @classmethod
    def of(cls, store: Store, account: str, state: AccountState | None = None) -> Known:
        """Read it. state: where the account is folded already. Raises StoreDamagedError."""
        journal = store.journal(account)
        return cls(
            account,
            str(journal.folder),
            journal.replay(AccountFold()) if state is None else state,
            journal.replay(OrderFold()),
            journal.replay(PendingFold()),
            read_marks(marks_path(store.paths, account)) or {},
        )

    @property
    def trader(self) -> dict[str, Any]:
        """See risk/trader.py."""
        return trader_state(self.marks or None)

    @property
    def runs(self) -> bool:
        """A trader runs on this machine."""
        return bool(self.trader["running"])


def status_record(known: Known) -> dict[str, Any]:
    """The `account` record of a live account, and what a person asks beside it: whether its trader runs, on what data,
    when book and venue last agreed (`reconciled`), how its positions are protected, which orders are not known, which
    lots are dust. `heard` is what the running loop said last, null without one; its `equity` is of its `at`."""
    positions = position_records(known)
    protection: dict[str, int] = {}
    for each in positions:
        if each["protection"] is not None:
            protection[each["protection"]] = protection.get(each["protection"], 0) + 1
    reconciled_ms = max(known.book.reconciled_ms.values(), default=0)
    return {
        **account_said.account_record(known.account, known.state, known.journal),
        "trader": {**known.trader, "since": known.marks.get("running_since")},
        "heard": {name: known.marks.get(name) for name in _HEARD} if known.runs else None,
        "reconciled": time_text(reconciled_ms) if reconciled_ms else None,
        "protection": protection,
        "unsettled": [each.intent.id for each in known.book.unsettled()],
        "dust": [
            {name: each[name] for name in ("strategy", "symbol", "dust")}
            for each in positions
            if each["dust"] != "0"
        ],
    }


def position_records(known: Known) -> list[dict[str, Any]]:
    """A `position` record for what each strategy holds of each symbol by the venue's trades.

    `qty`: what is ours at the venue; `account_qty`: what the account counts, in whole lots; `dust`: what is ours and
    outside the account, too small to sell alone; `taking_in`: trades of it are not in the account yet. `protection`:
    `covered`, `triggered`, `waiting`, `naked`, or what the running loop says; `stop_order`: the client id of the stop
    that rests and `resting_stop` its trigger, null where none is known to rest; `naked`: how much no known stop is
    under."""
    shown = {(each["strategy"], each["symbol"]): each for each in _counted(known)}
    keys = [*shown, *(key for key, held in known.book.holdings.items() if held.qty and key not in shown)]
    return [_position(known, key, shown.get(key)) for key in keys]


def order_records(known: Known) -> list[dict[str, Any]]:
    """An `order` record for each order that has not ended, as the journal tells. `state` is that of
    venues/order_state.py; `changing`: it was sent other terms, and whether they stand is not known; `cancelling`: it
    was asked back; `next`: what to do about it, "" where nothing is to be done."""
    return [_order(known, each) for each in known.book.active.values()]


def _counted(known: Known) -> list[dict[str, Any]]:
    return account_said.position_records(known.account, known.state)


def _position(known: Known, key: tuple[str, str], counted: dict[str, Any] | None) -> dict[str, Any]:
    holding = known.book.holdings.get(key)
    held = _ZERO if holding is None else holding.qty
    lots = _ZERO if counted is None else Decimal(counted["qty"])
    waiting = known.pending.of(key)
    dust = max(_ZERO, held - lots - _not_taken_in(known, key, holding))
    base = counted or _uncounted(known, key, holding)
    return {
        **base,
        "qty": decimal_text(held),
        "account_qty": decimal_text(lots),
        "dust": decimal_text(dust.normalize()),
        "taking_in": bool(waiting),
        "cost": decimal_text(_ZERO if holding is None else holding.cost),
        **_protection(known, key, held - dust),
    }


def _uncounted(known: Known, key: tuple[str, str], holding: Holding | None) -> dict[str, Any]:
    """Of lots that the account does not count: dust, or what a trader has not taken in yet."""
    unknown = dict.fromkeys(("entry_time", "entry_price", "stop", "target", "target_qty"))
    return record(
        "position",
        account=known.account,
        paper=False,
        simulated=False,
        strategy=key[0],
        venue=(known.state.session or {}).get("venue"),
        symbol=key[1],
        side="long" if holding is None else holding.position,
        **unknown,
        units=0,
        leaving=None,
        cash_flow="0",
    )


def _not_taken_in(known: Known, key: tuple[str, str], holding: Holding | None) -> Decimal:
    """What booked trades change a holding by that the account has not taken in yet."""
    if holding is None:
        return _ZERO
    opening = "buy" if holding.position == "long" else "sell"
    moved = _ZERO
    for _, fill in known.pending.of(key):
        moved += fill.qty if fill.side == opening else -fill.qty
        moved -= fill.fee if fill.fee_currency == holding.base else _ZERO
    return moved


def _protection(known: Known, key: tuple[str, str], qty: Decimal) -> dict[str, Any]:
    """How the part of a position that is no dust stands."""
    orders = known.book.protecting(*key)
    resting = [each for each in orders if each.state not in UNSETTLED and each.amendment is None]
    under = sum((each.left for each in resting), _ZERO)
    naked = max(_ZERO, _whole_lots(known, key, qty) - under)
    stop = resting[0] if resting else None
    said: dict[str, Any] = {
        "protection": _word(qty, naked, orders, resting),
        "naked": decimal_text(naked),
        "stop_order": None if stop is None else stop.intent.id,
        "stop_venue_id": None if stop is None else stop.venue_id or None,
        "resting_stop": None if stop is None or stop.intent.stop is None else decimal_text(stop.intent.stop),
        "words": None,
    }
    heard = _heard(known, key)
    if heard is not None and said["protection"] in ("naked", "waiting"):
        # The loop knows why, and whether it looks after the price itself.
        said |= {"protection": heard["protection"], "words": heard.get("words")}
    elif said["protection"] == "naked" and not known.runs:
        said["words"] = f"nobody looks after it: start the trader, or {_flatten(known)}"
    return said


def _word(qty: Decimal, naked: Decimal, orders: list[Order], resting: list[Order]) -> str | None:
    if not qty:
        return None
    if any(each.filled for each in resting):
        return "triggered"
    if not naked:
        return "covered"
    return "waiting" if len(orders) > len(resting) else "naked"


def _whole_lots(known: Known, key: tuple[str, str], qty: Decimal) -> Decimal:
    """A stop is of whole lots."""
    for item in (known.state.session or {}).get("instruments", ()):
        if item["symbol"] == key[1]:
            return whole_lots(qty, Decimal(item["lot"]))
    return qty


def _heard(known: Known, key: tuple[str, str]) -> Mapping[str, Any] | None:
    """The position in the marks of a running loop."""
    if not known.runs:
        return None
    for each in known.marks.get("positions") or ():
        if (each.get("strategy"), each.get("symbol")) == key and each.get("protection"):
            return dict(each)
    return None


def _order(known: Known, order: Order) -> dict[str, Any]:
    intent = order.intent
    protects = intent.action is Action.PROTECT
    return record(
        "order",
        id=intent.id,
        venue_id=order.venue_id or None,
        account=known.account,
        paper=False,
        strategy=intent.strategy,
        venue=intent.venue,
        symbol=intent.symbol,
        side=intent.side,
        kind=intent.kind,
        qty=decimal_text(intent.qty),
        price=None if intent.price is None else decimal_text(intent.price),
        state=order.state.value,
        time=time_text(order.sent_ms) if order.sent_ms else None,
        reason=order.reason or intent.reason or intent.action.value,
        action=intent.action.value,
        filled=decimal_text(order.filled),
        left=decimal_text(order.left),
        stop=decimal_text(intent.stop) if protects and intent.stop is not None else None,
        changing=order.amendment is not None,
        cancelling=bool(order.cancel_ms),
        next=_next(known, order),
    )


def _next(known: Known, order: Order) -> str:
    """What to do about an order."""
    order_id, ask = order.intent.id, f"memesnipe trade reconcile --account {known.account}"
    if order.state is OrderState.INTENT:
        return "" if known.runs else "it was never sent; the next start writes that down"
    if order.state in UNSETTLED or order.amendment is not None:
        what = "its change" if order.amendment is not None else "it"
        if known.runs:
            return f"{what} may stand at {order.intent.venue}: the trader asks until it knows"
        return (
            f"{what} may stand at {order.intent.venue}: {ask}; where the venue's own pages show nothing of it: "
            f"{ask} --settle {order_id} --reason TEXT"
        )
    if known.runs or order.intent.action is Action.PROTECT:
        return ""
    return f"it may fill although no trader runs: {ask}"


def _flatten(known: Known) -> str:
    return f"memesnipe trade flatten --account {known.account}"
