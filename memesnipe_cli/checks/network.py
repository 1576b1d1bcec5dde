"""The network: whether the venues answer, and whether their clock is ours."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import partial

from memesnipe_cli import clock
from memesnipe_cli.checks.deadline import within
from memesnipe_cli.records import FindingRecord, finding

DEADLINE_S = 3.0
SKEW_WARNING_MS = 2_000
SKEW_ERROR_MS = 30_000

# A small public answer of each venue; only its Date header is read.
TIME_URLS = {
    "kraken": "https://api.kraken.com/0/public/Time",
    "coinbase": "https://api.coinbase.com/v2/time",
}


def check_venues(urls: Mapping[str, str] = TIME_URLS, deadline_s: float = DEADLINE_S) -> list[FindingRecord]:
    """One finding a venue (name -> address): reached or not, and how far its clock is from ours."""
    import httpx  # here, so that the deadline below is not spent on importing it

    answers = within(deadline_s, [partial(_skew_ms, url, deadline_s) for url in urls.values()])
    found = []
    for (venue, url), answer in zip(urls.items(), answers, strict=True):
        if isinstance(answer, tuple):
            found.append(_judge(url, *answer))
            continue
        if answer is None or isinstance(answer, httpx.TimeoutException):
            problem = f"did not answer within {deadline_s:g} s"
        else:
            problem = f"cannot be reached ({type(answer).__name__})"
        hint = "fine offline: paper trading on stored data needs no network"
        found.append(finding("venue", "warning", url, f"{venue} {problem}", hint))
    return found


def _judge(url: str, skew_ms: float | None, trip_ms: float) -> FindingRecord:
    if skew_ms is None:
        return finding("clock", "warning", url, "answered without a Date, so the clock was not compared")
    # A Date header counts whole seconds, and we do not know when within the round trip it was written.
    unsure = 500 + trip_ms / 2
    message = f"our clock is {skew_ms / 1000:+.1f} s from the venue's (within {unsure / 1000:.1f} s)"
    hint = "set the clock by NTP: venues refuse orders with a wrong time"
    if abs(skew_ms) > SKEW_ERROR_MS + unsure:
        return finding("clock", "error", url, message, hint)
    if abs(skew_ms) > SKEW_WARNING_MS + unsure:
        return finding("clock", "warning", url, message, hint)
    return finding("clock", "ok", url, message)


def _skew_ms(url: str, timeout_s: float) -> tuple[float | None, float]:
    """Our time minus the server's and the length of the round trip, in ms. Raises httpx errors."""
    import httpx

    sent = clock.now_ms()
    answer = httpx.get(url, timeout=timeout_s)
    received = clock.now_ms()
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp() * 1000 + 500
    except (KeyError, ValueError):
        return None, float(received - sent)
    return (sent + received) / 2 - theirs, float(received - sent)
