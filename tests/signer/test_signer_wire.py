"""What the venues' own classes send is read back to the last field; anything else is not understood, and not signed."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signer_cases import (
    DEADLINE_MS,
    NOW_MS,
    D,
    Request,
    amend_request,
    approved,
    cancel_request,
    doge_order,
    open_client,
    order_request,
    short_intent,
    switch_request,
)
from signer_mutants import mutants

from memesnipe_cli.risk.intent import Action
from memesnipe_cli.signer import on_the_wire
from memesnipe_cli.signer.errors import SignerRefusedError
from memesnipe_cli.signer.on_the_wire import (
    CANCELS,
    ORDERS,
    WireAmendment,
    WireOrder,
    kraken_amendment,
    kraken_cancel,
    kraken_order,
    kraken_switch,
)
from memesnipe_cli.venues.coinbase import Coinbase

EXPIRES_MS = NOW_MS + 60_000
EXPIRES_S = -(-EXPIRES_MS // 1000)
REDUCE, PROTECT = Action.REDUCE, Action.PROTECT

# name -> what the venue's class sends, and what it must be read as
KRAKEN_STOP_LIMIT = doge_order("kraken", "ms3", PROTECT, price=D("0.0880"))
SENT: dict[str, tuple[Request, WireOrder]] = {
    "kraken entry": (
        order_request(doge_order("kraken", "ms1")),
        WireOrder("ms1", "XDGUSD", "buy", D(100), D("0.1010"), None, 0, DEADLINE_MS),
    ),
    "kraken entry until": (
        order_request(doge_order("kraken", "ms1"), expires_ms=EXPIRES_MS),
        WireOrder("ms1", "XDGUSD", "buy", D(100), D("0.1010"), None, EXPIRES_S, DEADLINE_MS),
    ),
    "kraken exit": (
        order_request(doge_order("kraken", "ms2", REDUCE, qty=D("0.00000001"))),
        WireOrder("ms2", "XDGUSD", "sell", D("0.00000001"), D("0.0990"), None, 0, DEADLINE_MS),
    ),
    "kraken stop": (
        order_request(doge_order("kraken", "ms3", PROTECT)),
        WireOrder("ms3", "XDGUSD", "sell", D(100), None, D("0.0900"), 0, DEADLINE_MS),
    ),
    "kraken stop-limit": (
        order_request(KRAKEN_STOP_LIMIT),
        WireOrder("ms3", "XDGUSD", "sell", D(100), D("0.0880"), D("0.0900"), 0, DEADLINE_MS),
    ),
    "coinbase entry": (
        order_request(doge_order("coinbase", "ms1")),
        WireOrder("ms1", "DOGE-USD", "buy", D(100), D("0.1010"), None, 0, 0),
    ),
    "coinbase entry until": (
        order_request(doge_order("coinbase", "ms1"), expires_ms=EXPIRES_MS),
        WireOrder("ms1", "DOGE-USD", "buy", D(100), D("0.1010"), None, EXPIRES_S, 0),
    ),
    "coinbase exit": (
        order_request(doge_order("coinbase", "ms2", REDUCE)),
        WireOrder("ms2", "DOGE-USD", "sell", D(100), D("0.0990"), None, 0, 0),
    ),
    "coinbase stop": (
        order_request(doge_order("coinbase", "ms3", PROTECT)),
        WireOrder("ms3", "DOGE-USD", "sell", D(100), D("0.0890"), D("0.0900"), 0, 0),
    ),
    "coinbase short": (
        order_request(short_intent("ms4")),
        WireOrder("ms4", "BIP-20DEC30-CDE", "sell", D(1), D(59_900), None, 0, 0),
    ),
    "coinbase short's stop": (
        order_request(short_intent("ms5", PROTECT, qty=D("0.03"))),
        WireOrder("ms5", "BIP-20DEC30-CDE", "buy", D(3), D(61_500), D(61_000), 0, 0),
    ),
}
AMENDED = amend_request(doge_order("kraken", "ms3-a", PROTECT, stop=D("0.0950")), "OV1")


@pytest.mark.parametrize("name", SENT)
def test_an_order_is_read_as_what_the_venues_class_meant(name: str) -> None:
    request, meant = SENT[name]
    assert ORDERS[name.split()[0]](request.params) == meant


@pytest.mark.parametrize("venue", ORDERS)
def test_nothing_that_is_signed_is_never_sent(venue: str) -> None:
    """A field or form on the list that no class of ours sends would be one too many."""
    sent = [request.params for name, (request, _) in SENT.items() if name.startswith(venue)]
    fields = {field for body in sent for field in body}
    if venue == "kraken":
        assert fields == on_the_wire._KRAKEN_FIELDS
        return
    assert fields == on_the_wire._COINBASE_FIELDS
    forms: dict[str, set[str]] = {}
    for body in sent:
        for form, terms in body["order_configuration"].items():
            forms.setdefault(form, set()).update(terms)
    assert forms == on_the_wire._COINBASE_FORMS


def test_amendments_cancels_and_the_switch_are_read_as_they_are_sent() -> None:
    assert kraken_amendment(AMENDED.params) == WireAmendment("OV1", D(100), None, D("0.0950"), DEADLINE_MS)
    both = amend_request(replace(KRAKEN_STOP_LIMIT, stop=D("0.0950")), "OV1")
    assert kraken_amendment(both.params) == WireAmendment(
        "OV1", D(100), D("0.0880"), D("0.0950"), DEADLINE_MS
    )
    for venue, read in CANCELS.items():
        assert read(cancel_request(doge_order(venue, "ms1"), "OV1").params) == "OV1"
    assert kraken_cancel(cancel_request(doge_order("kraken", "ms1"), "").params) == "ms1"
    assert [kraken_switch(switch_request(seconds).params) for seconds in (0, 60)] == [0, 60]


def test_an_order_for_a_portfolio_that_is_named_is_not_signed() -> None:
    """The key says which portfolio is traded; an order into another one would be outside every limit."""
    client = open_client("coinbase")
    sent: list[dict[str, Any]] = []

    def record(path: str, api: Any, method: str, params: dict[str, Any], config: Any = None) -> None:
        sent.append(params)

    client.fetch2 = record
    Coinbase(client, portfolio="other").send(approved(doge_order("coinbase", "ms1")))
    assert refused(lambda: ORDERS["coinbase"](sent[0]))


# Whatever else could stand in a request. A value None takes the field away.

ADDED = {
    "leverage": "5:1",
    "reduce_only": "true",
    "userref": "1",
    "trigger": "index",
    "displayvol": "1",
    "starttm": "+60",
    "validate": "true",
    "close[ordertype]": "limit",
    "close[price]": "0.2",
    "close": {"ordertype": "limit"},
    "stptype": "cancel-newest",
    "asset_class": "tokenized_asset",
    "nonce": "1",
    "otp": "1",
    "maxRetriesOnFailure": 5,
    "margin": "true",
    "": "",
}
BAD_AMOUNTS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "sNaN",
    "-1",
    "0",
    "0.000",
    "-0",
    "+0.1010",
    "#0.1",
    "5%",
    "1e2",
    "1E+2",
    "1e400",
    "1_000",
    " 100",
    "100 ",
    "100\n",
    "0x10",
    ".5",
    "5.",
    "1,000",
    "١٠٠",
    "1" * 31,
    "0." + "1" * 31,
    "",
    "text",
    100,
    100.0,
    True,
    ["100"],
    None,
)
KRAKEN_BAD: dict[str, dict[str, Any]] = {
    "market order": {"ordertype": "market", "price": None, "timeinforce": None},
    "market order with a price": {"ordertype": "market"},
    "take-profit": {"ordertype": "take-profit"},
    "trailing stop": {"ordertype": "trailing-stop"},
    "settle position": {"ordertype": "settle-position"},
    "iceberg": {"ordertype": "iceberg"},
    "other case": {"ordertype": "LIMIT"},
    "no kind": {"ordertype": None},
    "no flags": {"oflags": None},
    "fee in the coin": {"oflags": "fcib"},
    "post only": {"oflags": "fciq,post"},
    "volume in quote": {"oflags": "fciq,viqc"},
    "no protection": {"oflags": "nompp,fciq"},
    "until cancelled": {"timeinforce": "GTC"},
    "until cancelled, unsaid": {"timeinforce": None},
    "until a time that is not said": {"timeinforce": "GTD"},
    "at once, until a time": {"expiretm": "1762820300"},
    "until some time": {"timeinforce": "GTD", "expiretm": "+60"},
    "until no time": {"timeinforce": "GTD", "expiretm": "tomorrow"},
    "until a number": {"timeinforce": "GTD", "expiretm": 1762820300},
    "a second price": {"price2": "0.1"},
    "a deadline some time ahead": {"deadline": "now"},
    "a deadline in days": {"deadline": "180d"},
    "a deadline that is no day": {"deadline": "2025-13-41T00:00:00Z"},
    "a deadline elsewhere": {"deadline": "2025-11-11T00:17:09+14:00"},
    "no id": {"cl_ord_id": None},
    "an empty id": {"cl_ord_id": ""},
    "an id that is none": {"cl_ord_id": 7},
    "no pair": {"pair": None},
    "no side": {"type": None},
    "no price": {"price": None},
    "no volume": {"volume": None},
}
KRAKEN_STOP_BAD: dict[str, dict[str, Any]] = {
    "a stop that expires": {"timeinforce": "GTD", "expiretm": "1762820300"},
    "a stop that is over at once": {"timeinforce": "IOC"},
    "a stop that has an end": {"expiretm": "1762820300"},
    "a take-profit with a stop's terms": {"ordertype": "take-profit"},
    "a trailing stop with a stop's terms": {"ordertype": "trailing-stop"},
    "a market order with a stop's terms": {"ordertype": "market"},
    "a stop with a second price": {"price2": "0.0880"},
    "a stop-limit without a limit": {"ordertype": "stop-loss-limit"},
    "a stop without a trigger": {"price": None},
}


AMENDMENT_BAD: tuple[dict[str, Any], ...] = (
    {"order_qty": None},
    {"order_qty": "0"},
    {"trigger_price": "+1"},
    {"limit_price": "5%"},
    {"txid": None},
    {"txid": ["OV1"]},
    {"deadline": "now"},
    {"post_only": "true"},
    {"pair": "XDGUSD"},
)
WHOLE_BODIES: dict[str, tuple[dict[str, Any], ...]] = {
    "kraken_cancel": (
        {},
        {"userref": "1"},
        {"txid": "OV1", "cl_ord_id": "ms1"},
        {"txid": 7},
        {"txid": ["OV1"]},
        {"txid": ""},
    ),
    "kraken_switch": ({}, {"timeout": 60}, {"timeout": "-1"}, {"timeout": "6e1"}, {"timeout": "60.5"}),
    "coinbase_cancel": (
        {},
        {"order_ids": []},
        {"order_ids": ["a", "b"]},
        {"order_ids": "a"},
        {"order_ids": [7]},
    ),
}


def refused(read: Callable[[], object]) -> bool:
    """Whether the signer does not understand it; it must not stumble over it either."""
    try:
        read()
    except SignerRefusedError as error:
        assert error.rule == "form"
        return True
    return False


def strange_requests() -> dict[str, tuple[str, Mapping[str, Any]]]:
    """By name: the function that reads it, and the body."""
    made: dict[str, tuple[str, Mapping[str, Any]]] = {}
    entry, stop = SENT["kraken entry"][0], SENT["kraken stop"][0]
    for name, changed in KRAKEN_BAD.items():
        made[f"kraken: {name}"] = ("kraken_order", entry.with_params(**changed).params)
    for name, changed in KRAKEN_STOP_BAD.items():
        made[f"kraken: {name}"] = ("kraken_order", stop.with_params(**changed).params)
    for field, value in ADDED.items():
        for name, request, read in (
            ("kraken entry", entry, "kraken_order"),
            ("kraken stop", stop, "kraken_order"),
            ("kraken amendment", AMENDED, "kraken_amendment"),
            ("kraken cancel", cancel_request(doge_order("kraken", "ms1"), "OV1"), "kraken_cancel"),
            ("kraken switch", switch_request(60), "kraken_switch"),
            ("coinbase entry", SENT["coinbase entry"][0], "coinbase_order"),
            ("coinbase cancel", cancel_request(doge_order("coinbase", "ms1"), "OV1"), "coinbase_cancel"),
        ):
            made[f"{name} with {field or 'no name'}"] = (read, {**request.params, field: value})
    for each in BAD_AMOUNTS:
        for field in ("price", "volume"):
            made[f"kraken {field} {each!r}"] = ("kraken_order", entry.with_params(**{field: each}).params)
    for changed in AMENDMENT_BAD:
        made[f"kraken amendment {changed}"] = ("kraken_amendment", AMENDED.with_params(**changed).params)
    for read, bodies in WHOLE_BODIES.items():
        made |= {f"{read} {body}": (read, body) for body in bodies}
    return made | strange_at_coinbase()


def strange_at_coinbase() -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Its orders have a form inside."""
    body, until = SENT["coinbase entry"][0].params, SENT["coinbase entry until"][0].params
    sell, buy = SENT["coinbase stop"][0].params, SENT["coinbase short's stop"][0].params
    ioc = body["order_configuration"]["sor_limit_ioc"]
    forms: dict[str, Any] = {
        "no form": {},
        "two forms": {**body["order_configuration"], **until["order_configuration"]},
        "market": {"market_market_ioc": {"base_size": "100"}},
        "market in quote": {"market_market_ioc": {"quote_size": "100"}},
        "until cancelled": {"limit_limit_gtc": {**ioc, "post_only": False}},
        "bracket": {"trigger_bracket_gtc": {**ioc, "stop_trigger_price": "0.09"}},
        "all or nothing": {"limit_limit_fok": ioc},
        "twap": {"twap_limit_gtd": ioc},
        "stop until": {"stop_limit_stop_limit_gtd": ioc},
        "in quote": {"sor_limit_ioc": {"quote_size": "100", "limit_price": "0.1"}},
        "reduce only": {"sor_limit_ioc": {**ioc, "reduce_only": True}},
        "a text": "sor_limit_ioc",
        "a list": ["sor_limit_ioc"],
        "a form that is a text": {"sor_limit_ioc": "100"},
        "a form that is nothing": {"sor_limit_ioc": None},
        "nothing in it": {"sor_limit_ioc": {}},
    }
    made = {name: {**body, "order_configuration": form} for name, form in forms.items()}
    made |= {f"without {field}": {k: v for k, v in body.items() if k != field} for field in body}
    made |= {f"side {side!r}": {**body, "side": side} for side in ("buy", "Sell", "", "UNKNOWN", 1)}
    for field in (
        "retail_portfolio_id",
        "leverage",
        "margin_type",
        "preview_id",
        "attached_order_configuration",
    ):
        made[f"with {field}"] = {**body, field: "1"}
    for each in BAD_AMOUNTS:
        for field in ioc:
            made[f"{field} {each!r}"] = changed_terms(body, **{field: each})
        made[f"stop_price {each!r}"] = changed_terms(sell, stop_price=each)
    for end in ("now", "1d", "tomorrow", 1762820300, "2025-11-11", "2025-02-30T00:00:00Z", None):
        made[f"until {end!r}"] = changed_terms(until, end_time=end)
    for post in (True, "false", 0, None):
        made[f"post_only {post!r}"] = changed_terms(until, post_only=post)
    for name, stop, wrong in (
        ("sell", sell, "STOP_DIRECTION_STOP_UP"),
        ("buy", buy, "STOP_DIRECTION_STOP_DOWN"),
    ):
        for direction in (wrong, "", None, "UNKNOWN_STOP_DIRECTION", wrong.lower()):
            made[f"{name} stop, direction {direction!r}"] = changed_terms(stop, stop_direction=direction)
    return {f"coinbase: {name}": ("coinbase_order", order) for name, order in made.items()}


def changed_terms(body: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """With other terms inside its form; None takes one away."""
    ((form, terms),) = body["order_configuration"].items()
    new = {name: value for name, value in {**terms, **changed}.items() if value is not None}
    return {**body, "order_configuration": {form: new}}


STRANGE = strange_requests()


@pytest.mark.parametrize("name", STRANGE)
def test_what_no_class_of_ours_would_send_is_not_signed(name: str) -> None:
    read, body = STRANGE[name]
    assert refused(lambda: getattr(on_the_wire, read)(body))


def signed_by(module: types.ModuleType) -> list[str]:
    """The strange requests that a module does not refuse in so many words."""

    def passes(read: str, body: Mapping[str, Any]) -> bool:
        try:
            return not refused(lambda: getattr(module, read)(body))
        except Exception:
            return True  # it stumbles: not refused either

    return [name for name, (read, body) in STRANGE.items() if passes(read, body)]


def test_each_rule_that_is_taken_out_lets_something_strange_through() -> None:
    found = dict(mutants(on_the_wire, ("_only", "_one_of", "_none_of")))
    assert len(found) > 15
    assert [name for name, module in found.items() if not signed_by(module)] == []


@settings(deadline=None)
@given(
    body=st.dictionaries(
        st.sampled_from(sorted(on_the_wire._KRAKEN_FIELDS)),
        st.text(max_size=8)
        | st.none()
        | st.integers()
        | st.sampled_from(["limit", "fciq", "IOC", "1", "GTD"]),
    )
)
def test_whatever_comes_is_an_order_or_refused(body: dict[str, Any]) -> None:
    """Never a traceback."""
    if not refused(lambda: kraken_order(body)):
        order = kraken_order(body)
        assert order.size > 0
        assert (order.price or order.trigger or Decimal(0)) > 0
