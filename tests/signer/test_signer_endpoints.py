"""The allow-list against everything that the real clients can ask: what is not in this table is not signed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import ccxt
import pytest

from memesnipe_cli.signer.endpoints import Use, use_of
from memesnipe_cli.signer.errors import SignerRefusedError

SIGNED = {
    "kraken": {
        "private POST AddOrder": Use.ORDER,
        "private POST AmendOrder": Use.AMEND,
        "private POST Balance": Use.QUESTION,
        "private POST BalanceEx": Use.QUESTION,
        "private POST CancelAllOrdersAfter": Use.SWITCH,
        "private POST CancelOrder": Use.CANCEL,
        "private POST ClosedOrders": Use.QUESTION,
        "private POST GetApiKeyInfo": Use.QUESTION,
        "private POST Ledgers": Use.QUESTION,
        "private POST OpenOrders": Use.QUESTION,
        "private POST QueryOrders": Use.QUESTION,
        "private POST TradeVolume": Use.QUESTION,
        "private POST TradesHistory": Use.QUESTION,
    },
    "coinbase": {
        "v2 private GET accounts/{account_id}/transactions": Use.QUESTION,
        "v3 private GET brokerage/accounts": Use.QUESTION,
        "v3 private GET brokerage/cfm/positions": Use.QUESTION,
        "v3 private GET brokerage/key_permissions": Use.QUESTION,
        "v3 private GET brokerage/orders/historical/batch": Use.QUESTION,
        "v3 private GET brokerage/orders/historical/fills": Use.QUESTION,
        "v3 private GET brokerage/orders/historical/{order_id}": Use.QUESTION,
        "v3 private GET brokerage/transaction_summary": Use.QUESTION,
        "v3 private POST brokerage/orders": Use.ORDER,
        "v3 private POST brokerage/orders/batch_cancel": Use.CANCEL,
    },
}
# They name what moves money, makes keys or changes the account; two questions about our own key are the exception.
MOVES = re.compile(
    r"withdraw|transfer|send|deposit|stak|earn|sub_?account|convert|key|address|wallet|move_funds|sweep|margin"
    r"|portfolio|payment|export|token",
    re.IGNORECASE,
)
ABOUT_OUR_KEY = {"private POST GetApiKeyInfo", "v3 private GET brokerage/key_permissions"}
METHODS = ("get", "post", "put", "delete", "patch")
IDS = {"account_id": "a-1", "order_id": "o-1"}


def known(node: Mapping[str, Any], names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every endpoint of a client's description: interface, method, path."""
    for name, inside in node.items():
        if name in METHODS:
            yield from ((names, name.upper(), path) for path in inside)
        else:
            yield from known(inside, (*names, name))


def all_of(venue: str) -> list[tuple[tuple[str, ...], str, str]]:
    """Public ones, too."""
    return list(known(getattr(ccxt, venue)().describe()["api"]))


def use(venue: str, interface: tuple[str, ...], method: str, path: str) -> Use | None:
    """What it would be signed as; None: not at all."""
    try:
        return use_of(venue, interface, method, path, IDS)
    except SignerRefusedError as refused:
        assert refused.rule == "not_allowed"
        return None


@pytest.mark.parametrize("venue", SIGNED)
def test_of_all_that_the_client_knows_this_is_signed_and_nothing_else(venue: str) -> None:
    found = {
        " ".join((*interface, method, path)): use(venue, interface, method, path)
        for interface, method, path in all_of(venue)
    }
    assert len(found) > 40
    assert {name: what for name, what in found.items() if what is not None} == SIGNED[venue]


@pytest.mark.parametrize("venue", SIGNED)
def test_nothing_that_moves_money_or_makes_keys_is_signed(venue: str) -> None:
    moving = [each for each in all_of(venue) if MOVES.search(each[2])]
    assert len(moving) > 15
    signed = {" ".join((*each[0], *each[1:])) for each in moving if use(venue, *each) is not None}
    assert signed == SIGNED[venue].keys() & ABOUT_OUR_KEY


def test_the_older_interface_of_coinbase_signs_no_change_of_anything() -> None:
    changes = [each for each in all_of("coinbase") if each[0][0] == "v2" and each[1] != "GET"]
    assert len(changes) > 10
    assert not [each for each in changes if use("coinbase", *each) is not None]


@pytest.mark.parametrize(
    ("venue", "interface", "method", "path"),
    [
        ("kraken", ("private",), "GET", "AddOrder"),
        ("kraken", ("public",), "POST", "AddOrder"),
        ("kraken", ("private",), "POST", "addorder"),
        ("kraken", ("private",), "POST", "AddOrder/"),
        ("kraken", ("private",), "POST", "AddOrder/../Withdraw"),
        ("kraken", ("private",), "POST", "AddOrder?x=Withdraw"),
        ("kraken", ("private",), "POST", "AddOrderBatch"),
        ("kraken", ("private",), "POST", "Balance "),
        ("kraken", ("v3", "private"), "POST", "brokerage/orders"),
        ("coinbase", ("v3", "private"), "POST", "brokerage/orders/close_position"),
        ("coinbase", ("v3", "private"), "POST", "brokerage/orders/../convert/quote"),
        ("coinbase", ("v3", "private"), "GET", "brokerage/orders"),
        ("coinbase", ("v3", "private"), "post", "brokerage/orders"),
        ("coinbase", ("v2", "private"), "POST", "accounts/{account_id}/transactions"),
        ("coinbase", ("v2", "private"), "POST", "brokerage/orders"),
        ("coinbase", (), "POST", "brokerage/orders"),
        ("krakenfutures", ("private",), "POST", "AddOrder"),
        ("", ("private",), "POST", "AddOrder"),
    ],
)
def test_what_only_looks_like_an_allowed_request_is_not_signed(
    venue: str, interface: tuple[str, ...], method: str, path: str
) -> None:
    assert use(venue, interface, method, path) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../../accounts",
        "x/../../../../v2/accounts",
        "a/b",
        "a%2Fb",
        "a?b=c",
        "a#b",
        "a\nb",
        "a\n",
        "a b",
        "{account_id}",
        "é",
        "a" * 65,
        ["a"],
        {"a": "b"},
        1.5,
    ],
)
@pytest.mark.parametrize(
    ("interface", "path", "field"),
    [
        (("v3", "private"), "brokerage/orders/historical/{order_id}", "order_id"),
        (("v2", "private"), "accounts/{account_id}/transactions", "account_id"),
    ],
)
def test_an_id_in_a_path_leads_nowhere_else(
    interface: tuple[str, ...], path: str, field: str, name: object
) -> None:
    assert use_of("coinbase", interface, "GET", path, {field: "0f3a-11"}) is Use.QUESTION
    with pytest.raises(SignerRefusedError) as refused:
        use_of("coinbase", interface, "GET", path, {field: name})
    assert refused.value.rule == "not_allowed"
    with pytest.raises(SignerRefusedError):
        use_of("coinbase", interface, "GET", path, {})
