"""The signer's code with one of its rules taken out: a test that no such copy fails tests nothing."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Iterator


def mutants(module: types.ModuleType, calls: tuple[str, ...] = ()) -> Iterator[tuple[str, types.ModuleType]]:
    """The module with one of its rules taken out, and which one: each `if` that raises, and each bare call of one of
    `calls`."""
    source = inspect.getsource(module)
    for number, _ in enumerate(_rules(ast.parse(source), calls)):
        tree = ast.parse(source)
        rule = _rules(tree, calls)[number]
        name = f"{module.__name__}:{rule.lineno} {ast.unparse(rule).splitlines()[0]}"
        if isinstance(rule, ast.If):
            rule.test = ast.copy_location(ast.Constant(False), rule.test)
        else:
            assert isinstance(rule, ast.Expr)
            rule.value = ast.copy_location(ast.Constant(None), rule.value)
        yield name, _module(tree, f"{module.__name__}_mutant_{number}")


def _rules(tree: ast.AST, calls: tuple[str, ...]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for node in ast.walk(tree):
        raises = isinstance(node, ast.If) and any(isinstance(each, ast.Raise) for each in node.body)
        called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if raises or (called and ast.unparse(node.value.func) in calls):  # type: ignore[attr-defined]
            found.append(node)  # type: ignore[arg-type]
    return found


def _module(tree: ast.Module, name: str) -> types.ModuleType:
    made = types.ModuleType(name)
    # A dataclass looks its module up.
    sys.modules[name] = made
    try:
        exec(compile(tree, name, "exec"), made.__dict__)  # noqa: S102  our own code
    finally:
        del sys.modules[name]
    return made
