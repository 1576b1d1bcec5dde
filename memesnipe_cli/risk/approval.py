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
    """Leave to send one order, once. Cannot be made, copied, pickled, changed or derived from elsewhere.

    intent: the order; time_ms: when it was checked; fence: the right to send that it was checked under.
    """

    __slots__ = ("_mint", "_spent", "fence", "intent", "time_ms")

    intent: OrderIntent
    time_ms: int
    fence: int
    _spent: bool

    def __init__(self, mint: object, intent: OrderIntent, time_ms: int, fence: int) -> None:
        if mint is not _MINT:
            raise TypeError("only the risk gate approves orders")
        keep = object.__setattr__
        keep(self, "_mint", mint)
        keep(self, "_spent", False)
        keep(self, "intent", intent)
        keep(self, "time_ms", time_ms)
        keep(self, "fence", fence)

    def spend(self) -> OrderIntent:
        """The order, to be sent now. Raises RefusedError the second time."""
        if getattr(self, "_mint", None) is not _MINT:
            raise TypeError("only the risk gate approves orders")
        if self._spent:
            raise RefusedError(
                f"order {self.intent.id} has been sent already",
                "an approval is good for one sending: ask again",
            )
        object.__setattr__(self, "_spent", True)
        return self.intent

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("an approved order does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("an approved order does not change")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("only the risk gate approves orders")

    def _not_copied(self, *_: object) -> NoReturn:
        raise TypeError("an approved order is not copied: it may be sent once")

    __copy__ = __deepcopy__ = __reduce__ = __reduce_ex__ = _not_copied

    def __repr__(self) -> str:
        return f"Approved({self.intent.action} {self.intent.id})"


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
