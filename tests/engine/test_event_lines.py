"""An event in the journal is the event: nothing is lost between the kernel's numbers and the readable line."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.engine.event_lines import KINDS, Grid, Row, body_of, row_of
from memesnipe_cli.engine.kernel import layout
from memesnipe_cli.engine.order_ids import LENGTH, client_order_id, store_part
from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store.canonical import encode, plain

STEPS = st.sampled_from(["1", "0.5", "0.01", "0.00000001", "0.000000000001", "25", "0.00025"]).map(Decimal)
GRIDS = st.builds(Grid, STEPS, STEPS)
TIMES = st.integers(0, 4_102_444_800_000)
CODES = {
    layout.ENTRY_ORDER: range(1, 12),
    layout.EXIT_ORDER: range(1, 7),
    layout.EXIT_FILL: range(1, 7),
    layout.REFUSED: [*range(1, 8), *range(11, 22), *range(30, 36), 99],
    layout.MISSED: range(1, 6),
    layout.RISK: range(0, 7),
}


@st.composite
def events(draw: st.DrawFn) -> Row:
    """Any event, with numbers in any column."""
    row = [draw(st.integers(-(2**50), 2**50)) for _ in range(layout.EVENT_WIDTH)]
    row[layout.KIND] = draw(st.sampled_from(list(KINDS)))
    row[layout.EVENT_TS] = draw(TIMES)
    row[layout.EVENT_ACT_TS] = draw(TIMES)
    row[layout.EVENT_SLOT] = draw(st.integers(0, 50))
    row[layout.EVENT_SIDE] = draw(st.sampled_from([-1, 0, 1]))
    row[layout.CODE] = draw(st.sampled_from(list(CODES.get(row[layout.KIND], [0]))))
    if row[layout.KIND] == layout.RISK:
        row[layout.RISK_LEVEL] = draw(st.integers(0, 3))
        row[layout.RISK_SINCE], row[layout.RISK_READY], row[layout.RISK_STAGE_TS] = (
            draw(TIMES) for _ in range(3)
        )
    for column in (layout.EVENT_LOTS, layout.EVENT_CASH):
        row[column] = (
            draw(st.integers(-(2**62), 2**62)) if row[layout.KIND] == layout.EXIT_FILL else row[column]
        )
    return row


@settings(max_examples=200, deadline=None)
@given(events(), GRIDS)
def test_an_event_comes_back_as_it_was(row: Row, grid: Grid) -> None:
    body = body_of(row, grid)
    assert row_of(body, row[layout.EVENT_SLOT], grid) == row
    assert encode(plain(body))


def test_a_line_speaks_in_words_and_amounts() -> None:
    row = [0] * layout.EVENT_WIDTH
    row[layout.KIND], row[layout.EVENT_TS], row[layout.CODE] = (
        layout.EXIT_FILL,
        1_740_859_200_000,
        layout.BY_TARGET,
    )
    row[layout.EVENT_LOTS], row[layout.EVENT_TICKS], row[layout.REFERENCE] = 125, 20_011, 20_015
    row[layout.EVENT_CASH], row[layout.EVENT_FEE], row[layout.EVENT_SIDE] = 249_862_346, 275_151, 1
    assert body_of(row, Grid(Decimal("0.00001"), Decimal("0.1"))) == {
        "event": "exit_fill",
        "bar": "2025-03-01T20:00:00Z",
        "position": "long",
        "qty": "12.5",
        "price": "0.20011",
        "reference": "0.20015",
        "cash": "2.49862346",
        "fee": "0.00275151",
        "reason": "target",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"qty": "0.15"}, "qty"),
        ({"cash": "0.000000001"}, "cash"),
        ({"event": "windfall"}, "windfall"),
        ({"reason": "?"}, "'\\?'"),
    ],
)
def test_a_line_that_cannot_be_an_event_is_damage(change: dict[str, str], said: str) -> None:
    row = [0] * layout.EVENT_WIDTH
    row[layout.KIND], row[layout.CODE] = layout.EXIT_FILL, layout.BY_STOP
    grid = Grid(Decimal(1), Decimal("0.1"))
    with pytest.raises(StoreDamagedError, match=said):
        row_of(body_of(row, grid) | change, 0, grid)


def test_an_order_id_is_short_stable_and_carries_the_store() -> None:
    order = ("paper", "paper-1", "momentum_5m", "kraken", "DOGE/USD", 1_740_859_200_000, "entry")
    first = client_order_id("0123abcd", *order)
    assert first == "msaer2xti5axoh3w6a"
    assert len(first) == LENGTH == 18
    assert first.startswith(store_part("0123abcd")) and first.isascii() and first.isalnum()
    others = [
        client_order_id("0123abce", *order),
        client_order_id("0123abcd", *order, 1),
        *(
            client_order_id("0123abcd", *order[:n], *_other(order[n]), *order[n + 1 :])
            for n in range(len(order))
        ),
    ]
    assert len({first, *others}) == len(others) + 1


def _other(value: str | int) -> tuple[str | int]:
    return (value + 1,) if isinstance(value, int) else (f"{value}x",)
