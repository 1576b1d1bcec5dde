"""What an order is after its check: Approved or Refused. Only the gate approves; a venue takes nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, final

from memesnipe_cli.errors import RefusedError
from memesnipe_cli.risk.checks import Scalar
from memesnipe_cli.risk.intent import OrderIntent
from memesnipe_cli.risk.refusal_words import sentence

_MINT = object()


@final
class Approved:
    """Leave to send one order, once. Cannot be made, copied, pickled, changed or derived from elsewhere."""

    __slots__ = ("_fence", "_intent", "_mint", "_spent", "_time_ms")

    def __init__(self, mint: object, intent: OrderIntent, time_ms: int, fence: int) -> None:
        if mint is not _MINT:
            raise TypeError("only the risk gate approves orders")
        self._mint = mint
        self._intent = intent
        self._time_ms = time_ms
        self._fence = fence
        self._spent = False

    @property
    def intent(self) -> OrderIntent:
        """The order, to look at."""
        return self._intent

    @property
    def time_ms(self) -> int:
        """When it was checked."""
        return self._time_ms

    @property
    def fence(self) -> int:
        """The right to send that it was checked under."""
        return self._fence

    def spend(self) -> OrderIntent:
        """The order, to be sent now. Raises RefusedError the second time."""
        if getattr(self, "_mint", None) is not _MINT:
            raise TypeError("only the risk gate approves orders")
        if self._spent:
            raise RefusedError(
                f"order {self._intent.id} has been sent already",
                "an approval is good for one sending: ask again",
            )
        self._spent = True
        return self._intent

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("only the risk gate approves orders")

    def _not_copied(self, *_: object) -> NoReturn:
        raise TypeError("an approved order is not copied: it may be sent once")

    __copy__ = __deepcopy__ = __reduce__ = __reduce_ex__ = _not_copied

    def __repr__(self) -> str:
        return f"Approved({self._intent.action} {self._intent.id})"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an order was not let through: the first check that failed, its code, what was found and what is allowed.

    trip: the breaker's scope that must be halted because of it ("account", "strategy:NAME"), or "".
    """

    intent: OrderIntent
    check: str
    code: str
    value: Scalar
    limit: Scalar
    trip: str = ""

    @property
    def message(self) -> str:
        """One sentence for a person."""
        return sentence(self.intent, self.code, self.value, self.limit)

    def body(self) -> dict[str, Any]:
        """The journal's words for it."""
        return {
            "action": str(self.intent.action),
            "check": self.check,
            "code": self.code,
            "id": self.intent.id,
            "limit": _plain(self.limit),
            "message": self.message,
            "strategy": self.intent.strategy,
            "symbol": self.intent.symbol,
            "value": _plain(self.value),
            "venue": self.intent.venue,
        }


def _plain(scalar: Scalar) -> str | None:
    """As text, exactly: NaN too, since a refusal may be about one."""
    if scalar is None:
        return None
    return f"{scalar:f}" if isinstance(scalar, Decimal) else str(scalar)
