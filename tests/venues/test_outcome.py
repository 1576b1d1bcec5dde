"""What an order call's answer or error proves: one row a case."""

from __future__ import annotations

import pytest

from memesnipe_cli.errors import NetworkError
from memesnipe_cli.venues.outcome import Accepted, Refused, Unknown, outcome_of_answer, outcome_of_error
from memesnipe_cli.venues.refusals import COINBASE_REFUSALS, KRAKEN_REFUSALS

UNKNOWN = "unknown"

# the venue's answer in a ccxt error -> our word, or unknown
KRAKEN_CASES = {
    "EOrder:Insufficient funds": "insufficient_funds",
    "EOrder:Order minimum not met": "below_minimum",
    "EOrder:Cost minimum not met": "below_minimum",
    "EGeneral:Invalid arguments:volume": "invalid_order",
    "EGeneral:Invalid arguments:price": "invalid_order",
    "EOrder:Invalid price:Invalid price argument": "invalid_order",
    "EQuery:Unknown asset pair": "unknown_product",
    "EGeneral:Permission denied": "permission_denied",
    "EService:Market in cancel_only mode": "market_mode",
    "EService:Market in post_only mode": "market_mode",
    "EOrder:Orders limit exceeded": "too_many_orders",
    "EAPI:Rate limit exceeded": UNKNOWN,
    "EOrder:Rate limit exceeded": UNKNOWN,
    "EAPI:Invalid nonce": UNKNOWN,
    "EAPI:Invalid key": UNKNOWN,
    "EAPI:Invalid signature": UNKNOWN,
    "EService:Unavailable": UNKNOWN,
    "EService:Busy": UNKNOWN,
    "EService:Deadline elapsed": UNKNOWN,
    "EGeneral:Internal error": UNKNOWN,
    "EGeneral:Temporary lockout": UNKNOWN,
    "EOrder:Unknown order": UNKNOWN,
    "EOrder:Duplicate cl_ord_id": UNKNOWN,
    "EGeneral:Invalid arguments:cl_ord_id": UNKNOWN,
    "ESomething:Never seen": UNKNOWN,
}

COINBASE_CASES = {
    '{"success":false,"error_response":{"error":"INSUFFICIENT_FUND"}}': "insufficient_funds",
    '{"success":false,"error_response":{"error":"UNKNOWN_FAILURE_REASON",'
    '"preview_failure_reason":"PREVIEW_INSUFFICIENT_FUND"}}': "insufficient_funds",
    '{"success":false,"error_response":{"error":"INVALID_SIZE_PRECISION"}}': "invalid_order",
    '{"success":false,"error_response":{"error":"UNSUPPORTED_ORDER_CONFIGURATION"}}': "invalid_order",
    '{"error":"INVALID_ARGUMENT","message":"product_id"}': "invalid_order",
    '{"error":"PERMISSION_DENIED","message":"no"}': "permission_denied",
    '{"success":false,"error_response":{"error":"UNKNOWN_FAILURE_REASON","message":""}}': UNKNOWN,
    '{"error":"INTERNAL","message":"oh"}': UNKNOWN,
    '{"error":"rate_limit_exceeded","message":"too many"}': UNKNOWN,
    '{"error":"unauthorized","message":""}': UNKNOWN,
    '{"error":"INVALID_ARGUMENT","message":"client_order_id is in use"}': UNKNOWN,
    "<html>Bad gateway {</html>": UNKNOWN,
    "{}": UNKNOWN,
    "": UNKNOWN,
}


def verdict(error: BaseException, refusals: dict[str, str]) -> str:
    said = outcome_of_error(error, refusals)
    assert not isinstance(said, Accepted)
    return said.reason if isinstance(said, Refused) else UNKNOWN


@pytest.mark.parametrize(("words", "expected"), KRAKEN_CASES.items())
def test_what_krakens_words_prove(words: str, expected: str) -> None:
    assert verdict(NetworkError(f'kraken {{"error":["{words}"]}}'), KRAKEN_REFUSALS) == expected


@pytest.mark.parametrize(("body", "expected"), COINBASE_CASES.items())
def test_what_coinbases_words_prove(body: str, expected: str) -> None:
    assert verdict(NetworkError(f"coinbase {body}"), COINBASE_REFUSALS) == expected


@pytest.mark.parametrize("venue_id", [None, "", 7, ["O1"], {}])
def test_an_answer_that_does_not_name_the_order_proves_nothing(venue_id: object) -> None:
    assert isinstance(outcome_of_answer(venue_id), Unknown)


def test_an_answer_that_names_the_order_is_an_acceptance() -> None:
    assert outcome_of_answer("OXYZ") == Accepted("OXYZ")
