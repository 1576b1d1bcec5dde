"""How well orders and data go: fed with what happens, it says what is wrong and whether that keeps entries back.

Nothing here stops an exit, a protective order or a cancel: `block` is asked for entries only. No clock inside: times
are handed in, in milliseconds (live: monotonic or UTC, one of them throughout; in a replay: the tape's).

What cannot be read (None, NaN, a negative latency) makes its check unknown, and unknown keeps entries back. What was
measured once must go on being measured: after WINDOW_MS without news it is unknown. What was never measured is taken
not to apply, except that a live account must know what it trades on.

The judgements are in quality_checks.py, the numbers in the profile's [execution].
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from memesnipe_cli.clock import DAY_MS, MINUTE_MS
from memesnipe_cli.risk.quality_checks import HALT, OK, STATES, above, below, data_age, slippage_bps
from memesnipe_cli.risk.rolling import OwnMedian, RecentValues, readable

if TYPE_CHECKING:
    from memesnipe_cli.profile_risk import Execution

WINDOW_MS = 15 * MINUTE_MS
FILLS_WINDOW_MS = (
    DAY_MS  # a strategy fills a few times a day: fifteen minutes would never hold enough of them
)
MOST_OBSERVATIONS = 1000
MOST_FILLS = 20

NEVER = 2**63

# Liquidity: the last six observations against the median of a day of them (of two days, where a bar is an hour).
RECENT_VOLUMES = 6
LEAST_VOLUMES = 48
MOST_VOLUMES = 1440

ONLINE = "online"
STABLECOINS = ("USDC", "USDT", "DAI", "PYUSD", "USDG", "FDUSD", "TUSD", "USDE", "USDS")

LATENCY = "latency"
ERROR_RATE = "error_rate"
SLIPPAGE = "slippage"
FILL_SLIPPAGE = "fill_slippage"
LIQUIDITY = "liquidity"
DATA_AGE = "data_age"
CLOCK_SKEW = "clock_skew"
DEPEG = "depeg"
VENUE_STATUS = "venue_status"

# The word an entry is refused with while a check stands at halt. A fill's slippage and liquidity get there only when
# they are not known, the average slippage never.
REFUSALS = {
    LATENCY: "latency_halt",
    ERROR_RATE: "error_rate_halt",
    FILL_SLIPPAGE: "slippage_unknown",
    LIQUIDITY: "liquidity_unknown",
    DATA_AGE: "stale_data",
    CLOCK_SKEW: "clock_skew",
    DEPEG: "depeg",
    VENUE_STATUS: "venue_status",
}
UNITS = {
    LATENCY: "ms",
    ERROR_RATE: "share",
    SLIPPAGE: "bps",
    FILL_SLIPPAGE: "bps",
    LIQUIDITY: "share",
    DATA_AGE: "ms",
    CLOCK_SKEW: "ms",
    DEPEG: "share",
    VENUE_STATUS: "",
}

Reading = float | Decimal | None


class Finding(NamedTuple):
    """What one check says now.

    `scope`: `account`, `symbol:DOGE/USD`, `venue:kraken` or `currency:USDC`. `value` is None where it is not known.
    `limit` is the threshold it was held against, `state` is ok, warning or halt.
    """

    check: str
    scope: str
    value: float | str | None
    limit: float | str
    state: str

    @property
    def refusal(self) -> str | None:
        """The word an entry in this scope is refused with; None where it is let through."""
        return REFUSALS[self.check] if self.state == STATES[HALT] else None

    def body(self) -> dict[str, Any]:
        """The finding as a record's fields."""
        return {
            "check": self.check,
            "scope": self.scope,
            "value": self.value,
            "limit": self.limit,
            "unit": UNITS[self.check],
            "state": self.state,
        }


class ExecutionQuality:
    """The execution quality of one account.

    `live`: the age of a symbol's data, the clock skew, the venue's status and the price of a stablecoin that one pays
    with must have been measured before an entry is let through. A replay of bars has none of them.
    """

    def __init__(self, settings: Execution, *, live: bool = False) -> None:
        self._settings = settings
        self._live = live
        self._latencies = RecentValues(WINDOW_MS, MOST_OBSERVATIONS)
        self._failures = RecentValues(WINDOW_MS, MOST_OBSERVATIONS)
        self._slippages = RecentValues(FILLS_WINDOW_MS, MOST_FILLS)
        self._late_slippages = RecentValues(WINDOW_MS, MOST_FILLS)
        self._volumes: dict[str, OwnMedian] = {}
        self._ages: dict[str, tuple[int, float | None]] = {}
        self._skew: tuple[int, float | None] | None = None
        self._prices: dict[str, tuple[int, float | None]] = {}
        self._statuses: dict[str, tuple[int, str | None]] = {}
        self._codes: dict[tuple[str, str], int] = {}
        # What is said of the account holds until something happens or leaves its window; None: judge anew.
        self._account: list[Finding] | None = None
        self._account_until = 0

    def sent_acknowledged(self, now_ms: int, latency_ms: Reading) -> None:
        """An order was acknowledged `latency_ms` after it was sent. Below 0 it cannot be read."""
        self._account = None
        latency = readable(latency_ms)
        self._latencies.add(now_ms, latency if latency is not None and latency >= 0.0 else None)

    def request(self, now_ms: int, ok: bool | None) -> None:
        """A request to the venue was answered, or not. Whatever is not True is an error; a refusal that is the
        venue's good right (too small an order) is an answer."""
        self._account = None
        self._failures.add(now_ms, 0.0 if ok is True else 1.0)

    def filled(self, now_ms: int, reference: Reading, price: Reading, side: str) -> None:
        """A fill at `price` of an order decided on `reference` (the close or mid at the decision)."""
        self._account = None
        wanted, got = readable(reference), readable(price)
        lost = slippage_bps(side, wanted, got) if wanted is not None and got is not None else None
        lost = readable(lost)
        self._late_slippages.add(now_ms, lost)
        if (
            lost is not None
        ):  # one that cannot be read counts for WINDOW_MS, above; not for the average's whole day
            self._slippages.add(now_ms, lost)

    def volume(self, symbol: str, now_ms: int, amount: Reading) -> None:
        """The volume of a closed bar, or a depth sampled once a bar; the unit is one's own, but always the same."""
        seen = self._volumes.get(symbol)
        if seen is None:
            seen = OwnMedian(DAY_MS, RECENT_VOLUMES, LEAST_VOLUMES, MOST_VOLUMES)
            self._volumes[symbol] = seen
        number = readable(amount)
        seen.add(now_ms, number if number is not None and number >= 0.0 else None)

    def data_age(self, symbol: str, now_ms: int, age_ms: Reading) -> None:
        """The data of a symbol was `age_ms` old at `now_ms`; from then on it ages with the time handed in."""
        self._ages[symbol] = (now_ms, readable(age_ms))

    def clock_skew(self, now_ms: int, skew_ms: Reading) -> None:
        """Our clock minus the venue's."""
        self._account = None
        self._skew = (now_ms, readable(skew_ms))

    def stablecoin(self, currency: str, now_ms: int, price: Reading) -> None:
        """What a stablecoin is worth in dollars: its bid."""
        self._prices[currency] = (now_ms, readable(price))

    def venue_status(self, venue: str, now_ms: int, status: str | None) -> None:
        """The venue's own word; `online` alone lets entries through."""
        self._statuses[venue] = (now_ms, status)

    def block(self, symbol: str, venue: str, now_ms: int) -> str | None:
        """The word to refuse an entry of `symbol` at `venue` with; None where nothing keeps it back."""
        found = [
            *self._of_account(now_ms),
            *self._of_venue(venue, now_ms),
            *self._of_currency(quote_of(symbol), now_ms),
            *self._of_symbol(symbol, now_ms),
        ]
        return next((finding.refusal for finding in found if finding.refusal), None)

    def findings(self, now_ms: int) -> list[Finding]:
        """What every check says that has something to judge, the account's first."""
        return [
            *self._of_account(now_ms),
            *(each for venue in sorted(self._statuses) for each in self._of_venue(venue, now_ms)),
            *(each for currency in sorted(self._prices) for each in self._of_currency(currency, now_ms)),
            *(
                each
                for symbol in sorted({*self._ages, *self._volumes})
                for each in self._of_symbol(symbol, now_ms)
            ),
        ]

    def _of_account(self, now_ms: int) -> list[Finding]:
        if self._account is None or now_ms > self._account_until:
            self._account = self._judge_account(now_ms)
            windows = (self._latencies, self._failures, self._slippages, self._late_slippages)
            ends = [window.stays_until() for window in windows]
            if self._skew is not None:
                ends.append(self._skew[0] + WINDOW_MS)
            # A skew that is too old stays so: it is not looked at again before the next one.
            self._account_until = min(
                (end for end in ends if end is not None and end >= now_ms), default=NEVER
            )
        return self._account

    def _judge_account(self, now_ms: int) -> list[Finding]:
        own = self._settings
        slippage = own.slippage_warning_bps
        averages = (
            (LATENCY, self._latencies, own.least_latencies, own.latency_warning_ms, own.latency_halt_ms),
            (ERROR_RATE, self._failures, own.least_requests, own.error_rate_warning, own.error_rate_halt),
            (SLIPPAGE, self._slippages, own.least_fills, slippage, math.inf),
        )
        found = []
        for check, seen, least, warning, halt in averages:
            seen.forget(now_ms)
            # Unknown while the window holds what could not be read.
            value = math.nan if seen.has_unknown() else seen.mean(least)
            found.append(self._of_window(check, value, warning, halt))
        fills = self._late_slippages
        fills.forget(now_ms)
        # One bad fill is worth a warning by itself.
        worst = math.nan if fills.has_unknown() else fills.worst()
        found.append(self._of_window(FILL_SLIPPAGE, worst, slippage, math.inf))
        if self._skew is not None or self._live:
            skew = math.fabs(_fresh(self._skew, now_ms))
            warning, halt = own.clock_skew_warning_ms, own.clock_skew_halt_ms
            found.append(self._above(CLOCK_SKEW, "account", skew, warning, halt))
        return [finding for finding in found if finding is not None]

    def _of_venue(self, venue: str, now_ms: int) -> list[Finding]:
        measured = self._statuses.get(venue)
        if measured is None and not self._live:
            return []
        status = measured[1] if measured is not None and _is_fresh(measured[0], now_ms) else None
        code = OK if status == ONLINE else HALT
        return [Finding(VENUE_STATUS, f"venue:{venue}", status, ONLINE, STATES[code])]

    def _of_currency(self, currency: str, now_ms: int) -> list[Finding]:
        measured = self._prices.get(currency)
        if measured is None and not (self._live and currency in STABLECOINS):
            return []
        distance = math.fabs(_fresh(measured, now_ms) - 1.0)
        warning, halt = self._settings.depeg_warning, self._settings.depeg_halt
        return [self._above(DEPEG, f"currency:{currency}", distance, warning, halt)]

    def _of_symbol(self, symbol: str, now_ms: int) -> list[Finding]:
        scope = f"symbol:{symbol}"
        found = []
        measured = self._ages.get(symbol)
        if measured is not None or self._live:
            age = math.nan
            if measured is not None and measured[1] is not None:
                age = measured[1] + (now_ms - measured[0])
            code, value, limit = data_age(age, self._settings.data_age_ms)
            found.append(Finding(DATA_AGE, scope, _known(value), limit, STATES[code]))
        seen = self._volumes.get(symbol)
        share = None if seen is None else math.nan if seen.is_unknown() else seen.share()
        if share is not None:
            before = self._codes.get((LIQUIDITY, scope), OK)
            least, clears = self._settings.liquidity_share, self._settings.clears
            found.append(self._judged(LIQUIDITY, scope, *below(share, least, clears, before)))
        return found

    def _of_window(self, check: str, value: float | None, warning: float, halt: float) -> Finding | None:
        """None where the window holds too little to judge by: what stood before is over then."""
        if value is None:
            self._codes.pop((check, "account"), None)
            return None
        return self._above(check, "account", value, warning, halt)

    def _above(self, check: str, scope: str, value: float, warning: float, halt: float) -> Finding:
        before = self._codes.get((check, scope), OK)
        return self._judged(check, scope, *above(value, warning, halt, self._settings.clears, before))

    def _judged(self, check: str, scope: str, code: int, value: float, limit: float) -> Finding:
        self._codes[(check, scope)] = code
        return Finding(check, scope, _known(value), limit, STATES[code])


def quote_of(symbol: str) -> str:
    """`USD` of `DOGE/USD`, `USDT` of `ETH/USDT:USDT`."""
    return symbol.partition("/")[2].partition(":")[0]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _is_fresh(at_ms: int, now_ms: int) -> bool:
    return now_ms - at_ms <= WINDOW_MS


def _fresh(measured: tuple[int, float | None] | None, now_ms: int) -> float:
    """A measured value; NaN where it was not measured, could not be read or is too old."""
    if measured is None or measured[1] is None or not _is_fresh(measured[0], now_ms):
        return math.nan
    return measured[1]
