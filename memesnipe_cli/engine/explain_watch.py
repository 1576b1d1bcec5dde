"""One step of a strategy with a listener: the values it worked with, and what each of its conditions came out as.

The linked source of the step runs in CPython as it stands; only where it asks something, the answer is also written
down, and where it returns, its local values.
"""

from __future__ import annotations

import ast
import math
import operator
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from memesnipe_cli.engine.explain_rules import Condition, StepRules, is_comparison, read_step
from memesnipe_cli.engine.kernel import signals as cells
from memesnipe_cli.engine.signals import SignalStream, division_raises, signal_kernel
from memesnipe_cli.engine.words import HELD_BACK
from memesnipe_cli.strategies.registry import LoadedStrategy
from memesnipe_cli.strategies.signal import Signal

_COMPARE = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
_GIVEN = ("s", "bar", "p")  # what a step is called with
# Looking at these a second time, after the step, changes nothing.
_PURE = (
    ast.Name, ast.Attribute, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Compare, ast.operator,
    ast.unaryop, ast.cmpop, ast.expr_context,
)  # fmt: skip
_PURE_CALLS = ("abs", "min", "max", "float", "int", "math.sqrt", "math.log", "math.exp", "math.isnan")


@dataclass(frozen=True)
class Answer:
    """What a condition came out as. left, right: the compared values, None for what is no comparison of two. value:
    its truth, None where it was not asked and cannot be told. reached: the step itself asked it. met: it is as an
    entry needs it."""

    text: str
    wanted: bool
    value: bool | None
    met: bool | None
    reached: bool
    left: float | None = None
    right: float | None = None
    parts: list[Answer] = field(default_factory=list)


@dataclass(frozen=True)
class EntryAnswers:
    """The conditions of one of a strategy's entries. side +1 or -1 and tag, 0 where the source does not say."""

    side: int
    tag: int
    conditions: list[Answer]


@dataclass(frozen=True)
class Watched:
    """One bar of a strategy: what it said, why an entry was kept back ("" where none was), its values by name, its
    entries. said is None where none of its own bars closed."""

    said: Signal | None
    held_back: str
    values: dict[str, float | bool]
    entries: list[EntryAnswers]


def watch_bar(strategy: LoadedStrategy, stream: SignalStream, row: tuple[Any, ...]) -> Watched:
    """Step a copy of `stream` over one base bar (as BaseBars.rows gives it). The stream stays as it is; a step that
    raises raises here, so step the stream itself first."""
    rules = read_step(signal_kernel(strategy).text("plain"))
    listener = _Listener(rules)
    module = listener.module()
    details = _copy(stream.row, True)
    with nullcontext() if strategy.built_in else division_raises():
        flags = module.step_base_bar(
            _copy(stream.state, strategy.built_in), module.make_params(stream.params), _copy(stream.build, True),
            details, stream.base_ms, stream.timeframe_ms, *row, stream.warm_up, stream.min_turnover, stream.day_bars,
        )  # fmt: skip
    held_back = HELD_BACK[int(details[cells.ROW_HELD_BACK])] if flags & 256 else ""
    entries = [
        EntryAnswers(entry.side, entry.tag, [listener.answer(each) for each in entry.conditions])
        for entry in rules.entries
    ]
    return Watched(listener.said, held_back, listener.values(), entries)


def _copy(values: Any, plain: bool) -> Any:
    """A copy; `plain`: as a list of Python's own floats, over which a division by zero raises."""
    return values.tolist() if plain and not isinstance(values, list) else values.copy()


class _Listener:
    """Hears what a step asks and what it returns with."""

    def __init__(self, rules: StepRules) -> None:
        self._rules = rules
        self._texts = [ast.unparse(node) for node in rules.asked]
        self._heard: dict[int, tuple[Any, Any, Any]] = {}  # number -> (truth, left, right)
        self._locals: dict[str, Any] = {}
        self._globals: dict[str, Any] = {}
        self.said: Signal | None = None

    def module(self) -> Any:
        """The linked module with the listener in its step."""
        _Insert({id(node): number for number, node in enumerate(self._rules.asked)}).visit(self._rules.step)
        ast.fix_missing_locations(self._rules.tree)
        module = ModuleType("memesnipe_watched_step")
        module.__dict__.update(_asked=self._asked, _compared=self._compared, _returned=self._returned)
        exec(compile(self._rules.tree, "<watched step>", "exec"), module.__dict__)  # noqa: S102 - linked source
        self._globals = module.__dict__
        return module

    def values(self) -> dict[str, float | bool]:
        """The step's numbers by name, as they were when it returned."""
        return {
            name: value
            for name, value in self._locals.items()
            if name not in _GIVEN and not name.startswith("_") and isinstance(value, bool | int | float)
        }

    def answer(self, condition: Condition) -> Answer:
        """What a condition came out as, its parts included."""
        parts = [self.answer(part) for part in condition.parts]
        if condition.number < 0:
            known = [part.met for part in parts if part.met is not None]
            met = True if any(known) else False if len(known) == len(parts) else None
            value = None if met is None else condition.wanted is met
            return Answer(condition.text, condition.wanted, value, met, bool(known), parts=parts)
        reached = condition.number in self._heard
        truth, left, right = self._heard[condition.number] if reached else self._ask_again(condition.text)
        value = None if truth is None else bool(truth)
        met = None if value is None else value is condition.wanted
        return Answer(
            condition.text, condition.wanted, value, met, reached, _number(left), _number(right), parts
        )

    def _compared(self, number: int, left: Any, right: Any) -> Any:
        truth = _operator(self._rules.asked[number])(left, right)
        self._heard[number] = (truth, left, right)
        return truth

    def _asked(self, number: int, truth: Any) -> Any:
        self._heard[number] = (truth, None, None)
        return truth

    def _returned(self, values: dict[str, Any], said: Signal) -> Signal:
        self._locals = values
        self.said = said
        return said

    def _ask_again(self, text: str) -> tuple[Any, Any, Any]:
        """What the step did not come to, from the values it ended with; None where they do not tell."""
        expression = ast.parse(text, mode="eval").body
        if not _is_pure(expression):
            return None, None, None
        try:
            if isinstance(expression, ast.Compare) and is_comparison(expression):
                left, right = self._evaluate(expression.left), self._evaluate(expression.comparators[0])
                return _operator(expression)(left, right), left, right
            return self._evaluate(expression), None, None
        except (NameError, ArithmeticError, LookupError, ValueError):
            return None, None, None

    def _evaluate(self, expression: ast.expr) -> Any:
        code = compile(ast.Expression(expression), "<condition>", "eval")
        return eval(code, self._globals, self._locals)  # noqa: S307 - linked source


class _Insert(ast.NodeTransformer):
    """Puts a call around every expression that is asked, and around every value that is returned."""

    def __init__(self, numbers: dict[int, int]) -> None:
        self._numbers = numbers

    def visit(self, node: ast.AST) -> Any:
        """The node with what is in it already changed."""
        self.generic_visit(node)
        if isinstance(node, ast.Return) and node.value is not None:
            node.value = _call("_returned", _call("locals"), node.value)
        number = self._numbers.get(id(node))
        if number is None or not isinstance(node, ast.expr):
            return node
        if isinstance(node, ast.Compare) and is_comparison(node):
            return _call("_compared", ast.Constant(number), node.left, node.comparators[0])
        return _call("_asked", ast.Constant(number), node)


def _call(name: str, *given: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(given), [])


def _operator(node: ast.expr) -> Any:
    if not isinstance(node, ast.Compare):
        raise TypeError(f"{type(node).__name__} compares nothing")
    return _COMPARE[type(node.ops[0])]


def _is_pure(expression: ast.expr) -> bool:
    """Whether looking again changes nothing and says the same."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Call):
            if ast.unparse(node.func) not in _PURE_CALLS or node.keywords:
                return False
        elif not isinstance(node, _PURE):
            return False
    return True


def _number(value: Any) -> float | None:
    """A finite number to show, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
