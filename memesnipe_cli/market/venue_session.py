"""One run against one venue: the client, its calls under one deadline, its product list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from memesnipe_cli import clock
from memesnipe_cli.errors import DataError
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.ccxt_client import check_symbol_known, instrument_of, load_markets, open_venue

if TYPE_CHECKING:
    from memesnipe_cli.store.store import Store
    from memesnipe_cli.store.tables import SeriesKey


class VenueSession:
    """Opens the client at once, asks for the product list on first need."""

    def __init__(
        self,
        venue: str,
        base_url: str | None,
        *,
        deadline_s: float,
        timeout_s: float,
        say: Callable[[str], None],
    ) -> None:
        self.exchange = open_venue(venue, base_url, timeout_s)
        self.caller = Caller(self.exchange, timeout_s=timeout_s, deadline=Deadline(deadline_s), say=say)
        self._base_url = base_url
        self._say = say

    def prepare(self, store: Store, symbol: str) -> None:
        """See that the venue lists `symbol`, and keep how it is traded. Raises UsageError, NetworkError."""
        if not self.exchange.markets:
            load_markets(self.exchange, self.caller, store.paths.cache, self._base_url)
        check_symbol_known(self.exchange, symbol)
        try:
            store.lake.write_instrument(instrument_of(self.exchange, symbol))
        except DataError as error:
            self._say(f"{error.message}: {error.hint}")

    def slots(self, key: SeriesKey, since_ms: int, until_ms: int | None) -> int:
        """How many bars the stretch has room for: the length of a progress bar."""
        return max(0, ((until_ms or clock.now_ms()) - since_ms) // clock.timeframe_ms(key.timeframe))
