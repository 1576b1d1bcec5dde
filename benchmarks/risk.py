"""What risk costs. In plain Python: all checks of an approved entry, wanted under 50 µs, and reading the latch. In the
compiled loop: its speed with the breaker over its speed without, wanted at least 0.75.

python benchmarks/risk.py [--orders 20000] [--held 20] [--bars 525600]
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
import timeit
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from unittest import mock

from engine import engine_case, time_engine

from memesnipe_cli.engine import run
from memesnipe_cli.engine.link import Kernel
from memesnipe_cli.profile import load_profile
from memesnipe_cli.risk.approval import Approved
from memesnipe_cli.risk.facts import Facts, Product
from memesnipe_cli.risk.gate import Gate
from memesnipe_cli.risk.intent import Action, OrderIntent
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.paths import StorePaths

WANTED_US = 50.0
MINUTE_MS = 60_000


class ClearLatch:
    """A latch at which nothing stands."""

    fence = 1

    def level(self, scope: str = "account") -> Level:
        """Nothing is stopped."""
        return Level.CLOSED


def facts(now_ms: int, product: Product, latch: ClearLatch) -> Facts:
    """What a live loop knows at an order."""
    return Facts(
        now_ms=now_ms,
        latch=latch,
        product=product,
        reference=Decimal("0.20000"),
        reference_source="mid of a second venue",
        data_age_ms=12.5,
        equity=Decimal("100000.00"),
        cash=Decimal("90000.00"),
        reconciled=True,
        clock_skew_ms=3.0,
        bid=Decimal("0.19990"),
        ask=Decimal("0.20010"),
    )


def entry(number: int) -> OrderIntent:
    """A small entry in DOGE with an id of its own."""
    return OrderIntent(
        id=f"ms{number:016d}",
        action=Action.ENTRY,
        venue="kraken",
        symbol="DOGE/USD",
        base="DOGE",
        strategy="momentum_5m",
        cluster="unsorted",
        side="buy",
        qty=Decimal("1234.5"),
        price=Decimal("0.20040"),
        kind="limit",
        position="long",
        stop=Decimal("0.19500"),
        reason="breakout",
    )


def measure(orders: int, held: int) -> tuple[list[int], list[int]]:
    """(ns of the chain, ns with order and facts made anew) of each approved entry, `held` positions beside it."""
    gate = Gate.of(load_profile("paper"), {"kraken"}, fence=1)
    product = Product(
        venue="kraken",
        symbol="DOGE/USD",
        base="DOGE",
        tick=Decimal("0.00001"),
        lot=Decimal("0.1"),
        min_qty=Decimal("10"),
        min_notional=Decimal("0.5"),
        taker_fee=Decimal("0.004"),
    )
    for number in range(held):
        coin, qty = f"COIN{number}", Decimal(100 + number)
        gate.exposure.hold("mean_revert_1h", f"{coin}/USD", coin, "others", "long", qty, Decimal("1.5"))
    latch = ClearLatch()
    chain: list[int] = []
    whole: list[int] = []
    for number in range(orders):
        now_ms = number * MINUTE_MS
        begin = time.perf_counter_ns()
        order, known = entry(number), facts(now_ms, product, latch)
        made = time.perf_counter_ns()
        answer = gate.check(order, known)
        end = time.perf_counter_ns()
        assert isinstance(answer, Approved), answer.message
        chain.append(end - made)
        whole.append(end - begin)
        gate.ended(order.id)
    return chain, whole


def measure_refused(orders: int) -> float:
    """µs of an entry that the latch refuses: the shortest way through."""
    gate = Gate.of(load_profile("paper"), {"kraken"}, fence=1)
    known = replace(facts(0, _nothing_known(), ClearLatch()), latch=None)
    order = entry(0)
    begin = time.perf_counter_ns()
    for _ in range(orders):
        gate.check(order, known)
    return (time.perf_counter_ns() - begin) / orders / 1000


def _nothing_known() -> Product:
    return Product("kraken", "DOGE/USD", "DOGE", None, None, None, None, None)


def measure_latch(reads: int) -> float:
    """µs of reading the latch, as before every order."""
    with tempfile.TemporaryDirectory() as folder:
        file = LatchFile(StorePaths(Path(folder)), "paper")
        file.create()
        begin = time.perf_counter_ns()
        for _ in range(reads):
            file.read(must_exist=True)
        return (time.perf_counter_ns() - begin) / reads / 1000


def without_breaker() -> Kernel:
    """The account's kernel with the breaker's call, and the marks that only it needs, taken out of its loop."""
    whole = run.account_kernel()
    sources = []
    for source in whole.sources:
        text = source.text
        if source.origin.endswith("loop.py"):
            assert text.count("        guard(w, ts_line[t], equity)\n") == 1
            text = text.replace("        guard(w, ts_line[t], equity)\n", "")
            text = text.replace("equity = mark(w)", "equity = mark(w) if busy > 0 else account[CASH] * UNIT")
        sources.append(replace(source, text=text))
    return Kernel(whole.name, tuple(sources), whole.entries, whole.hot)


def compiled_loop(bars: int) -> None:
    """The compiled loop with and without the breaker, by turns; no tier is reached, so both make the same trades."""
    never = dict.fromkeys(
        ("warning", "halt", "emergency", "daily_warning", "daily_halt", "strategy_halt", "lifetime_halt"), 1e9
    )
    whole, bare = run.account_kernel(), without_breaker()
    for signals_wanted in (200, 2000):
        inputs, signals = engine_case(bars, 1, signals_wanted)
        inputs = replace(inputs, rules=replace(inputs.rules, **never))
        best = {"with": math.inf, "without": math.inf}
        for _ in range(5):
            for name, kernel in (("with", whole), ("without", bare)):
                with mock.patch.object(run, "account_kernel", lambda kernel=kernel: kernel):
                    run.kernel.cache_clear()
                    best[name] = min(best[name], time_engine(inputs, signals, 3))
        print(
            f"  {bars} bars, {signals_wanted} signals: {bars / best['with'] / 1e6:.0f} M bars/s with the breaker, "
            f"ratio {best['without'] / best['with']:.2f} of without (wanted >= 0.75)"
        )
    run.kernel.cache_clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--held", type=int, default=20)
    parser.add_argument("--bars", type=int, default=525_600)
    arguments = parser.parse_args()
    chain, whole = measure(arguments.orders, arguments.held)
    print(f"all checks of an approved entry, {arguments.held} positions held, {arguments.orders} orders")
    for name, spent in (("the chain", chain), ("with order and facts made anew", whole)):
        # The fastest tenth is what the code costs; the rest is what a shared machine adds.
        tenths = [each / 1000 for each in statistics.quantiles(spent, n=10)]
        print(
            f"  {name}: {tenths[0]:.1f} µs, {tenths[0] / WANTED_US:.0%} of {WANTED_US:.0f} µs; "
            f"median {tenths[4]:.1f} µs, nine of ten below {tenths[-1]:.1f} µs"
        )
    call = min(timeit.repeat(lambda: None, number=100_000, repeat=5)) * 10_000
    print(f"  an empty call costs {call:.0f} ns here")
    print(f"  refused at the latch: {measure_refused(arguments.orders):.1f} µs")
    print(f"reading the latch: {measure_latch(arguments.orders):.1f} µs")
    print("the compiled loop, CPU time, best of 15")
    compiled_loop(arguments.bars)


if __name__ == "__main__":
    main()
