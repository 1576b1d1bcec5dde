"""One call to a venue for data: retried where that can help, each attempt and the whole run under a deadline.

For questions only. An order is never sent through here: it may not be sent twice.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from memesnipe_cli.errors import NetworkError, UsageError

if TYPE_CHECKING:
    import ccxt
    from tenacity import RetryCallState

T = TypeVar("T")

ATTEMPTS = 7
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0


class MalformedAnswerError(NetworkError):
    """A 200 answer without what was asked for: as good as none."""

    code = "malformed_answer"


class Deadline:
    """A budget of seconds for a whole run, counted from its making."""

    def __init__(self, seconds: float) -> None:
        if not seconds > 0:
            raise UsageError(
                f"a deadline of {seconds:g} s leaves no time", "give a number of seconds above 0"
            )
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, not below 0."""
        return max(0.0, self._end - time.monotonic())


class Caller:
    """Makes calls of one client. `say` is told about each retry."""

    def __init__(
        self,
        exchange: ccxt.Exchange,
        *,
        timeout_s: float,
        deadline: Deadline,
        say: Callable[[str], None] = lambda text: None,
        attempts: int = ATTEMPTS,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self.exchange = exchange
        self.timeout_s = timeout_s
        self.deadline = deadline
        self._say = say
        self._attempts = attempts
        self._first_wait_s = first_wait_s

    def __call__(self, call: Callable[[], T], *, what: str, check: Callable[[T], str | None]) -> T:
        """The answer of `call`, once `check` finds nothing wrong with it (it returns what is wrong, or None).

        Raises NetworkError when attempts or time run out, UsageError where the venue says the request is
        wrong.
        """
        import ccxt
        from tenacity import RetryError, Retrying, retry_if_exception, wait_exponential_jitter

        backoff = wait_exponential_jitter(multiplier=self._first_wait_s, max=LONGEST_WAIT_S)

        def wait(state: RetryCallState) -> float:
            asked = self._retry_after() if _is_rate_limit(_problem(state)) else None
            return min(max(backoff(state), asked or 0.0), self.deadline.left())

        def stop(state: RetryCallState) -> bool:
            return state.attempt_number >= self._attempts or self.deadline.left() <= 0.0

        def tell(state: RetryCallState) -> None:
            pause = state.next_action.sleep if state.next_action else 0.0
            self._say(f"{what}: {_shown(_problem(state))}; trying again in {pause:.1f} s")

        retrying = Retrying(
            retry=retry_if_exception(_worth_retrying), wait=wait, stop=stop, before_sleep=tell
        )
        try:
            answer: T = retrying(self._once, call, check)
            return answer
        except RetryError as error:
            problem = error.last_attempt.exception()
            raise self._given_up(what, problem) from problem
        except (ccxt.BadSymbol, ccxt.BadRequest, ccxt.NotSupported, ccxt.ArgumentsRequired) as error:
            raise UsageError(f"{what}: {_shown(error)}", "check symbol and timeframe") from error
        except ccxt.BaseError as error:
            raise NetworkError(
                f"{what}: {_shown(error)}", "see what the venue says; nothing was lost"
            ) from error

    def _once(self, call: Callable[[], T], check: Callable[[T], str | None]) -> T:
        seconds = min(self.timeout_s, self.deadline.left())
        if seconds <= 0.0:
            raise MalformedAnswerError("no time left")
        # The library's own timeout counts silence, not time: a server that drips a byte a second would hold
        # us for ever. So the call runs in a thread, and we stop waiting for it.
        self.exchange.timeout = max(1, int(seconds * 1000))
        self.exchange.last_json_response = None
        try:
            answer = _within(seconds, call)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            # The library stumbled over an answer of another shape than it expects.
            raise MalformedAnswerError(
                f"the answer cannot be read ({type(error).__name__}: {error})"
            ) from error
        wrong = check(answer)
        if wrong is not None:
            raise MalformedAnswerError(wrong)
        return answer

    def _retry_after(self) -> float | None:
        headers = self.exchange.last_response_headers or {}
        value = headers.get("Retry-After")
        return float(value) if isinstance(value, str) and value.isdigit() else None

    def _given_up(self, what: str, problem: BaseException | None) -> NetworkError:
        if self.deadline.left() <= 0.0:
            return NetworkError(
                f"{what}: the deadline of {self.deadline.seconds:g} s is over ({_shown(problem)})",
                "what was fetched is stored; run it again to go on, or give more time with --deadline",
                code="deadline",
            )
        return NetworkError(
            f"{what}: given up after {self._attempts} attempts: {_shown(problem)}",
            "what was fetched is stored; run it again to go on where it stopped",
        )


def _within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call`, or RequestTimeout after so many seconds (the thread is left to die with the
    process).
    """
    import ccxt

    answer: list[T] = []
    problems: list[BaseException] = []

    def work() -> None:
        try:
            answer.append(call())
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    # A little longer than the library's own timeout, whose message is the better one.
    thread.join(seconds + 0.25)
    if problems:
        raise problems[0]
    if not answer:
        raise ccxt.RequestTimeout(f"no whole answer within {seconds:g} s")
    return answer[0]


def _problem(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _is_rate_limit(problem: BaseException | None) -> bool:
    import ccxt

    return isinstance(problem, ccxt.RateLimitExceeded | ccxt.DDoSProtection)


def _worth_retrying(problem: BaseException) -> bool:
    """Anything the network or a busy server can do; a refusal of the request itself is not."""
    import ccxt

    if isinstance(problem, MalformedAnswerError | ccxt.NetworkError):
        return True
    # A 5xx with a JSON body comes as a bare ExchangeError.
    return type(problem) is ccxt.ExchangeError


def _shown(problem: BaseException | None) -> str:
    text = re.sub(r"\?\S+", "", " ".join(str(problem).split()))
    return f"{type(problem).__name__}: {text[:160]}" if text else type(problem).__name__


def venue_time_ms(headers: Any) -> int | None:
    """The venue's clock by the Date header of its answer (whole seconds), or None."""
    from email.utils import parsedate_to_datetime

    value = headers.get("Date") if headers else None
    if not isinstance(value, str):
        return None
    try:
        return int(parsedate_to_datetime(value).timestamp() * 1000)
    except ValueError:
        return None
