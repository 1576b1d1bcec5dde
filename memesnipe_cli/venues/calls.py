"""Calls of one venue through its ccxt client: questions repeated under a deadline, orders made exactly once.

The client is used through its endpoint methods, which sign, send and map errors as ccxt does, and give the venue's own
answer back with every number as it was written. One thread at a time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from memesnipe_cli.errors import ConfigError, MemesnipeError, NetworkError
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.signer.errors import SignerGoneError, SignerRefusedError
from memesnipe_cli.venue_hosts import check_base_url
from memesnipe_cli.venues.one_key import shared_by
from memesnipe_cli.venues.outcome import Outcome, Refused, Unknown, outcome_of_answer, outcome_of_error

if TYPE_CHECKING:
    import ccxt

    from memesnipe_cli.venues.traits import Traits

T = TypeVar("T")
Answer = Mapping[str, Any]

READ_ATTEMPTS = 4
READ_FIRST_WAIT_S = 0.3

# What a venue says of a path, or of an order, that it does not have.
_NO_SUCH_THING = (" 404 ", "EGeneral:Unknown method", "EOrder:Unknown order", '"NOT_FOUND"')


class NoSuchThingError(NetworkError):
    """The venue says that it does not have what was asked for: to ask again is of no use, and it proves nothing."""

    code = "no_such_thing"


def _nothing() -> None:
    """No heartbeat is wanted."""


def _nobody(what: str, seconds: float, ok: bool) -> None:
    """Nobody listens."""


class CallOptions(TypedDict, total=False):
    """What whoever opens a venue may say of its calls; see Calls."""

    timeout_s: float
    read_deadline_s: float
    order_timeout_s: float
    before: Callable[[], None]
    told: Callable[[str, float, bool], None]


class Calls:
    """timeout_s: of one question; read_deadline_s: of a question with its repetitions; order_timeout_s: of an order.

    before: called in the caller's thread before each request, and before each pause between two; told: called there
    after each request with what it was for, how many seconds the venue took, and whether it answered. A refusal is an
    answer. Both must be quick and raise nothing.

    Raises ConfigError for a client that repeats orders by itself, or whose address is none that orders may go to.
    """

    def __init__(
        self,
        exchange: ccxt.Exchange,
        traits: Traits,
        *,
        timeout_s: float = 8.0,
        read_deadline_s: float = 30.0,
        order_timeout_s: float = 5.0,
        before: Callable[[], None] = _nothing,
        told: Callable[[str, float, bool], None] = _nobody,
    ) -> None:
        retries = exchange.options.get("maxRetriesOnFailure")
        if retries != 0:
            raise ConfigError(
                f"the client of {exchange.id} has maxRetriesOnFailure = {retries!r}",
                "set it to 0: an order that is repeated in silence may be filled twice",
            )
        address = self._checked_address(exchange)
        # Floats stay the text that they were: a balance is what the venue wrote.
        exchange.on_json_response = partial(json.loads, parse_float=str)
        # A redirect would send an order once more, to a host that nobody allowed.
        exchange.session.max_redirects = 0
        shared = shared_by(
            exchange.id, exchange.apiKey or "", address, traits.questions_at_once, exchange.rateLimit
        )
        exchange.incrementing_nonce = lambda: shared.nonces.after(int(exchange.nonce()))
        exchange.throttle = self._throttle
        self.exchange = exchange
        self._budget = shared.budget
        self._refusals = traits.refusals
        self._timeout_s = timeout_s
        self._read_deadline_s = read_deadline_s
        self._order_timeout_s = order_timeout_s
        self._before, self._told = before, told
        self._ordering = False
        self._urgent = False
        self._began = 0.0

    def ask(
        self,
        what: str,
        call: Callable[[], Any],
        read: Callable[[Any], T],
        *,
        urgent: bool = False,
        fence: int = 0,
    ) -> T:
        """What `read` makes of the answer. urgent: it is about an order that is out, and goes before other questions.
        fence: of what changes something at the venue, as in `once`. Raises NoSuchThingError where the venue says that
        it has none, NetworkError where no whole answer comes in time, SignerGoneError, SignerRefusedError."""
        self._urgent = urgent
        self.exchange.fence = fence

        def again(_: str) -> None:
            self._say(what, False)
            self._before()

        caller = Caller(
            self.exchange,
            timeout_s=self._timeout_s,
            deadline=Deadline(self._read_deadline_s),
            say=again,
            attempts=READ_ATTEMPTS,
            first_wait_s=READ_FIRST_WAIT_S,
        )
        self._before()
        try:
            answer = caller(
                lambda: read(self._known(call)), what=f"{what} of {self.exchange.id}", check=lambda _: None
            )
        except NoSuchThingError as error:
            # It was heard and answered: the connection is well.
            self._say(what, True)
            raise NoSuchThingError(f"{self.exchange.id} does not have {what}", error.hint) from error
        except (SignerGoneError, SignerRefusedError):
            # No venue was asked, and none will be.
            raise
        except MemesnipeError as error:
            self._say(what, False)
            raise NetworkError(error.message, "see whether the venue and the key are well") from error
        self._say(what, True)
        return answer

    def once(self, what: str, fence: int, call: Callable[[], Any], named: Callable[[Any], object]) -> Outcome:
        """Makes an order call, once. fence: the right to send that it was approved under, which a signer asks for.
        `named` takes the order's id out of the answer (None: it is not there)."""
        self._checked_address(self.exchange)
        caller = Caller(
            self.exchange,
            timeout_s=self._order_timeout_s,
            deadline=Deadline(self._order_timeout_s),
            attempts=1,
        )
        self.exchange.fence = fence
        self._before()
        self._ordering = True
        try:
            answer = caller(lambda: self._timed(call), what=what, check=lambda _: None)
        except SignerRefusedError as error:
            said: Outcome = Refused(error.code, error.message)
        except Exception as error:
            # Whatever went wrong on the way, the order may have arrived.
            said = outcome_of_error(error.__cause__ or error, self._refusals)
        else:
            said = outcome_of_answer(named(answer))
        finally:
            self._ordering = False
        self._say(what, not isinstance(said, Unknown))
        return said

    def _known(self, call: Callable[[], Any]) -> Any:
        import ccxt

        try:
            return self._timed(call)
        except (ccxt.DDoSProtection, ccxt.RateLimitExceeded):
            self._budget.used_up()
            raise
        except ccxt.BaseError as error:
            if any(words in str(error) for words in _NO_SUCH_THING):
                raise NoSuchThingError("there is no such thing", "it is done without") from error
            raise

    def _timed(self, call: Callable[[], Any]) -> Any:
        self._began = time.monotonic()
        return call()

    def _throttle(self, cost: float | None = None) -> None:
        """Instead of ccxt's own, which waits before every call, orders too, and allows no two at once."""
        if not self._ordering:
            self._budget.take(1.0 if cost is None else cost, urgent=self._urgent)
            self._began = time.monotonic()

    def _say(self, what: str, ok: bool) -> None:
        self._told(what, time.monotonic() - self._began, ok)

    @staticmethod
    def _checked_address(exchange: ccxt.Exchange) -> str:
        """Where the client sends orders to. The client's addresses may be changed from outside at any time."""
        urls = exchange.urls["api"]
        address = str(urls.get("private") or urls.get("rest"))
        wrong = check_base_url(exchange.id, address)
        if wrong:
            raise ConfigError(
                f"the address of {exchange.id} {wrong}",
                "orders go to the venue's own host or to this machine",
            )
        return address
