"""Whether an account at rest is whole: the venue's ledger against the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from quick_venue import Market, QuickServer
from trader_child import ACCOUNT, CAPITAL
from venue_server import BookedTrade, Books

from memesnipe_cli.audit.verify import verify
from memesnipe_cli.engine.account_fold import AccountFold, AccountState
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.model import MONEY_UNIT
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.store.store import Store
from memesnipe_cli.venues.order_book import OrderBook
from memesnipe_cli.venues.order_fold import OrderFold
from memesnipe_cli.venues.order_state import OrderState

D = Decimal


@dataclass
class Audit:
    """Of one account. users: the venue's ids of the user's own orders."""

    server: QuickServer
    market: Market
    store: Store
    users: set[str] = field(default_factory=set)

    def assert_nothing_done_twice(self) -> None:
        """Whatever is still under way: no order was doubled, no stranger's sent, no coin sold that was not ours; the
        user's own orders rest."""
        with self.server.lock:
            oracle = self.server.oracle
            assert not oracle.doubled()
            assert not oracle.strangers()
            assert not oracle.sold_more_than()
            still = {each.id for each in self.server.open_orders()}
            assert self.users <= still, "an order of the user's is gone"

    def waits_for(self, book: OrderBook, state: AccountState) -> str:
        """Why the account is not at rest; "" where it is."""
        unsettled = [f"{each.intent.id} {each.intent.action} {each.state}" for each in book.unsettled()]
        if unsettled:
            return f"unsettled {unsettled}"
        open_orders = [each.intent.id for each in book.live() if each.intent.action != "protect"]
        if open_orders:
            return f"open {open_orders}"
        waiting = [state.keys[k] for k in range(len(state.keys)) if state.slots[k, layout.WAIT_LOTS]]
        if waiting:
            return f"waits for entries {waiting}"
        leaving = [
            state.keys[k]
            for k in range(len(state.keys))
            if state.slots[k, layout.LOTS] and state.slots[k, layout.LEAVE]
        ]
        if leaving:
            return f"still to leave: {leaving}"
        with self.server.lock:
            naked = self.naked()
        return f"naked {naked}" if naked else ""

    def never_arrived(self, book: OrderBook) -> list[str]:
        """Entries of which a person must be asked: Coinbase takes no deadline, and an entry is sent again only while it
        is fresh, by the process that decided it."""
        if self.server.dialect != "coinbase":
            return []
        entries = [each for each in book.unsettled() if each.intent.action == "entry"]
        unsettled = [each for each in entries if each.state is OrderState.UNKNOWN]
        with self.server.lock:
            return [
                each.intent.id for each in unsettled if not self.server.oracle.orders_with(each.intent.id)
            ]

    def naked(self) -> dict[str, Decimal]:
        """What no stop is under, though one could be."""
        found = {}
        for base, qty in self.server.oracle.naked_positions().items():
            if qty > self.dust(base):
                found[base] = qty
        return found

    def dust(self, base: str) -> Decimal:
        """The most that no stop can rest under."""
        symbol = f"{base}/USD"
        product = self.server.instruments[symbol]
        lowest = D(repr(self.market.prices[symbol])) * D("0.85")
        return max(product.least_quantity, product.least_cost / lowest)

    def folded(self) -> tuple[OrderBook, AccountState]:
        """What the journal says."""
        journal = self.store.journal(ACCOUNT)
        return journal.replay(OrderFold()), journal.replay(AccountFold())

    def assert_whole(self, left: list[str]) -> int:
        """Book and venue agree to the last digit: trades, open orders, balances, cash, lots; the journal's chain holds,
        and the breaker has nothing against the account. left: what the trader said that it leaves. How many positions
        are dust."""
        self.assert_nothing_done_twice()
        server, oracle = self.server, self.server.oracle
        book, state = self.folded()
        trades, spent, lines, dust = {}, D(0), 0, 0
        dusty = set()
        for entry in self.store.journal(ACCOUNT).entries():
            body = entry.body
            if entry.kind == "fill" and "event" not in body:
                trades[body["venue_trade_id"]] = BookedTrade(
                    body["order"],
                    body["side"],
                    D(body["qty"]),
                    D(body["price"]),
                    D(body["fee"]),
                    body["fee_currency"],
                )
            elif "dust" in body:
                dusty.add(body["symbol"])
            lines += "took" in body
            refused = str(body.get("reason", ""))
            assert not refused.startswith("signer_") or refused.startswith("signer_late"), body
        open_orders = {each.intent.id: each.left for each in book.live()}
        oracle.assert_books_agree(Books(trades=trades, open_orders=open_orders))
        assert not book.unsettled()
        expected = book.expected[server.dialect]
        for currency, total in expected.items():
            there = server.ledger.balances.get(currency, D(0))
            assert there == total, f"{there} {currency} is there, and {total} is expected"
        for base, qty in oracle.naked_positions().items():
            symbol = f"{base}/USD"
            shown = symbol in dusty or any(symbol in each for each in left)
            assert qty <= self.dust(base) and shown, f"{qty} {base} is naked; left: {left}"
            dust += 1
        for number, key in enumerate(state.keys):
            lot = state.grid(key).lot
            lots = state.slots[number, layout.LOTS]
            held = book.held(key[0], key[2])
            assert held == oracle.positions().get(key[2].partition("/")[0], D(0))
            rest = held - lots * lot
            assert 0 <= rest <= self.dust(key[2].partition("/")[0]), (
                f"{held} {key} is held, {lots} lots of {lot}"
            )
            if rest:
                assert key[2] in dusty, f"{rest} of {key} is ours and is in no account"
        for holding in book.holdings.values():
            spent += holding.bought - holding.sold + sum(holding.fees.values(), D(0))
        off = CAPITAL - spent - state.cash
        assert 0 <= off <= lines * MONEY_UNIT, f"the account's cash is {off} off in {lines} steps"
        latch = LatchFile(self.store.paths, ACCOUNT).read(must_exist=True)
        assert latch.level() is Level.CLOSED
        verdict = verify(self.store.paths, ACCOUNT)
        assert not verdict.broken, verdict.findings
        assert not server.mistakes
        return dust
