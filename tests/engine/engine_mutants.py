"""Mutants of the kernel: its text with one small thing changed, as plain Python."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, SimpleNamespace
from typing import Any

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
}
TWINS = {
    "floor_forgiving": "ceil_forgiving",
    "ceil_forgiving": "floor_forgiving",
    "floor": "ceil",
    "ceil": "floor",
    "value_up": "value_down",
    "value_down": "value_up",
    "min": "max",
    "max": "min",
}


@dataclass(frozen=True)
class Mutant:
    """One changed function. `before` and `after` are the statement that differs."""

    function: str
    before: str
    after: str
    code: CodeType

    @property
    def name(self) -> str:
        """Names the mutant whatever else changes in the kernel."""
        return f"{self.function}: {self.before} -> {self.after}"


def changes(text: str) -> list[tuple[ast.FunctionDef, int]]:
    """Every place of every function where `mutate` can change something, in the order of the text."""
    functions = [
        node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name != "_jit"
    ]
    return [(function, place) for function in functions for place in range(len(list(_changes(function))))]


def mutate(original: ast.FunctionDef, place: int) -> Mutant:
    """The function with one place changed."""
    function = copy.deepcopy(original)
    function.decorator_list = []
    old = ast.unparse(function).splitlines()
    change = list(_changes(function))[place]
    change()
    ast.fix_missing_locations(function)
    new = ast.unparse(function).splitlines()
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    before = "; ".join(line.strip() for line in old[same : len(old) - tail])
    after = "; ".join(line.strip() for line in new[same : len(new) - tail])
    code = compile(ast.Module([function], []), f"<mutant of {function.name}>", "exec")
    return Mutant(function.name, before, after, code)


def _changes(function: ast.FunctionDef) -> Iterator[Any]:
    """What can be changed, as calls that do it; each is used on a fresh copy."""
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            yield lambda node=node: node.ops.__setitem__(0, COMPARISONS[type(node.ops[0])]())
        elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
            yield lambda node=node: setattr(node, "op", OPERATORS[type(node.op)]())
        elif isinstance(node, ast.BoolOp):
            yield lambda node=node: setattr(
                node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And()
            )
            for place in range(len(node.values)):
                neutral = ast.Constant(isinstance(node.op, ast.And))
                yield lambda node=node, place=place, neutral=neutral: node.values.__setitem__(place, neutral)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield lambda node=node: setattr(node, "op", ast.UAdd())
        elif isinstance(node, ast.Call):
            yield from _call_changes(node)
        elif isinstance(node, ast.If):
            yield lambda node=node: setattr(node, "test", ast.Constant(False))
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
            yield lambda node=node: setattr(node, "value", _other(node.value.value))
        yield from _dropped(node)


def _call_changes(node: ast.Call) -> Iterator[Any]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in TWINS:
        if isinstance(node.func, ast.Name):
            yield lambda: setattr(node, "func", ast.Name(TWINS[name], ast.Load()))
        else:
            yield lambda: setattr(node.func, "attr", TWINS[name])
    if name in ("min", "max"):
        for place in range(len(node.args)):
            yield lambda place=place: node.args.__setitem__(slice(None), [node.args[place]] * 2)


def _dropped(node: ast.AST) -> Iterator[Any]:
    """Statements that may be left out: bookings and calls."""
    for field in ("body", "orelse"):
        block = getattr(node, field, None)
        if not isinstance(block, list):
            continue
        for place, statement in enumerate(block):
            books = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript)
            called = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            if books or called or isinstance(statement, ast.AugAssign):
                yield lambda block=block, place=place: block.__setitem__(place, ast.Pass())


def _other(value: object) -> ast.expr:
    if isinstance(value, bool):
        return ast.Constant(not value)
    return ast.Constant(value + 1 if isinstance(value, int | float) else None)


class Watched:
    """The equity line; a run that writes it far too often never ends, and raises."""

    def __init__(self, line: Any) -> None:
        self.line = line
        self.writes = iter(range(3 * len(line) + 10))

    def __setitem__(self, place: Any, value: Any) -> None:
        if next(self.writes, None) is None:
            raise RecursionError("the run does not end")
        self.line[place] = value


class Kernel:
    """A module's text, compiled once; mutants of it are cheap to make."""

    def __init__(self, text: str) -> None:
        self.code = compile(text, "<kernel>", "exec")

    def loaded(self, mutant: Mutant | None = None) -> SimpleNamespace:
        """The module with the mutant in place. A run that gets no further raises: it would never end."""
        names: dict[str, Any] = {"__name__": "mutant"}
        exec(self.code, names)  # noqa: S102 - the kernel's own text
        if mutant is not None:
            exec(mutant.code, names)  # noqa: S102
        run_tape = names["run_tape"]

        def advancing(begin: int, *arguments: Any) -> int:
            stopped = int(run_tape(begin, *arguments[:-1], Watched(arguments[-1])))
            if stopped <= begin:
                raise RecursionError("the run does not end")
            return stopped

        advancing.__signature__ = inspect.signature(run_tape)  # type: ignore[attr-defined]
        return SimpleNamespace(**{**names, "run_tape": advancing})
