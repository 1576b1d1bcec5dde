"""What a person or a file hands in -> a key: JSON as venues give it for download, or lines of text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import KINDS, is_venue, is_wallet
from memesnipe_cli.vault.shapes import LONGEST_SECRET
from memesnipe_cli.vault.wallet_shapes import wallet_text

MOST_BYTES = 4 * LONGEST_SECRET
_IDS = ("name", "id", "key", "apiKey", "api_key")
_SECRETS = ("secret", "privateKey", "private_key", "apiSecret", "api_secret")


def parse_material(owner: str, data: bytes, kind: str) -> Material:
    """A key out of bytes: `{"name": ..., "secret": ...}`, a venue's downloaded JSON, or two lines (a PEM may take
    more); for a data source one line or `{"secret": ...}`; for a wallet see wallet_shapes.py. `kind` counts unless the
    JSON names one.

    Raises ConfigError, which repeats nothing of what was given. The shape of the key is not checked here.
    """
    if len(data) > MOST_BYTES:
        raise _unread(owner, f"more than {MOST_BYTES} bytes were given")
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _unread(owner, "what was given is no text") from None
    if not text:
        raise _unread(owner, "nothing was given")
    if is_wallet(owner):
        return Material("", wallet_text(owner, text), kind)
    return _of_json(owner, text, kind) if text.startswith("{") else _of_lines(owner, text, kind)


def _of_json(owner: str, text: str, kind: str) -> Material:
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise _unread(owner, "what was given begins like JSON and is not")
    secret = _first(given, _SECRETS)
    name = _first(given, _IDS)
    if not is_venue(owner) and not secret:
        name, secret = "", name
    named = given.get("kind")
    if named is not None and named not in KINDS:
        raise _unread(owner, "`kind` of the JSON is not one of trade, read, watchdog")
    return Material(name, secret, named if is_venue(owner) and named else kind)


def _first(given: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = next((given[name] for name in names if given.get(name)), "")
    return found.strip() if isinstance(found, str) else ""


def _of_lines(owner: str, text: str, kind: str) -> Material:
    first, _, rest = text.partition("\n")
    first, rest = first.strip(), rest.strip()
    if not is_venue(owner):
        return (
            Material("", text, kind)
            if not rest or first.startswith("-----BEGIN")
            else Material(first, rest, kind)
        )
    if not rest or first.startswith("-----BEGIN"):
        raise _unread(owner, "only one of key name and secret was given")
    if "\n" in rest and "-----BEGIN" not in rest:
        raise _unread(owner, "more than two lines were given")
    return Material(first, rest, kind)


def _unread(owner: str, what: str) -> ConfigError:
    shape = (
        '{"name": ..., "secret": ...}, or two lines' if is_venue(owner) else 'one line, or {"secret": ...}'
    )
    return ConfigError(f"{owner}: {what}", f"give {shape}", code="key_shape")
