"""What is wrong with a profile, in words a person can act on: pydantic's complaints translated."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

# pydantic's error type -> our words, filled from the error's own context.
_WORDS = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "finite_number": "must be a finite number",
    "string_type": "must be text in quotes",
    "string_pattern_mismatch": "must match {pattern}",
    "bool_type": "must be true or false",
    "literal_error": "must be {expected}",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "value_error": "{error}",
}
_SECRET_WORDS = ("secret", "key", "token", "password", "passphrase")


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a profile: the key's path, what is wrong with its value, and what to do."""

    key: str
    message: str
    hint: str


def explain(detail: Mapping[str, Any], tree: type[BaseModel], path: Path) -> Problem:
    """One of pydantic's complaints about the profile in `path`, whose settings are described by `tree`.

    A value is shown only under a key we know: a stray key may be a secret that somebody put into the wrong
    file.
    """
    loc = tuple(str(part) for part in detail["loc"])
    key = ".".join(loc)
    if detail["type"] == "extra_forbidden":
        return _unknown_key(key, loc, tree)
    words = _WORDS.get(detail["type"])
    message = words.format(**detail.get("ctx", {})) if words else str(detail["msg"])
    given = detail["input"]
    if detail["type"] == "value_error" and not isinstance(given, str | int | float | Decimal):
        message = (
            f"{key}: {message}" if key else message
        )  # a rule about several keys, which names them itself
    else:
        message = f"{key} is {_shown(given)}: {message}"
    return Problem(key or "profile", message, f"edit {path}; docs/profiles.md says what each key means")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _unknown_key(key: str, loc: tuple[str, ...], tree: type[BaseModel]) -> Problem:
    known = _keys_at(loc[:-1], tree)
    near = difflib.get_close_matches(loc[-1], known, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    elif any(word in loc[-1].lower() for word in _SECRET_WORDS):
        hint = "a profile holds no secrets: take it out; keys belong in the OS keyring"
    else:
        hint = f"known here: {', '.join(known)}"
    return Problem(key, f"{key} is not a setting", hint)


def _keys_at(loc: tuple[str, ...], tree: type[BaseModel]) -> list[str]:
    """The keys that may stand at a place in the tree."""
    for part in loc:
        field = tree.model_fields.get(part)
        if field is None:
            continue  # the name of a venue, which stands for no field of its own
        tree = _model_in(field.annotation) or tree
    return list(tree.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings class in a field's annotation: `Account`, or `Venue` of `dict[str, Venue]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)
