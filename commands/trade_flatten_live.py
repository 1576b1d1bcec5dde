"""`memesnipe trade flatten` on a live account: sells through its venue, with a key from the vault."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from memesnipe_cli.cli import Run
from memesnipe_cli.errors import ConfigError
from memesnipe_cli.records import decimal_text, record

if TYPE_CHECKING:
    from memesnipe_cli.live.flattening import LiveFlatten
    from memesnipe_cli.market.live.feed import LiveFeed

_PRICES_S = 10.0  # how long a first price is waited for


def take_and_sell(
    run: Run,
    account: str,
    session: Mapping[str, Any],
    *,
    reason: str,
    strategy: str | None,
    symbol: str | None,
    key: str = "trade",
    by: str = "person",
) -> dict[str, Any]:
    """Take a live account over from its trader and sell what is named: the `flatten` record. The venue is opened first:
    a trader is not ended by somebody who cannot sell. Raises ConfigError, NetworkError, and as `taken_over` does."""
    from memesnipe_cli.commands.venue_access import open_venue

    from memesnipe_cli.live.flattening import flatten_live
    from memesnipe_cli.live.starting import KEY_USE
    from memesnipe_cli.risk.takeover import say_ended, taken_over

    store = run.store
    if run.profile.kind != "live" or run.profile.account.venue != session["venue"]:
        raise ConfigError(
            f"account {account!r} trades at {session['venue']}, and profile {run.profile.name} does not",
            f"name the live profile of {session['venue']}: --profile NAME",
        )
    with (
        open_venue(run, session["venue"], key, "flatten", account) as access,
        prices_of(run, session) as feed,
        taken_over(store.paths, account) as taken,
    ):
        store.journal(account).append(KEY_USE, access.key_use)
        report = flatten_live(
            store,
            account,
            run.profile,
            access.venue,
            feed,
            reason=reason,
            strategy=strategy,
            symbol=symbol,
            by=by,
            say=run.console.say,
        )
        say_ended(store.paths, account)
    return flatten_record(taken.words, report)


def flatten_record(trader: str, report: LiveFlatten) -> dict[str, Any]:
    """What was cancelled, sold and left, in the fields of a paper account's record."""
    cancelled = [
        {"strategy": name, "symbol": symbol, "id": order} for name, symbol, order in report.cancelled
    ]
    closed = [
        {
            "strategy": name,
            "symbol": symbol,
            "side": side,
            "qty": decimal_text(qty),
            "price": decimal_text(price),
            "fee": decimal_text(fee),
            "cash": decimal_text(qty * price * (1 if side == "long" else -1) - fee),
        }
        for name, symbol, side, qty, price, fee in report.closed
    ]
    left = [
        {"strategy": name, "symbol": symbol, "side": side, "qty": decimal_text(qty), "why": why}
        for name, symbol, side, qty, why in report.left
    ]
    return record(
        "flatten",
        account=report.account,
        session=report.session,
        paper=False,
        simulated=False,
        currency=report.currency,
        time=None,
        trader=trader,
        cancelled=cancelled,
        closed=closed,
        left=left,
        unsettled=report.unsettled,
        cash=decimal_text(report.cash),
    )


@contextmanager
def prices_of(run: Run, session: Mapping[str, Any]) -> Iterator[LiveFeed]:
    """Prices of what the session trades, the first of each waited for."""
    from memesnipe_cli.clock import now_ms, timeframe_ms
    from memesnipe_cli.engine.warm_up import last_closed
    from memesnipe_cli.market.live.venue_feed import open_feed

    base_ms = timeframe_ms(session["base"])
    feed = open_feed(
        session["venue"],
        session["symbols"],
        base_ms,
        run.store,
        base_url=run.profile.venue(session["venue"]).base_url,
        record=False,
        say=run.console.say,
    )
    try:
        feed.start(last_closed(now_ms(), base_ms))
        until = time.monotonic() + _PRICES_S
        while time.monotonic() < until and any(feed.quote(each) is None for each in session["symbols"]):
            feed.wait(0.1)
        yield feed
    finally:
        feed.close()
