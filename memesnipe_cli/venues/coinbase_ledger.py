"""Coinbase's account transactions as flows: everything that moved an account and is no fill of Advanced Trade."""

from __future__ import annotations

from typing import Any

from memesnipe_cli.venues import wire
from memesnipe_cli.venues.flows import Flow, FlowKind

_FILL = "advanced_trade_fill"
_DEPOSITS = frozenset({"fiat_deposit", "exchange_deposit", "pro_deposit"})
_WITHDRAWALS = frozenset({"fiat_withdrawal", "exchange_withdrawal", "pro_withdrawal", "vault_withdrawal"})
# Coins that somebody sends come in, and that are sent go out, under the same word.
_BY_SIGN = frozenset({"send", "receive", "tx"})
_COMPLETED = "completed"


def page(answer: Any) -> tuple[list[Flow], int | None, str]:
    """A page of an account's transactions: its flows, the time of its last row (None: it has none), and where the next
    page starts, "" where there is none.

    What is pending or failed is not among them: its money has not moved for good.
    """
    rows = wire.rows(answer, "data")
    found = [_flow(row) for row in rows if _moved(row)]
    last_ms = wire.moment_ms(rows[-1], "created_at") if rows else None
    paging = wire.mapping(answer, "pagination") if answer.get("pagination") is not None else {}
    return found, last_ms, str(paging.get("next_starting_after") or "")


def _moved(row: Any) -> bool:
    return wire.text(row, "type") != _FILL and (row.get("status") or _COMPLETED) == _COMPLETED


def _flow(row: Any) -> Flow:
    said = wire.text(row, "type")
    # Net of the fee, which the network or the bank takes out of it.
    amount = wire.amount(row, "amount", "amount")
    kind = FlowKind.OTHER
    if said in _DEPOSITS or (said in _BY_SIGN and amount > 0):
        kind = FlowKind.DEPOSIT
    elif said in _WITHDRAWALS or said in _BY_SIGN:
        kind = FlowKind.WITHDRAWAL
    return Flow(
        currency=wire.text(row, "amount", "currency"),
        amount=amount,
        time_ms=wire.moment_ms(row, "created_at"),
        kind=kind,
        ref=wire.text(row, "id"),
        words=said,
    )
