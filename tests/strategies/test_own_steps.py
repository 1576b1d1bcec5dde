"""What a user's step may do, and what is said when it fails: compiled, interpreted and streamed alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from own_files import hours, own_class, write

from memesnipe_cli.engine.signals import BaseBars, InstrumentSignals, SignalScanner, SignalStream
from memesnipe_cli.errors import StrategyError
from memesnipe_cli.strategies.registry import LoadedStrategy, load

CELLS = "@staticmethod\ndef cells(p):\n    return 4"


def own(folder: Path, step: str, *parts: str, body: str = CELLS) -> LoadedStrategy:
    return load(str(write(folder, *parts, own_class(step, body=body))))


def both(loaded: LoadedStrategy, bars: BaseBars, cache: Path) -> tuple[bool, InstrumentSignals]:
    """Whether it could be compiled, and its signals, which are the same in every way it can be run."""
    scanner = SignalScanner(loaded, cache)
    found = scanner.scan(bars)
    other = SignalScanner(loaded, cache, compiled=False).scan(bars)
    stream = SignalStream(loaded, bars.base_ms)
    np.testing.assert_array_equal(found.flags, other.flags)
    np.testing.assert_array_equal(found.flags, [stream.step(*row) for row in bars.rows(0)])
    for column in ("index", "tag", "stop", "target", "max_bars", "weight", "score"):
        np.testing.assert_array_equal(getattr(found.rows, column), getattr(other.rows, column))
    return scanner.compiled, found


def test_a_plain_step_is_compiled(tmp_path: Path, kernel_folder: Path) -> None:
    loaded = own(
        tmp_path,
        "fast, slow = ema(s, FAST, bar.close, 3), ema(s, SLOW, bar.close, DAYS)\n"
        "return signal(enter=1 if fast > slow else 0, stop=sqrt(bar.close) + half(bar.high))",
        "from math import sqrt\n",
        "FAST, SLOW = 0, 2\nDAYS: int = 9\n",
        "def half(x: float, *more: Any) -> float:\n    return x / 2.0\n",
    )
    compiled, found = both(loaded, hours(), kernel_folder)
    assert compiled and 10 < len(found.rows.index) < 50


@pytest.mark.parametrize(
    "step",
    [
        "tail = '{:.0f}'.format(bar.close)[-1]\nreturn signal(enter=1 if tail == '7' else 0, stop=1.0)",
        "side = 'long' if bar.close > 100 else 'none'\nreturn signal(enter=WORDS[side], stop=1.0)",
        "s[0] += 1.0\nreturn signal(enter=1 if f'{s[0]:.0f}'.endswith('7') else 0, stop=1.0)",
    ],
)
def test_a_step_that_cannot_be_compiled_is_interpreted(
    step: str, tmp_path: Path, kernel_folder: Path
) -> None:
    compiled, found = both(own(tmp_path, step, "WORDS = {'long': 1, 'none': 0}\n"), hours(), kernel_folder)
    assert not compiled and 3 < len(found.rows.index) < 50


def test_a_user_may_give_a_strategy_the_name_of_a_built_in_one(tmp_path: Path, kernel_folder: Path) -> None:
    loaded = own(
        tmp_path, "return signal(enter=1, stop=2.0)", body="name = 'mean_revert_1h'\ntimeframe = '1h'"
    )
    assert set(both(loaded, hours(), kernel_folder)[1].rows.stop) == {2.0}


# --- steps that raise ---------------------------------------------------------------------------------

WHERE = "2025-01-02T06:00:00Z"  # the first bar that does not move: number 30


def failures(loaded: LoadedStrategy, bars: BaseBars, cache: Path) -> list[StrategyError]:
    """What is raised by the compiled, the interpreted and the streamed step."""
    stream = SignalStream(loaded, bars.base_ms)
    found = []
    for run in (
        lambda: SignalScanner(loaded, cache).scan(bars),
        lambda: SignalScanner(loaded, cache, compiled=False).scan(bars),
        lambda: [stream.step(*row) for row in bars.rows(0)],
    ):
        with pytest.raises(StrategyError) as raised:
            run()
        found.append(raised.value)
    return found


@pytest.mark.parametrize(
    "step",
    [
        "return signal(enter=1, stop=1.0 / (bar.high - bar.low))",
        "return signal(enter=1, stop=(bar.close - bar.low) / (bar.high - bar.low))",
        "s[0] = bar.high - bar.low\ns[1] = 3.0\nreturn signal(enter=1, stop=s[1] / s[0])",
        "s[0] = bar.high - bar.low\nreturn signal(enter=1, stop=s[0] / s[0])",
    ],
)
def test_a_division_by_zero_names_the_bar_in_whatever_way_it_runs(
    step: str, tmp_path: Path, kernel_folder: Path
) -> None:
    for error in failures(own(tmp_path, step), hours(flat_from=29), kernel_folder):
        assert "Mine" in error.message and WHERE in error.message and "guard divisions" in error.hint


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("raise ValueError('no idea')", "ValueError: no idea"),
        ("assert bar.high > bar.low, 'flat'\nreturn signal()", "AssertionError"),
        ("raise RuntimeError('lost')", "RuntimeError: lost"),
        ("return signal(stop=float(open('/nowhere/at/all').read()))", "FileNotFoundError"),
        ("return signal(stop=s[99])", "IndexError"),
        ("return signal(stop=WORDS['b'])", "KeyError"),
        ("return 1", "AttributeError"),
        ("if bar.high > bar.low:\n    return signal()", "None"),
    ],
)
def test_whatever_a_step_raises_is_told_with_its_bar(
    step: str, said: str, tmp_path: Path, kernel_folder: Path
) -> None:
    for error in failures(own(tmp_path, step, "WORDS = {'a': 1.0}\n"), hours(flat_from=29), kernel_folder):
        assert said in error.message and "at the base bar of 2025-01-0" in error.message


def test_a_name_that_the_kernel_does_not_know_is_told_as_that(tmp_path: Path, kernel_folder: Path) -> None:
    for error in failures(own(tmp_path, "return signal(stop=unheard_of(bar))"), hours(), kernel_folder):
        assert "unheard_of" in error.message and "own file" in error.hint


@pytest.mark.parametrize("tag", [-1, 0, 6])
def test_an_entry_with_a_tag_that_does_not_exist_is_refused(
    tag: int, tmp_path: Path, kernel_folder: Path
) -> None:
    step = f"return signal(enter=1 if bar.ts % 86_400_000 == 7_200_000 else 0, tag={tag}, stop=1.0)"
    for error in failures(own(tmp_path, step), hours(), kernel_folder):
        assert (
            f"tag {tag} at the base bar of 2025-01-01T02:00:00Z" in error.message and "1 to 5" in error.hint
        )


# --- files that make no kernel ------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["def ema(x):\n    return x\n", "GAP_BARS = 3\n", "make_params = 1\n"])
def test_a_name_that_the_kernel_uses_itself_is_refused(
    part: str, tmp_path: Path, kernel_folder: Path
) -> None:
    loaded = own(tmp_path, "return signal()", part)
    for error in failures(loaded, hours(), kernel_folder):
        assert (
            part.split("(")[0].split()[-1 if "def" in part else 0] in error.message and "rename" in error.hint
        )


def test_a_constant_that_needs_more_than_the_kernel_has_is_refused(
    tmp_path: Path, kernel_folder: Path
) -> None:
    loaded = own(tmp_path, "return signal()", "class Box:\n    three = 3\n\nTHREE = Box.three\n")
    for error in failures(loaded, hours(), kernel_folder):
        assert "'Box'" in error.message and "outside of functions" in error.hint


def test_a_step_that_is_compiled_may_not_reach_beyond_its_state(tmp_path: Path, kernel_folder: Path) -> None:
    for error in failures(own(tmp_path, "s[int(bar.close)] = 1.0\nreturn signal()"), hours(), kernel_folder):
        assert "IndexError" in error.message
