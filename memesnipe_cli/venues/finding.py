"""What a search for an order by our own id has come to. Pure: what was asked and answered is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from memesnipe_cli.venues.facts import Absent, Found, Unclear, VenueOrder


def ours_among(found: Iterable[VenueOrder], client_id: str, venue_id: str, looked_ms: int) -> Found:
    """The one order of all that were looked through which carries our id. venue_id: the venue's id where it has
    accepted the order before, which then cannot be absent."""
    each_once = {each.venue_id: each for each in found}
    ours = [each for each in each_once.values() if each.client_id == client_id]
    if len(ours) > 1:
        names = ", ".join(sorted(each.venue_id for each in ours))
        return Unclear(f"{len(ours)} orders carry the id {client_id}: {names}")
    if ours:
        return ours[0]
    if not venue_id:
        return Absent(looked_ms)
    known = by_venue_id(each_once.values(), client_id, venue_id)
    return known or Unclear(f"the order {venue_id} was accepted as {client_id} and is not shown any more")


def by_venue_id(found: Iterable[VenueOrder], client_id: str, venue_id: str) -> VenueOrder | None:
    """The order that the venue accepted under an id of its own, though it shows none of ours with it."""
    for each in found:
        if each.venue_id == venue_id and each.client_id in ("", client_id):
            return replace(each, client_id=client_id)
    return None


def named_by_filter(
    answered: Sequence[VenueOrder], of_nobody: Sequence[VenueOrder], client_id: str
) -> list[VenueOrder]:
    """`answered` to a question for one client id, `of_nobody` to the same for an id that no order has. A row without an
    id that only the first one holds is of that id: the venue looks at it, and does not repeat it."""
    others = {each.venue_id for each in of_nobody}
    return [
        replace(each, client_id=client_id) if not each.client_id and each.venue_id not in others else each
        for each in answered
    ]


def nameless(found: Iterable[VenueOrder], symbol: str, since_ms: int) -> list[str]:
    """The venue's ids of orders that could be ours, by symbol ("": any) and time, and carry no id at all."""
    return sorted(
        {
            each.venue_id
            for each in found
            if not each.client_id
            and symbol in ("", each.symbol)
            and (not each.created_ms or each.created_ms >= since_ms)
        }
    )
