"""Kraken's ledger as flows: everything that is booked there and is no trade."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from memesnipe_cli.venues import wire
from memesnipe_cli.venues.flows import Flow, FlowKind

# Entries of trades, which the history of trades tells better. Rollovers and settlements are of margin, which is not
# used here; should there be any, they are money that went another way.
_TRADES = frozenset({"trade"})
_KINDS = {"deposit": FlowKind.DEPOSIT, "withdrawal": FlowKind.WITHDRAWAL}


def page(answer: Any, currency_of: Callable[[str], str]) -> tuple[dict[str, Flow | None], int | None]:
    """A page of Ledgers: flows by the id of their entry (None: a trade), and how many entries there are in all, where
    the venue says."""
    found: dict[str, Flow | None] = {}
    for entry_id, row in wire.mapping(answer, "result", "ledger").items():
        said = wire.text(row, "type")
        found[entry_id] = None if said in _TRADES else _flow(entry_id, row, said, currency_of)
    return found, wire.optional_count(answer, "result", "count")


def sorted_flows(found: Collection[Flow | None], since_ms: int, currencies: Collection[str]) -> list[Flow]:
    """The flows since then, of these currencies (none named: of all), oldest first."""
    wanted = [
        each
        for each in found
        if each is not None and each.time_ms >= since_ms and (not currencies or each.currency in currencies)
    ]
    return sorted(wanted, key=lambda each: (each.time_ms, each.ref))


def _flow(entry_id: str, row: Any, said: str, currency_of: Callable[[str], str]) -> Flow:
    return Flow(
        currency=currency_of(wire.text(row, "asset")),
        # The fee is booked beside the amount, not within it.
        amount=wire.amount(row, "amount") - (wire.optional_amount(row, "fee") or 0),
        time_ms=wire.seconds_ms(row, "time"),
        kind=_KINDS.get(said, FlowKind.OTHER),
        ref=entry_id,
        words=said,
    )
