"""What is known to be secret reaches no log, in no form, and the objects that hold it show nothing of it."""

from __future__ import annotations

import base64
import copy
import io
import json
import logging
import pickle
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from venue_server import VenueServer, open_client
from venue_server.keys import KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.vault import redaction
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.reading import VaultKey
from memesnipe_cli.vault.redaction import HIDDEN, RedactingFilter, Redactor, protect, protect_logging

SECRET = "s3cret/with+signs= and a blank"  # noqa: S105


@pytest.fixture
def redactor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redactor]:
    """A redactor of this test alone, in the place of the process's; no handler keeps it."""
    made = Redactor()
    monkeypatch.setattr(redaction, "REDACTOR", made)
    yield made
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        assert handler is not None
        handler.filters = [each for each in handler.filters if not isinstance(each, RedactingFilter)]


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        quote(SECRET, safe=""),
        urlencode({"q": SECRET}),
        json.dumps({"q": SECRET}),
        repr({"q": SECRET}),
    ],
)
def test_a_secret_is_found_in_every_form(written: str) -> None:
    redactor = Redactor()
    assert redactor.redact(f"before {written} after") == f"before {written} after"  # the control: it is there
    redactor.register(SECRET)
    hidden = redactor.redact(f"before {written} after")
    assert HIDDEN in hidden and hidden.startswith("before ") and hidden.endswith(" after")
    for part in (
        SECRET,
        "s3cret",
        SECRET.encode().hex()[:16],
        base64.b64encode(SECRET.encode()).decode()[:16],
    ):
        assert part not in hidden


def test_a_pem_is_found_by_any_of_its_lines_and_a_binary_secret_by_its_bytes() -> None:
    redactor = Redactor()
    redactor.register(coinbase_secret(), KRAKEN_SECRET)
    body = [line for line in coinbase_secret().splitlines() if "-----" not in line]
    for text in (coinbase_secret(), json.dumps(coinbase_secret()), *body, "".join(body)):
        assert not [line for line in body if line in redactor.redact(text)]
    raw = base64.b64decode(KRAKEN_SECRET)
    assert raw.hex() not in redactor.redact(raw.hex())


@pytest.mark.parametrize(
    "line",
    [
        "headers: {'API-Key': 'abc-123', 'API-Sign': 'Zm9v/YmFy=='}",
        "API-Key: abc-123\r\nAPI-Sign: Zm9v/YmFy==\r\n",
        "{b'API-Sign': b'Zm9v/YmFy==', b'API-Key': b'abc-123'}",
        "Authorization: Bearer Zm9v/YmFy==.abc-123",
        '{"Authorization": "Bearer Zm9v/YmFy==.abc-123"}',
        "GET /v2/api?chainid=1&apikey=abc-123&page=1",
        "cb-access-sign=Zm9v/YmFy==",
    ],
)
def test_credentials_in_headers_are_hidden_whoever_s_they_are(line: str) -> None:
    hidden = Redactor().redact(line)
    assert "abc-123" not in hidden and "Zm9v" not in hidden and HIDDEN in hidden
    assert ("page=1" in hidden) == ("page=1" in line)


def test_a_handler_writes_no_secret_in_message_arguments_or_traceback(redactor: Redactor) -> None:
    paper = io.StringIO()
    handler = logging.StreamHandler(paper)
    logger = logging.getLogger("test.redaction")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        logger.warning("key %s", SECRET)
        assert SECRET in paper.getvalue()  # the control
        paper.truncate(0)
        redactor.register(SECRET)
        protect_logging()
        protect([handler])
        assert len([each for each in handler.filters if isinstance(each, RedactingFilter)]) == 1
        logger.warning("key %s", SECRET)
        logger.warning("does not fit %d", SECRET)
        logger.warning({"a": SECRET})
        try:
            raise ValueError(f"bad key {SECRET}")
        except ValueError:
            logger.exception("failed")
        assert "s3cret" not in paper.getvalue()
        assert "ValueError: bad key [hidden]" in paper.getvalue()
    finally:
        logger.removeHandler(handler)


def test_a_client_that_logs_everything_shows_neither_key_nor_signature(redactor: Redactor) -> None:
    paper = io.StringIO()
    handler = logging.StreamHandler(paper)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with VenueServer("kraken") as venue:
            client = open_client(venue)
            client.fetch_balance()
            assert KRAKEN_KEY in paper.getvalue()  # the control: ccxt logs the headers at this level
            paper.truncate(0)
            protect([handler])
            client.fetch_balance()
            assert "API-Sign" in paper.getvalue()
            signature = client.last_request_headers["API-Sign"]
            assert signature not in paper.getvalue() and KRAKEN_KEY not in paper.getvalue()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def test_the_objects_that_hold_a_key_show_nothing_of_it() -> None:
    material = Material("the-id", SECRET, "trade")
    key = VaultKey("kraken", "trade", "trade", "file", "0123-4567-89ab-cdef", "the-id", SECRET)
    assert "0123-4567-89ab-cdef" in repr(key)
    for each in (material, key):
        for text in (repr(each), str(each), f"{each}"):
            assert SECRET not in text and "the-id" not in text
        with pytest.raises(TypeError):
            vars(each)
        for take in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError) as refused:
                take(each)
            assert SECRET not in str(refused.value)
    redactor = Redactor()
    redactor.register(SECRET)
    assert SECRET not in repr(redactor)
