"""The signer of a trader that is killed over and over: the real service, judge and client, in a child that is forked
rather than started, so that a restart takes moments, and that keeps the venue's time."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from decimal import Decimal

from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.market.ccxt_client import load_markets, open_venue
from memesnipe_cli.profile import Profile
from memesnipe_cli.risk.bounds import Bounds
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.signer import frames
from memesnipe_cli.signer.books import BooksFold
from memesnipe_cli.signer.client import Signer, SignerOrder
from memesnipe_cli.signer.hardening import die_with_parent
from memesnipe_cli.signer.held import HeldSecret
from memesnipe_cli.signer.judge import Judge
from memesnipe_cli.signer.venue_keys import use_key
from memesnipe_cli.signer.venue_service import VenueService
from memesnipe_cli.store.following import Following
from memesnipe_cli.store.store import Store
from memesnipe_cli.venues.coinbase_products import Products
from memesnipe_cli.venues.traits import traits_of

Now = Callable[[], int]


class Forked:
    """A child as the client looks at it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        until = time.monotonic() + (60.0 if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("the signer", timeout or 60.0)
            time.sleep(0.01)
        return code

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


class ForkedSigner(Signer):
    """A signer with the loopback venue's key."""

    def __init__(
        self, venue: str, base_url: str, store: Store, account: str, profile: Profile, now: Now
    ) -> None:
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        child = os.fork()
        if not child:
            ours.close()
            _serve(theirs, parent, venue, base_url, store, account, profile, now)
            os._exit(0)
        theirs.close()
        self._talk(ours, Forked(child), SignerOrder(venue, "trade", "", "", account))


def _serve(
    link: socket.socket,
    parent: int,
    venue: str,
    base_url: str,
    store: Store,
    account: str,
    profile: Profile,
    now: Now,
) -> None:
    die_with_parent(parent)
    frames.read(link)
    exchange = open_venue(venue, base_url, 5.0)
    caller = Caller(exchange, timeout_s=5.0, deadline=Deadline(10.0))
    load_markets(exchange, caller, store.root.parent / "cache", base_url)
    exchange.seconds, exchange.milliseconds = lambda: now() // 1000, now
    key_id, secret = (
        (KRAKEN_KEY, base64.b64decode(KRAKEN_SECRET))
        if venue == "kraken"
        else (COINBASE_KEY, coinbase_secret().encode())
    )
    use_key(exchange, key_id, HeldSecret(lambda page: _put(page, secret)))
    products, latch = Products(exchange), LatchFile(store.paths, account)

    def product(symbol: str) -> tuple[str, Decimal]:
        return products.id_of(symbol), products.unit(symbol)

    judge = Judge(
        traits_of(venue),
        Bounds.of(profile),
        Following(store.journal(account).folder, BooksFold()).now,
        lambda: latch.read(must_exist=True),
        product,
        now=now,
    )
    service = VenueService(link, exchange, key_id, judge)
    frames.write(link, {"kind": "trade", "home": "fork", "fingerprint": "test", "memory": {}})
    service.run()


def _put(page: memoryview, secret: bytes) -> int:
    page[: len(secret)] = secret
    return len(secret)
