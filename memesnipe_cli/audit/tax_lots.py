"""Tax lots: what was acquired when and for how much, and which of it a disposal takes. Exact: whatever the method, the
parts of a lot add up to the lot, and those of a disposal to the disposal, to the last digit."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from enum import StrEnum
from fractions import Fraction

from memesnipe_cli.audit.exact import minus

_ZERO = Decimal(0)
# A part of an amount is cut here, and what is left over stays with the rest.
_QUANTUM = Decimal("0.00000001")
_WIDE = Context(prec=400, rounding=ROUND_DOWN)


class Method(StrEnum):
    """Which lot goes first: the oldest, the newest, or that with the highest basis per coin (of equals the oldest)."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"


@dataclass(frozen=True, slots=True)
class Amounts:
    """So much of a coin. value: USD, the basis of a lot (fees in it) or the proceeds of a disposal (fees taken off);
    fee: the USD of fees that are in it."""

    qty: Decimal
    value: Decimal
    fee: Decimal

    def part(self, qty: Decimal) -> tuple[Amounts, Amounts]:
        """(that of `qty`, the rest); the two add up to this. qty: above 0, at most all."""
        if qty == self.qty:
            return self, Amounts(_ZERO, _ZERO, _ZERO)
        taken = Amounts(qty, _share(self.value, qty, self.qty), _share(self.fee, qty, self.qty))
        return taken, Amounts(
            minus(self.qty, taken.qty), minus(self.value, taken.value), minus(self.fee, taken.fee)
        )


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot, or what is left of it. id: of the journal's line of its fill; fill, order: the venue's trade id and our
    order; unit: basis per coin when it was acquired, by which HIFO goes."""

    id: str
    acquired_ms: int
    amounts: Amounts
    fill: str
    order: str
    note: str
    unit: Fraction


class Lots:
    """The lots of one coin in one account."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._queue: deque[Lot] = deque()
        self._heap: list[tuple[Fraction, int, Lot]] = []
        self._added = 0

    def add(self, lot: Lot) -> None:
        """A lot was acquired; after those before it."""
        self._added += 1
        if self._method is Method.HIFO:
            heapq.heappush(self._heap, (-lot.unit, self._added, lot))
        else:
            self._queue.append(lot)

    def take(self, qty: Decimal) -> list[Lot]:
        """The lots, or parts of them, that make up `qty`: fewer where there is not so much."""
        found: list[Lot] = []
        while qty > 0 and self:
            lot = self._first()
            taken, rest = lot.amounts.part(min(qty, lot.amounts.qty))
            found.append(_of(lot, taken))
            qty = minus(qty, taken.qty)
            if rest.qty:
                self._put_back(_of(lot, rest))
            else:
                self._drop()
        return found

    def left(self) -> list[Lot]:
        """What was not taken, the oldest first."""
        lots = [lot for _, _, lot in self._heap] if self._method is Method.HIFO else list(self._queue)
        return sorted(lots, key=lambda lot: lot.acquired_ms)

    def __bool__(self) -> bool:
        return bool(self._heap or self._queue)

    def _first(self) -> Lot:
        if self._method is Method.HIFO:
            return self._heap[0][2]
        return self._queue[0] if self._method is Method.FIFO else self._queue[-1]

    def _put_back(self, rest: Lot) -> None:
        if self._method is Method.HIFO:
            unit, number, _ = self._heap[0]
            self._heap[0] = (unit, number, rest)  # its key is the same: the order of the heap stands
        else:
            self._queue[0 if self._method is Method.FIFO else -1] = rest

    def _drop(self) -> None:
        if self._method is Method.HIFO:
            heapq.heappop(self._heap)
        elif self._method is Method.FIFO:
            self._queue.popleft()
        else:
            self._queue.pop()


def _of(lot: Lot, amounts: Amounts) -> Lot:
    return Lot(lot.id, lot.acquired_ms, amounts, lot.fill, lot.order, lot.note, lot.unit)


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """amount * part / whole, cut towards zero."""
    return _WIDE.quantize(_WIDE.divide(_WIDE.multiply(amount, part), whole), _QUANTUM)
