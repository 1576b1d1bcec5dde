"""What every venue for orders can do. Paper and live venues stand behind it; the loop does not know which it has.

An order call is made once and never repeated by the venue's own code; it returns an Outcome and raises nothing but
what is wrong with the call itself. A question is repeated a few times under a deadline, and raises NetworkError where
no whole answer comes; `find` never raises, since what it says decides whether an order may be repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.facts import Product
from memesnipe_cli.venues.facts import (
    Balance,
    Fees,
    Found,
    Funding,
    KeyRights,
    VenueFill,
    VenueOrder,
    VenuePosition,
)
from memesnipe_cli.venues.flows import Flow
from memesnipe_cli.venues.outcome import Outcome
from memesnipe_cli.venues.traits import Traits


class Venue(Protocol):
    """One account at one venue."""

    @property
    def traits(self) -> Traits:
        """How this venue differs from others."""

    def send(
        self, approved: Approved, *, deadline_ms: int | None = None, expires_ms: int | None = None
    ) -> Outcome:
        """Sends an approved entry, reduction or protective order, once.

        deadline_ms: venue time after which it must not be accepted any more (where the venue takes one). expires_ms:
        when what is left of it is cancelled by the venue; None: at once, or never for a protective order.
        """

    def probe(self, approved: Approved, *, expires_ms: int | None = None) -> Outcome:
        """Sends an order that was sent before again, same id and same body, where the venue then answers with the
        first one. Unknown, and nothing sent, for what may not be sent twice at all: the exit of a perpetual that cannot
        be told to reduce only. Raises UsageError where it would make a second order."""

    def cancel(self, approved: Approved, venue_id: str) -> Outcome:
        """Takes an order back, once. `approved` is of the action cancel and carries the order's client id. Accepted
        means that the venue will cancel it, not that it can fill no more: ask `find` for that."""

    def amend_stop(self, approved: Approved, venue_id: str, *, deadline_ms: int | None = None) -> Outcome:
        """Gives a resting stop the quantity, trigger and limit of `approved`, without a gap, once. Accepted carries
        the id of the order, which stays. Raises UsageError where the venue cannot."""

    def find(self, client_id: str, *, venue_id: str = "", symbol: str = "", since_ms: int = 0) -> Found:
        """The order of a client id. venue_id: the venue's own, where it is known. since_ms: not created before."""

    def open_orders(self) -> Sequence[VenueOrder]:
        """Every open order of the account, ours or not."""

    def orders_of(self, venue_ids: Collection[str]) -> Sequence[VenueOrder]:
        """The orders with these ids of the venue's, ours or not. Raises NoSuchThingError for one that it has not."""

    def fills(self, since_ms: int) -> Sequence[VenueFill]:
        """Every trade of the account since then, oldest first, each trade id once."""

    def balances(self) -> Mapping[str, Balance]:
        """By currency. A currency that is not in it is unknown, never 0."""

    def flows(self, since_ms: int, currencies: Collection[str] = ()) -> Sequence[Flow]:
        """Deposits, withdrawals and whatever else moved balances and was no trade since then, oldest first. currencies:
        of these only, which may save questions; none named: of all."""

    def positions(self) -> Sequence[VenuePosition]:
        """Open perpetuals; empty where there are none or the venue has no such thing."""

    def server_time(self) -> int:
        """The venue's clock, ms UTC."""

    def key_rights(self) -> KeyRights:
        """What the key may do."""

    def fees(self, symbol: str) -> Fees:
        """What this account pays. Raises NetworkError where the venue does not say: take the profile's then."""

    def product(self, symbol: str) -> Product:
        """How the instrument is traded, and what it costs now. What the venue does not say is None there, its fee,
        too."""

    def status(self, symbol: str) -> str:
        """Whether the instrument can be traded now: see Product.status. One question."""

    def venue_status(self) -> str:
        """Whether the whole venue can be traded at now: online, post_only, cancel_only, maintenance."""

    def funding(self, symbol: str) -> Funding:
        """Of a perpetual. Raises UsageError for what is none."""

    def dead_man(self, seconds: int, fence: int = 0) -> None:
        """The venue cancels every order of the account unless told again within so many seconds; 0 switches it off.
        fence: the right to send (Approved.fence). Raises UsageError where the venue has none."""
