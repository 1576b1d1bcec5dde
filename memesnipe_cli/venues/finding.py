"""What a search for an order by our own id has come to."""

from __future__ import annotations

from collections.abc import Iterable

from memesnipe_cli.venues.facts import Absent, Found, Unclear, VenueOrder


def ours_among(found: Iterable[VenueOrder], client_id: str, venue_id: str, looked_ms: int) -> Found:
    """The one order of all that were looked through which carries our id. venue_id: the venue's id where it has
    accepted the order before, which then cannot be absent."""
    ours = {each.venue_id: each for each in found if each.client_id == client_id}
    if len(ours) > 1:
        return Unclear(f"{len(ours)} orders carry the id {client_id}: {', '.join(sorted(ours))}")
    if ours:
        return next(iter(ours.values()))
    if venue_id:
        return Unclear(f"the order {venue_id} was accepted as {client_id} and is not shown any more")
    return Absent(looked_ms)
