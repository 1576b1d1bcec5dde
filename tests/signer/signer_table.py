"""What the journal, the latch, the lots and the rates let a signer sign, and which rule says no to the rest."""

from __future__ import annotations

from typing import Any

from signer_cases import FENCE, NOW_MS, PERP, SIGNED, SPOT, STRATEGY, D, amend_request, doge_order
from signer_steps import (
    ENTRY,
    NEW_STOP,
    PROTECT,
    REDUCE,
    Case,
    Step,
    alters,
    amendment_is,
    amends,
    asks,
    asks_again,
    becomes,
    cancels,
    enters,
    fills,
    holds,
    holds_short,
    is_cancelled_soon,
    leaves,
    marked,
    other,
    passes,
    perpetual,
    protects,
    questions,
    refused_entries,
    refused_exits,
    rests,
    rests_on_short,
    signed,
    stopped,
    switches,
    taken_over,
    under_fence,
)

from memesnipe_cli.risk.levels import Level
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope, symbol_scope
from memesnipe_cli.venues.order_lines import intent_line
from memesnipe_cli.venues.order_state import OrderState as S

BOTH = ("kraken", "coinbase")
EXPIRES_MS = NOW_MS + 60_000
IN_STORE = doge_order("kraken", "ms1")
AT_COINBASE = doge_order("coinbase", "ms1")
STOP_CANCEL = cancels("ms3", "OV-ms3")


def bounds(**changed: Any) -> dict[str, Any]:
    """A world with other bounds."""
    return {"changed_bounds": changed}


# What each kind of request needs first
KINDS: dict[str, tuple[Step, ...]] = {
    "exit": (holds(), leaves()),
    "stop": (holds(), protects()),
    "cancel": (holds(), rests(), STOP_CANCEL),
    "amendment": (holds(), rests(), amends()),
}
LATCH = [
    *(
        Case(f"{kind}, {scope} at {level.name}", expected, (stopped(scope, level), *steps))
        for scope in (ACCOUNT, strategy_scope(STRATEGY), symbol_scope(SPOT))
        for level in (Level.HALT, Level.EMERGENCY)
        for kind, expected, steps in (
            ("entry", "latch", (enters(),)),
            *((kind, SIGNED, steps) for kind, steps in KINDS.items()),
        )
    ),
    Case("entry at WARNING", SIGNED, (stopped(level=Level.WARNING), enters())),
    Case("entry, another strategy stopped", SIGNED, (stopped(strategy_scope("other")), enters())),
    Case("entry, another symbol stopped", SIGNED, (stopped(symbol_scope("PEPE/USD")), enters())),
]
FENCES = [
    *(
        Case(f"stale fence: {kind}", "fence", (*steps[:-1], taken_over(), steps[-1]))
        for kind, steps in (KINDS | {"entry": (enters(),), "switch off": (switches(0),)}).items()
    ),
    Case("stale fence: question", SIGNED, (taken_over(), questions())),
    Case("fence of before", "fence", (under_fence(enters(), FENCE - 1),)),
]
ONLY_ASKS = [
    Case("only asks: question", SIGNED, (questions(),), world={"trades": False}),
    *(
        Case(f"only asks: {kind}", "reads_only", steps, world={"trades": False})
        for kind, steps in (KINDS | {"entry": (enters(),), "switch off": (switches(0),)}).items()
    ),
]
OTHER_TERMS: dict[str, dict[str, Any]] = {
    "price": {"price": D("0.0880")},
    "price in its last digit": {"price": D("0.10101")},
    "quantity": {"qty": D("99.9")},
    "id": {"id": "ms10"},
}
RECORD = [
    *(Case(f"entry, {venue}", SIGNED, (enters(),), venue) for venue in BOTH),
    *(Case(f"entry until, {venue}", SIGNED, (enters(expires_ms=EXPIRES_MS),), venue) for venue in BOTH),
    Case("order not on record", "record", (asks(IN_STORE),)),
    Case(
        "order decided and not sent",
        "record",
        (lambda w: w.write(intent_line(IN_STORE, NOW_MS)), asks(IN_STORE)),
    ),
    *(
        Case(f"{action} with another {name}, {venue}", "record", other(action, venue, **changed), venue)
        for venue in BOTH
        for action in (ENTRY, REDUCE, PROTECT)
        for name, changed in OTHER_TERMS.items()
    ),
    Case("entry that sells, to the venue", "record", other(ENTRY, side="sell")),
    Case("exit that buys, to the venue", "record", other(REDUCE, side="buy")),
    Case("stop that buys, to the venue", "record", other(PROTECT, side="buy")),
    Case("another symbol", "record", other(ENTRY, symbol="PEPE/USD")),
    Case(
        "another symbol, coinbase", "record", other(ENTRY, "coinbase", symbol=PERP, qty=D("0.01")), "coinbase"
    ),
    Case("stop with another trigger", "record", other(PROTECT, stop=D("0.0899"))),
    Case(
        "stop with another trigger, coinbase",
        "record",
        other(PROTECT, "coinbase", stop=D("0.0899")),
        "coinbase",
    ),
    Case(
        "exit now instead of a stop",
        "record",
        other(PROTECT, sent=doge_order("kraken", "ms9", REDUCE, price=D("0.0900"))),
    ),
    Case(
        "stop instead of an exit now",
        "record",
        other(REDUCE, sent=doge_order("kraken", "ms9", PROTECT, stop=D("0.0990"))),
    ),
    *(
        Case(
            f"an end that is not written down, {intent.venue}",
            "record",
            (enters(), asks(intent, expires_ms=EXPIRES_MS)),
            intent.venue,
        )
        for intent in (IN_STORE, AT_COINBASE)
    ),
    *(
        Case(
            f"a later end, {intent.venue}",
            "record",
            (enters(expires_ms=EXPIRES_MS), asks(intent, expires_ms=EXPIRES_MS + 1_000)),
            intent.venue,
        )
        for intent in (IN_STORE, AT_COINBASE)
    ),
    Case("at once instead of until", "record", (enters(expires_ms=EXPIRES_MS), asks(IN_STORE))),
    Case("no deadline", "record", (alters(enters(), deadline=None),)),
    Case("a later deadline", "record", (alters(enters(), deadline="2025-11-11T00:18:00Z"),)),
    Case("an order of the other venue", "record", (lambda w: w.sends(AT_COINBASE), asks(IN_STORE))),
    *(
        Case(f"an order that is {state}, {venue}", "record", (enters(), becomes("ms1", state)), venue)
        for venue in BOTH
        for state in (S.ACCEPTED, S.REFUSED)
    ),
    *(
        Case(f"an order of which {qty} was filled", "record", (enters(), fills("ms1", qty)), "coinbase")
        for qty in ("1", "100")
    ),
    Case(
        "an order that never arrived",
        "record",
        (enters(), becomes("ms1", S.UNKNOWN), becomes("ms1", S.ABSENT)),
        "coinbase",
    ),
]
UNKNOWN = becomes("ms1", S.UNKNOWN)
COVER = (holds_short(), signed(perpetual(REDUCE)))
TWICE = [
    Case("entry twice, kraken", "twice", (signed(enters()),)),
    Case("exit twice, kraken", "twice", (holds(), signed(leaves()))),
    Case("unknown, kraken", "record", (enters(), UNKNOWN)),
    Case("again once unknown, kraken", "record", (signed(enters()), UNKNOWN)),
    Case("entry twice, coinbase", SIGNED, (signed(enters()),), "coinbase"),
    Case("again once unknown, coinbase", SIGNED, (signed(enters()), UNKNOWN), "coinbase"),
    Case(
        "exit again once unknown, coinbase",
        SIGNED,
        (holds(), signed(leaves()), becomes("ms2", S.UNKNOWN)),
        "coinbase",
    ),
    Case("short's entry again", SIGNED, (signed(perpetual(ENTRY)), becomes("ms7", S.UNKNOWN)), "coinbase"),
    Case("short's cover twice", "twice", COVER, "coinbase"),
    Case("short's cover again once unknown", "record", (*COVER, becomes("ms7", S.UNKNOWN)), "coinbase"),
]
LOTS = [
    *(Case(f"exit of all lots, {venue}", SIGNED, (holds(), leaves()), venue) for venue in BOTH),
    *(Case(f"exit of more than ours, {venue}", "lots", (holds(), leaves("100.1")), venue) for venue in BOTH),
    *(
        Case(f"stop on more than ours, {venue}", "lots", (holds(), protects("100.1")), venue)
        for venue in BOTH
    ),
    Case("exit of nothing held", "lots", (leaves(),)),
    Case("exit beside a stop on all", "lots", (holds(), rests(), leaves("1"))),
    Case("exit beside a stop on a part", SIGNED, (holds(), rests("60"), leaves("40"))),
    Case("exit beside a stop on a larger part", "lots", (holds(), rests("60.1"), leaves("40"))),
    Case("exit beside a stop that may grow", "lots", (holds(), rests("60"), amends("61"), leaves("40"))),
    Case("exit beside a stop that may shrink", "lots", (holds(), rests("61"), amends("60"), leaves("40"))),
    Case(
        "exit beside a stop that shrank",
        SIGNED,
        (holds(), rests("61"), amends("60"), amendment_is("accepted", "60"), leaves("40")),
    ),
    Case(
        "exit beside a stop that did not grow",
        SIGNED,
        (holds(), rests("60"), amends("61"), amendment_is("refused"), leaves("40")),
    ),
    Case(
        "exit beside a stop nobody knows of",
        "lots",
        (holds(), protects(), becomes("ms3", S.UNKNOWN), leaves("1")),
    ),
    Case(
        "exit beside a stop that is asked back",
        "lots",
        (holds(), rests(), is_cancelled_soon("ms3"), leaves("1")),
    ),
    Case(
        "exit once the stop is cancelled", SIGNED, (holds(), rests(), becomes("ms3", S.CANCELLED), leaves())
    ),
    Case(
        "exit beside a stop that filled a part",
        SIGNED,
        (holds(), rests("60"), fills("ms3", "20"), leaves("40")),
    ),
    Case("exit of more beside it", "lots", (holds(), rests("60"), fills("ms3", "20"), leaves("40.1"))),
    Case("exit of what was sold", "lots", (holds(), rests("60"), fills("ms3", "60"), leaves("41"))),
    Case("a second stop", "lots", (holds(), rests(), protects("1", "ms4"))),
    Case("exit beside an entry that waits", SIGNED, (holds(), enters(), leaves())),
    Case("exit of another strategy's lots", "lots", (holds(), leaves(strategy="mean_revert_1h"))),
    Case("exit of another symbol's lots", "lots", (holds(), leaves(symbol="PEPE/USD", base="PEPE"))),
    Case(
        "exit beside another strategy's stop", SIGNED, (holds(), rests(strategy="mean_revert_1h"), leaves())
    ),
    Case("exit that buys", "side", (holds(), leaves(side="buy"))),
    Case("exit of a short that is none", "side", (holds(), leaves(position="short"))),
    Case("entry that sells", "side", (enters(side="sell"),)),
    Case("entry of a short that buys", "side", (enters(position="short"),)),
    Case("short of coins", "lots", (holds(), enters(side="sell", position="short"))),
    Case("short's entry", SIGNED, (perpetual(ENTRY),), "coinbase"),
    Case("short's cover", SIGNED, (holds_short(), perpetual(REDUCE)), "coinbase"),
    Case("short's stop", SIGNED, (holds_short(), perpetual(PROTECT)), "coinbase"),
    Case("short's cover of more", "lots", (holds_short(), perpetual(REDUCE, qty=D("0.02"))), "coinbase"),
    Case("short's cover of nothing", "lots", (perpetual(REDUCE),), "coinbase"),
    Case(
        "short's cover beside its stop",
        "lots",
        (holds_short(), rests_on_short(), perpetual(REDUCE)),
        "coinbase",
    ),
    Case(
        "selling more of a short to leave it",
        "side",
        (holds_short(), perpetual(REDUCE, side="sell")),
        "coinbase",
    ),
]
# Of 100,000 USD a trade is 2 %, times the largest scale, and 5 % on top since the mark is a bar old.
ROOMY = bounds(max_order=D(10_000), highest_scale=D("1.25"))
GROSS = bounds(max_order=D(10_000), gross_share=D("0.03"))
BOUGHT = holds("20000", price=D("0.1"))
PEPE: dict[str, Any] = {"symbol": "PEPE/USD", "base": "PEPE"}
SIZE = [
    Case("trade at its limit", SIGNED, (enters(qty=D(2_625), price=D(1)),), world=ROOMY),
    Case("trade over its limit", "size", (enters(qty=D("2625.1"), price=D(1)),), world=ROOMY),
    Case("trade at it with what is held", SIGNED, (BOUGHT, enters(qty=D(625), price=D(1))), world=ROOMY),
    Case(
        "trade over it with what is held", "size", (BOUGHT, enters(qty=D("625.1"), price=D(1))), world=ROOMY
    ),
    Case(
        "trade over it with what waits",
        "size",
        (rests("2000", "ms0", ENTRY, price=D(1)), enters(qty=D("625.1"), price=D(1))),
        world=ROOMY,
    ),
    Case("trade of another coin", SIGNED, (BOUGHT, enters(qty=D(2_625), price=D(1), **PEPE)), world=ROOMY),
    Case(
        "all positions at the limit", SIGNED, (BOUGHT, enters(qty=D(1_150), price=D(1), **PEPE)), world=GROSS
    ),
    Case("all positions over it", "size", (BOUGHT, enters(qty=D("1150.1"), price=D(1), **PEPE)), world=GROSS),
    Case("largest order", SIGNED, (enters(qty=D(50), price=D(1)),), world=bounds(max_order=D(50))),
    Case(
        "order over the largest", "size", (enters(qty=D("50.1"), price=D(1)),), world=bounds(max_order=D(50))
    ),
    Case("exit over the largest", SIGNED, (holds(), leaves()), world=bounds(max_order=D(1))),
    Case("no capital known", "size", (enters(),), world={"capital": None}),
    Case("no capital known: exit", SIGNED, (holds(), leaves()), world={"capital": None}),
    Case("no capital", "size", (enters(),), world={"capital": "0"}),
    Case("the latest mark goes before the capital", "size", (marked("400"), enters())),
    Case("a mark of nothing", "size", (marked("0"), enters())),
    Case("a mark below nothing", "size", (marked("-5"), enters())),
    Case("a mark of nothing: exit", SIGNED, (marked("0"), holds(), leaves())),
]
ON_STOP = (holds(), rests())
CANCELS = [
    *(Case(f"cancel, {venue}", SIGNED, (*ON_STOP, STOP_CANCEL), venue) for venue in BOTH),
    Case("cancel by our id", SIGNED, (*ON_STOP, cancels("ms3"))),
    Case("cancel of an order that ended", SIGNED, (*ON_STOP, becomes("ms3", S.CANCELLED), STOP_CANCEL)),
    *(
        Case(f"cancel of a foreign order, {venue}", "foreign", (*ON_STOP, cancels("ms3", "OTHERS")), venue)
        for venue in BOTH
    ),
    Case("cancel of a foreign order by its id", "foreign", (*ON_STOP, cancels("theirs"))),
]
AMENDED = doge_order("kraken", "a", PROTECT, stop=NEW_STOP)
OTHER_AMENDMENTS: dict[str, dict[str, Any]] = {
    "trigger": {"trigger_price": "0.0949"},
    "no trigger": {"trigger_price": None},
    "quantity": {"order_qty": "99"},
    "a limit": {"limit_price": "0.0001"},
    "no deadline": {"deadline": None},
    "a later deadline": {"deadline": "2025-11-11T00:18:00Z"},
}
AMENDMENTS = [
    Case("amendment of the trigger", SIGNED, (*ON_STOP, amends())),
    Case("amendment to all lots", SIGNED, (holds(), rests("60"), amends("100"))),
    Case("amendment to more", "lots", (holds(), rests("60"), amends("100.1"))),
    Case("amendment beside an exit", SIGNED, (holds(), rests("60"), leaves("40"), amends("60"))),
    Case("amendment to more beside an exit", "lots", (holds(), rests("60"), leaves("40"), amends("61"))),
    Case("amendment of a stop that filled a part", SIGNED, (*ON_STOP, fills("ms3", "40"), amends("100"))),
    Case("amendment to more of it", "lots", (*ON_STOP, fills("ms3", "40"), amends("100.1"))),
    Case("amendment of a foreign order", "record", (*ON_STOP, alters(amends(), txid="OTHERS"))),
    Case(
        "amendment of another stop of ours",
        "record",
        (holds("200"), rests(), rests("1", "ms4"), alters(amends(), txid="OV-ms4")),
    ),
    Case(
        "amendment that is not written down",
        "record",
        (*ON_STOP, lambda w: amend_request(AMENDED, "OV-ms3")),
    ),
    Case("amendment that was taken", "record", (*ON_STOP, amends(), amendment_is("accepted"))),
    Case("amendment that was refused", "record", (*ON_STOP, amends(), amendment_is("refused"))),
    Case("amendment nobody knows of", SIGNED, (*ON_STOP, amends(), amendment_is("unknown"))),
    Case("amendment of a stop that ended", "record", (*ON_STOP, amends(), becomes("ms3", S.CANCELLED))),
    Case(
        "amendment of an entry", "record", (holds(), rests("10", action=ENTRY, price=D("0.09")), amends("10"))
    ),
    Case("amendment of an exit", "record", (holds(), rests("10", action=REDUCE), amends("10", None))),
    *(
        Case(f"other amendment: {name}", "record", (*ON_STOP, alters(amends(), **changed)))
        for name, changed in OTHER_AMENDMENTS.items()
    ),
]
SWITCH = [
    Case("switch", SIGNED, (switches(60),)),
    Case("switch beside an entry", SIGNED, (rests("10", "ms0", ENTRY), switches(60))),
    Case("switch beside a stop", "switch", (*ON_STOP, switches(60))),
    Case(
        "switch beside a stop nobody knows of",
        "switch",
        (holds(), protects(), becomes("ms3", S.UNKNOWN), switches(60)),
    ),
    Case("switch in a second beside a stop", "switch", (*ON_STOP, switches(1))),
    Case("switch off beside a stop", SIGNED, (*ON_STOP, switches(0))),
    Case("switch beside a stop that ended", SIGNED, (*ON_STOP, becomes("ms3", S.CANCELLED), switches(60))),
    Case("switch for a time that is none", "form", (alters(switches(60), timeout="1e9"),)),
]


FEW = bounds(orders_per_minute=3, messages_per_minute=10)
FEWER = bounds(orders_per_minute=10, messages_per_minute=10)
RATES = [
    Case("entries of a minute", SIGNED, (*refused_entries(2), enters()), world=FEW),
    Case("one more entry", "rate", (*refused_entries(3), enters()), world=FEW),
    Case("one more entry, later", SIGNED, (*refused_entries(3), passes(20_000), enters()), world=FEW),
    Case("one more entry, too soon", "rate", (*refused_entries(3), passes(19_999), enters()), world=FEW),
    Case("one more entry: exit", SIGNED, (holds(), *refused_entries(3), leaves()), world=FEW),
    Case("messages of a minute", "rate", (*refused_entries(5), enters()), world=FEWER),
    Case(
        "messages kept for exits",
        SIGNED,
        (holds(), *refused_entries(5), *refused_exits(4), leaves()),
        world=FEWER,
    ),
    Case("none are left", "rate", (holds(), *refused_exits(10), leaves()), world=FEWER),
    Case(
        "none are left: cancel",
        SIGNED,
        (*ON_STOP, holds(order_id="more"), *refused_exits(10), STOP_CANCEL),
        world=FEWER,
    ),
    Case(
        "none are left: amendment",
        SIGNED,
        (*ON_STOP, holds(order_id="more"), *refused_exits(10), amends()),
        world=FEWER,
    ),
    Case(
        "a refusal takes nothing", SIGNED, (*(asks(IN_STORE),) * 9, *refused_entries(2), enters()), world=FEW
    ),
    Case(
        "sendings of the same count",
        "rate",
        (*(signed(enters("n1")),), *(signed(asks_again("n1")),) * 2, asks_again("n1")),
        "coinbase",
        world=FEW,
    ),
]
ALL = [*LATCH, *FENCES, *ONLY_ASKS, *RECORD, *TWICE, *LOTS, *SIZE, *CANCELS, *AMENDMENTS, *SWITCH, *RATES]
