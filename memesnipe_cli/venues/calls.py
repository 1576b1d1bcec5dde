"""Calls of one venue through its ccxt client: questions repeated under a deadline, orders made exactly once.

The client is used through its endpoint methods, which sign, send and map errors as ccxt does, and give the venue's own
answer back with every number as it was written. One thread at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from memesnipe_cli.errors import ConfigError, MemesnipeError, NetworkError
from memesnipe_cli.market.calling import Caller, Deadline
from memesnipe_cli.venues.outcome import Outcome, outcome_of_answer, outcome_of_error

if TYPE_CHECKING:
    import ccxt

T = TypeVar("T")
Answer = Mapping[str, Any]

READ_ATTEMPTS = 4
READ_FIRST_WAIT_S = 0.3


class Calls:
    """timeout_s: of one question; read_deadline_s: of a question with its repetitions; order_timeout_s: of an order."""

    def __init__(
        self,
        exchange: ccxt.Exchange,
        refusals: Mapping[str, str],
        *,
        timeout_s: float = 10.0,
        read_deadline_s: float = 30.0,
        order_timeout_s: float = 5.0,
    ) -> None:
        retries = exchange.options.get("maxRetriesOnFailure")
        if retries != 0:
            raise ConfigError(
                f"the client of {exchange.id} has maxRetriesOnFailure = {retries!r}",
                "set it to 0: an order that is repeated in silence may be filled twice",
            )
        # Floats stay the text that they were: a balance is what the venue wrote.
        exchange.on_json_response = partial(json.loads, parse_float=str)
        # A redirect would send an order once more, to a host that nobody allowed.
        exchange.session.max_redirects = 0
        self.exchange = exchange
        self._refusals = refusals
        self._timeout_s = timeout_s
        self._read_deadline_s = read_deadline_s
        self._order_timeout_s = order_timeout_s

    def ask(self, what: str, call: Callable[[], Any], read: Callable[[Any], T]) -> T:
        """What `read` makes of the answer. Raises NetworkError where no whole answer comes in time."""
        caller = Caller(
            self.exchange,
            timeout_s=self._timeout_s,
            deadline=Deadline(self._read_deadline_s),
            attempts=READ_ATTEMPTS,
            first_wait_s=READ_FIRST_WAIT_S,
        )
        try:
            return caller(lambda: read(call()), what=f"{what} of {self.exchange.id}", check=lambda _: None)
        except MemesnipeError as error:
            raise NetworkError(error.message, "see whether the venue and the key are well") from error

    def once(self, what: str, call: Callable[[], Any], named: Callable[[Any], object]) -> Outcome:
        """Makes an order call, once. `named` takes the order's id out of the answer (None: it is not there)."""
        caller = Caller(
            self.exchange,
            timeout_s=self._order_timeout_s,
            deadline=Deadline(self._order_timeout_s),
            attempts=1,
        )
        try:
            answer = caller(call, what=what, check=lambda _: None)
        except Exception as error:
            # Whatever went wrong on the way, the order may have arrived.
            return outcome_of_error(error.__cause__ or error, self._refusals)
        return outcome_of_answer(named(answer))
