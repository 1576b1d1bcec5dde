"""Canonical JSON: the one spelling of a value whose bytes are hashed.

Sorted ASCII keys, no spaces, UTF-8, integers below 2^53 and no floats, so that any JSON library in any
language writes the same bytes (a subset of RFC 8785). Amounts travel as decimal strings, statistics as
shortest-repr strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from memesnipe_cli.errors import DataError

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

LARGEST_INTEGER = 2**53 - 1


def plain(value: JsonValue, where: str = "body") -> Any:
    """A copy of `value` made of dict, list, str, int, bool and None only. `where` names it in errors.

    Raises DataError for floats, integers of 2^53 and more, keys that are not ASCII text, and foreign types.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise DataError(f"{where} is {value}, beyond 2^53", "write integers of that size as text")
        return int(value)
    if isinstance(value, float):
        raise DataError(
            f"{where} is the float {value!r}", "write amounts as decimal text, statistics as repr() text"
        )
    if isinstance(value, Mapping):
        copied = {}
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise DataError(f"{where} has the key {key!r}", "keys are ASCII text")
            copied[key] = plain(inner, f"{where}.{key}")
        return copied
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(inner, f"{where}[{index}]") for index, inner in enumerate(value)]
    raise DataError(
        f"{where} is a {type(value).__name__}: {value!r}", "a journal holds text, integers, true, false, null"
    )


def encode(value: Any) -> bytes:
    """The canonical bytes of a `plain` value. Raises DataError for text that is not valid Unicode."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, RecursionError) as problem:
        raise DataError(
            f"a value cannot be written as JSON: {problem}", "look for broken Unicode text"
        ) from problem
