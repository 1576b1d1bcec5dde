"""What a strategy's step asks before it enters, read off the step's own source: nothing is declared twice, so nothing
can say something else than what is traded.

An entry is a `return signal(enter=...)`. Its conditions are the tests that stand between the step's first line and
that return, each with the answer that an entry needs. Runs nothing: explain_watch.py does.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

_BOOLEAN = (ast.Compare, ast.BoolOp, ast.UnaryOp)
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


@dataclass
class Condition:
    """One thing that is asked. text: as the strategy has it; wanted: the answer that an entry needs. number: its place
    among what is asked, -1 for a group. parts: what it is made of; `any_of`: one of them is enough."""

    text: str
    wanted: bool
    number: int = -1
    any_of: bool = False
    parts: list[Condition] = field(default_factory=list)


@dataclass
class Entry:
    """One way into the market: side +1 or -1, 0 where the source does not say; tag: which of the strategy's entries,
    0 where it does not say."""

    side: int
    tag: int
    conditions: list[Condition]


@dataclass
class StepRules:
    """A linked module with its step, and the entries in it. asked: every expression that was given a number."""

    tree: ast.Module
    step: ast.FunctionDef
    entries: list[Entry]
    asked: list[ast.expr]


def read_step(text: str) -> StepRules:
    """The rules in a linked module's text. A step whose returns cannot be read has no entries."""
    tree = ast.parse(text)
    step = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "step")
    _split_chains(step)
    reader = _Reader(step)
    reader.walk(step.body, [])
    return StepRules(tree, step, reader.entries, reader.asked)


class _Reader:
    """Follows a step from its first line to each of its returns."""

    def __init__(self, step: ast.FunctionDef) -> None:
        self.entries: list[Entry] = []
        self.asked: list[ast.expr] = []
        self._meaning = _boolean_names(step)
        self._numbers: dict[int, int] = {}

    def walk(self, body: list[ast.stmt], guards: list[Condition]) -> None:
        """Take the statements in; `guards` is what holds where they begin."""
        guards = list(guards)
        for statement in body:
            if isinstance(statement, ast.Return):
                self._leave(statement.value, guards)
                return
            if isinstance(statement, ast.If):
                before = len(self.entries)
                self.walk(statement.body, [*guards, *self._needed(statement.test, True)])
                enters = len(self.entries) > before
                self.walk(statement.orelse, [*guards, *self._needed(statement.test, False)])
                if not enters and _always_returns(statement.body):
                    guards += self._needed(statement.test, False)
            elif isinstance(statement, ast.For | ast.While | ast.With):
                self.walk(statement.body, guards)

    def _leave(self, value: ast.expr | None, guards: list[Condition]) -> None:
        if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
            return
        if value.func.id not in ("signal", "Signal"):
            return
        given = {word.arg: word.value for word in value.keywords}
        enter = given.get("enter", value.args[0] if value.args else None)
        tag = _whole(given.get("tag", value.args[2] if len(value.args) > 2 else ast.Constant(1)))
        for side, tests in self._sides(enter):
            conditions = [*guards, *(each for test, want in tests for each in self._needed(test, want))]
            self.entries.append(Entry(side, tag or 0, conditions))

    def _sides(self, enter: ast.expr | None) -> list[tuple[int, list[tuple[ast.expr, bool]]]]:
        """(side, what must hold beside the guards) of each way that `enter` can be other than 0."""
        if isinstance(enter, ast.Name) and enter.id in self._meaning:
            enter = self._meaning[enter.id]
        whole = _whole(enter)
        if enter is None or whole == 0:
            return []
        if whole is not None:
            return [(1 if whole > 0 else -1, [])]
        if isinstance(enter, ast.IfExp):
            then = [(side, [(enter.test, True), *tests]) for side, tests in self._sides(enter.body)]
            other = self._sides(enter.orelse)
            if then:
                return then + other
            return [(side, [(enter.test, False), *tests]) for side, tests in other]
        return [(0, [])]

    def _needed(self, test: ast.expr, want: bool) -> list[Condition]:
        """What makes a test come out as wanted."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._needed(test.operand, not want)
        if isinstance(test, ast.BoolOp):
            parts = [each for value in test.values for each in self._needed(value, want)]
            if isinstance(test.op, ast.And) is want:
                return parts
            return [Condition(ast.unparse(test), want, any_of=True, parts=parts)]
        parts = []
        if isinstance(test, ast.Name) and isinstance(self._meaning.get(test.id), _BOOLEAN):
            parts = self._needed(self._meaning[test.id], want)
        return [Condition(ast.unparse(test), want, self._number(test), parts=parts)]

    def _number(self, node: ast.expr) -> int:
        number = self._numbers.setdefault(id(node), len(self.asked))
        if number == len(self.asked):
            self.asked.append(node)
        return number


def _split_chains(step: ast.FunctionDef) -> None:
    """`a <= b <= c` becomes `a <= b and b <= c` where b is a name or a number, so that both halves can be told."""

    class Split(ast.NodeTransformer):
        def visit_Compare(self, node: ast.Compare) -> ast.expr:
            self.generic_visit(node)
            middle = node.comparators[:-1]
            if not middle or not all(
                isinstance(each, ast.Name | ast.Attribute | ast.Constant) for each in middle
            ):
                return node
            left = [node.left, *middle]
            pairs = zip(left, node.ops, node.comparators, strict=True)
            return ast.BoolOp(ast.And(), [ast.Compare(a, [op], [b]) for a, op, b in pairs])

    ast.fix_missing_locations(Split().visit(step))


def _boolean_names(step: ast.FunctionDef) -> dict[str, ast.expr]:
    """name -> the only expression beside constants that is assigned to it."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(step):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values = found.setdefault(node.targets[0].id, [])
            if not isinstance(node.value, ast.Constant):
                values.append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _always_returns(body: list[ast.stmt]) -> bool:
    return any(isinstance(statement, ast.Return) for statement in body)


def _whole(node: ast.expr | None) -> int | None:
    """The whole number that an expression is, None where it is none."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _whole(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return int(node.value)
    return None


def is_comparison(node: ast.expr) -> bool:
    """Whether an expression compares two values, so that both can be shown."""
    return isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], _ORDERED)


_OPPOSITE: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.GtE(), ast.LtE: ast.Gt(), ast.Gt: ast.LtE(), ast.GtE: ast.Lt(), ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
}  # fmt: skip


def needed_text(text: str, wanted: bool) -> str:
    """What an entry needs, in the strategy's own words: `rank >= p.most` that must not be so -> `rank < p.most`."""
    if wanted:
        return text
    node = ast.parse(text, mode="eval").body
    if isinstance(node, ast.Compare) and is_comparison(node):
        return ast.unparse(ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]], node.comparators))
    return f"not ({text})" if isinstance(node, ast.BoolOp) else f"not {text}"
