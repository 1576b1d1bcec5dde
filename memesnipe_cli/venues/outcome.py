"""What became of an order call: accepted, refused or unknown.

Refused only where the venue's own words prove it (refusals.py); accepted only where the answer names the order;
everything else is unknown, since the order may exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from memesnipe_cli.venues.refusals import ABOUT_THE_ID


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue took it and names it."""

    venue_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Proven: the venue did not take it. reason: our word; words: the venue's."""

    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may exist. why: what was seen, for a person."""

    why: str


Outcome: TypeAlias = Accepted | Refused | Unknown


def outcome_of_answer(venue_id: object) -> Outcome:
    """Of a call that returned: `venue_id` is what stands where the venue names the order."""
    if isinstance(venue_id, str) and venue_id:
        return Accepted(venue_id)
    return Unknown("the answer does not name the order")


def outcome_of_error(error: BaseException, refusals: Mapping[str, str]) -> Outcome:
    """Of a call that raised. The class of the error says nothing: the venue's own words decide, if there are any."""
    text = str(error)
    said = list(venue_words(text))
    for words in said:
        if any(part in words.lower() for part in ABOUT_THE_ID):
            return Unknown(f"{type(error).__name__}: {words}")
    for words in said:
        for beginning, reason in refusals.items():
            if words.startswith(beginning):
                return Refused(reason, words)
    shown = "; ".join(said) or " ".join(text.split())[:200]
    return Unknown(f"{type(error).__name__}: {shown}")


def venue_words(text: str) -> Iterator[str]:
    """The error words in the text of a ccxt error, which ends in the venue's answer where there was one."""
    start = text.find("{")
    if start < 0:
        return
    try:
        answer = json.loads(text[start:])
    except ValueError:
        return
    if not isinstance(answer, dict):
        return
    yield from _texts(answer.get("error"))
    inner = answer.get("error_response")
    if isinstance(inner, dict):
        for name in ("preview_failure_reason", "new_order_failure_reason", "error", "message"):
            yield from _texts(inner.get(name))
    for name in ("message", "error_details"):
        yield from _texts(answer.get(name))


def _texts(value: object) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and each:
            yield each
