"""A hostile venue on this machine that keeps its own book: Kraken's or Coinbase's REST wire, for the real ccxt.

    from venue_server import VenueServer, open_client

    with VenueServer("kraken", {"USD": "1000", "DOGE": "5000"}) as venue:   # the user's own coins, too
        client = open_client(venue)                                        # sync ccxt.kraken, keyed
        venue.fail("timeout", where="AddOrder", when="after")              # accepted, and the answer is lost
        ...                                                                # let the trader run
        venue.price("DOGE/USD", "0.0899", "0.0901", depth="50")            # triggers stops, fills what rests
        assert not venue.oracle.doubled() and not venue.oracle.naked_positions()
        assert not venue.oracle.sold_more_than()
        venue.oracle.assert_books_agree(Books(trades=...))

Where things live:

- `venue.py`: HostileVenue, all that a test may do to it: price, faults, modes, rights, clock, deposits, the
  user's own orders, invisible orders, late fills, cancels that lose. `server.py`: VenueServer, the same with
  a socket. `control.py`: the same over HTTP (`/_control/...`) for a trader that is a process of its own and
  may be killed; the account stays here.
- `ledger.py`: every order ever accepted, every trade, every movement, the account after each step.
  `oracle.py`: questions to it. `matching.py`: prices, steps, minimums, holds, fills.
- `market.py`: what others trade (`venue.trade`), in the candles and the public trades. `stream.py`,
  `kraken_stream.py`, `coinbase_stream.py`, `websocket.py`: the public WebSocket channels at the same address, and
  what goes wrong there (`venue.stream_fail`).
- `faults.py`: what can go wrong, before, after or later than the request is carried out.
- `kraken*.py`, `coinbase*.py`: the two wire formats. `keys.py`: signatures, really checked (HMAC; ES256).

Simplifications, all on purpose: the book is a ladder of five steps; a market order that it cannot take whole
is cancelled with what it got; stops are set off by the last price (the mid unless given); a perpetual's margin
is a quarter of what it opens, and what it earns is paid at once; brackets and conditional close orders are
refused; WebSocket is for public data only. Fees are those of the first tier. A sale on Kraken without `fciq` pays
its fee in coins, and the trade still shows it in the quote, so that only the ledger tells.

A mistake of the venue itself (a balance below zero, a hold above its balance, an unforeseen error) breaks the
connection and is raised when the server is left, so that it cannot pass for one of its faults.
"""

from .clients import open_client, options
from .control import RemoteControl
from .faults import AMBIGUOUS, BROKEN, SHAPES, SPOKEN
from .oracle import BookedTrade, Books, Oracle
from .orders import Order, Refusal, Trade
from .server import VenueServer
from .venue import HostileVenue

__all__ = [
    "AMBIGUOUS",
    "BROKEN",
    "SHAPES",
    "SPOKEN",
    "BookedTrade",
    "Books",
    "HostileVenue",
    "Oracle",
    "Order",
    "Refusal",
    "RemoteControl",
    "Trade",
    "VenueServer",
    "open_client",
    "options",
]
