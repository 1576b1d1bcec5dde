"""Which strategies there are, and how one is loaded: built in, from a package's entry point, or from a file.

The table of built-in strategies needs no import of them, so that listing is quick.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memesnipe_cli.clock import timeframe_ms
from memesnipe_cli.errors import StrategyError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from pydantic import BaseModel

    from memesnipe_cli.strategies.base import Needs, Strategy
    from memesnipe_cli.strategies.plan import ExitPlan
    from memesnipe_cli.strategies.source import Source

ENTRY_POINTS = "memesnipe.strategies"
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")


@dataclass(frozen=True)
class BuiltIn:
    """Where a built-in strategy is and what a list says of it."""

    module: str
    class_name: str
    family: str
    timeframe: str
    summary: str


BUILT_IN: dict[str, BuiltIn] = {
    "momentum_5m": BuiltIn(
        "momentum_5m",
        "Momentum5m",
        "momentum",
        "5m",
        "5-minute breakout confirmed by volume and the hourly trend; half out at 2 R, the rest trails.",
    ),
    "mean_revert_1h": BuiltIn(
        "mean_revert_1h",
        "MeanRevert1h",
        "mean_reversion",
        "1h",
        "Hourly washout below the mean in a reverting market; out at the mean.",
    ),
    "eth_breakout_momentum": BuiltIn(
        "eth_breakout_momentum",
        "EthBreakoutMomentum",
        "momentum",
        "4h",
        "4-hour Donchian breakout (Turtle S1/S2) under a Bitcoin trend filter, pyramided to four units.",
    ),
}


@dataclass(frozen=True)
class LoadedStrategy:
    """A strategy with its parameters settled. `source` says where it came from; `sources` is its kernel text."""

    name: str
    strategy: type[Strategy]
    params: BaseModel
    source: str
    sources: tuple[Source, ...]
    built_in: bool

    @property
    def family(self) -> str:
        return self.strategy.family

    @property
    def timeframe(self) -> str:
        return self.strategy.timeframe

    @property
    def timeframe_ms(self) -> int:
        return timeframe_ms(self.strategy.timeframe)

    @property
    def summary(self) -> str:
        return self.strategy.summary

    @property
    def tags(self) -> dict[int, str]:
        return self.strategy.tags

    @property
    def needs(self) -> Needs:
        return self.strategy.needs

    @property
    def plan(self) -> ExitPlan:
        return self.strategy.plan(self.params)

    @property
    def warm_up(self) -> int:
        """Strategy bars before the first entry."""
        return int(self.strategy.warm_up(self.params))

    @property
    def cells(self) -> int:
        return int(self.strategy.cells(self.params))

    @property
    def parameter_types(self) -> dict[str, Any]:
        """Name -> int, float or bool, in the order the step's parameters are packed."""
        return {name: field.annotation or float for name, field in type(self.params).model_fields.items()}

    @property
    def code_hash(self) -> str:
        """Hash of the strategy's own source."""
        return hashlib.sha256("\n".join(source.text for source in self.sources).encode()).hexdigest()[:16]


def load(spec: str, params: Mapping[str, str] | None = None) -> LoadedStrategy:
    """Load a strategy by name, by a package's entry point, or as `path/to/file.py:Class`.

    Raises UsageError for unknown names, parameters and values out of bounds; StrategyError where a file cannot be used.
    """
    from memesnipe_cli.strategies.source import Source

    strategy, source, path = _find(spec)
    _check_class(strategy)
    text = path.read_text(encoding="utf-8")
    loaded = LoadedStrategy(
        name=strategy.name or strategy.__name__,
        strategy=strategy,
        params=_parameters(strategy, params or {}),
        source=source,
        sources=(Source(str(path), _only(text, strategy.__name__)),),
        built_in=source == "built-in",
    )
    _check_answers(loaded)
    return loaded


def names() -> list[str]:
    """Names of the built-in strategies and of those that installed packages offer."""
    return [*BUILT_IN, *sorted(_entry_points())]


def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _find(spec: str) -> tuple[type[Strategy], str, Path]:
    if spec in BUILT_IN:
        entry = BUILT_IN[spec]
        module = importlib.import_module(f"memesnipe_cli.strategies.{entry.module}")
        return getattr(module, entry.class_name), "built-in", Path(str(module.__file__))
    if ".py" in spec or "/" in spec:
        return _from_file(spec)
    points = _entry_points()
    if spec in points:
        return _from_package(points[spec])
    near = difflib.get_close_matches(spec, names(), 3, 0.4)
    guess = f"did you mean {', '.join(near)}? " if near else ""
    raise UsageError(
        f"strategy {spec!r} is not known",
        f"{guess}see `memesnipe strategies list`, or give path/to/file.py:Class",
    )


def _from_package(point: EntryPoint) -> tuple[type[Strategy], str, Path]:
    from memesnipe_cli.strategies.base import Strategy

    try:
        strategy = point.load()
    except Exception as error:
        raise StrategyError(
            f"strategy {point.name} of package {point.value} cannot be imported: {type(error).__name__}: {error}",
            "install that package anew, or remove it",
        ) from error
    if not (isinstance(strategy, type) and issubclass(strategy, Strategy)):
        raise StrategyError(
            f"entry point {point.name} is {point.value}, which is no class derived from Strategy",
            "its package must name the class: module:Class",
        )
    return strategy, f"package {point.value}", Path(str(sys.modules[strategy.__module__].__file__))


def _from_file(spec: str) -> tuple[type[Strategy], str, Path]:
    from memesnipe_cli.strategies.base import Strategy

    file, _, wanted = spec.partition(":")
    path = Path(file)
    if not path.is_file():
        raise UsageError(
            f"strategy file {file!r} does not exist",
            "give path/to/file.py:Class; `memesnipe strategies new NAME` writes one",
        )
    module_name = f"memesnipe_user_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    loader = importlib.util.spec_from_file_location(module_name, path)
    if loader is None or loader.loader is None:
        raise StrategyError(f"{file} is not a Python file", "give path/to/file.py:Class")
    module = importlib.util.module_from_spec(loader)
    sys.modules[module_name] = module
    try:
        loader.loader.exec_module(module)
    except Exception as error:
        raise StrategyError(
            f"{file} cannot be imported: {type(error).__name__}: {error}", f"run `python {file}` to see where"
        ) from error
    found = {
        name: item
        for name, item in vars(module).items()
        if isinstance(item, type) and issubclass(item, Strategy) and item.__module__ == module_name
    }
    if not wanted and len(found) == 1:
        wanted = next(iter(found))
    if wanted not in found:
        offered = ", ".join(sorted(found)) or "none"
        raise UsageError(
            f"{file} has no strategy {wanted!r}", f"classes derived from Strategy in it: {offered}"
        )
    return found[wanted], f"file {file}", path


def _only(text: str, class_name: str) -> str:
    """The module's text without its other classes, so that a file may hold several strategies."""
    tree = ast.parse(text)
    tree.body = [
        node
        for node in tree.body
        if not isinstance(node, ast.ClassDef) or node.name == class_name or _is_named_tuple(node)
    ]
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            node.body = [
                item for item in node.body if isinstance(item, ast.FunctionDef) and item.name not in _EDGE
            ]
    return ast.unparse(tree)


_EDGE = ("cells", "warm_up", "plan")  # asked once, in Python; not part of the kernel


def _is_named_tuple(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases)


def _check_class(strategy: type[Strategy]) -> None:
    from memesnipe_cli.strategies.base import FAMILIES
    from memesnipe_cli.strategies.base import Strategy as Base

    name = strategy.__name__
    if not isinstance(vars(strategy).get("step"), staticmethod):
        raise StrategyError(
            f"strategy {name} has no step of its own as a static method",
            "add @staticmethod def step(s, bar, p) that returns signal(...)",
        )
    if not _NAME.match(strategy.name or name):
        raise StrategyError(
            f"strategy {name}: name {strategy.name!r} will not do", "letters, digits, _ and -, a letter first"
        )
    if not (isinstance(strategy.Params, type) and issubclass(strategy.Params, Base.Params)):
        raise StrategyError(
            f"strategy {name}: Params is not derived from Strategy.Params",
            "class Params(Strategy.Params): ...",
        )
    if strategy.family not in FAMILIES:
        raise StrategyError(
            f"strategy {name}: family {strategy.family!r} is not known", f"one of {', '.join(FAMILIES)}"
        )
    timeframe_ms(strategy.timeframe)
    if any(not 1 <= tag <= 5 for tag in strategy.tags):
        raise StrategyError(
            f"strategy {name}: tags must be 1 to 5, not {sorted(strategy.tags)}", "renumber `tags`"
        )
    for field_name, field in strategy.Params.model_fields.items():
        if field.annotation not in (int, float, bool):
            raise StrategyError(
                f"strategy {name}: parameter {field_name} is {field.annotation}",
                "parameters are int, float or bool",
            )


def _check_answers(loaded: LoadedStrategy) -> None:
    """Ask a strategy once what is asked of it later, so that a mistake in it is told here."""
    from memesnipe_cli.strategies.plan import ExitPlan

    for name in ("cells", "warm_up", "plan"):
        try:
            answer: Any = getattr(loaded, name)
        except Exception as error:
            raise StrategyError(
                f"strategy {loaded.name}: {name}() raised {type(error).__name__}: {error}",
                f"{name}(p) must answer for all parameters within their bounds",
            ) from error
        good = isinstance(answer, ExitPlan) if name == "plan" else answer >= 0
        if not good:
            raise StrategyError(
                f"strategy {loaded.name}: {name}() is {answer!r}",
                "return an ExitPlan" if name == "plan" else "return a whole number, 0 or more",
            )


def _parameters(strategy: type[Strategy], given: Mapping[str, str]) -> BaseModel:
    from pydantic import ValidationError

    known = strategy.Params.model_fields
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1, 0.4)
            guess = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"strategy {strategy.name} has no parameter {key!r}",
                f"{guess}it has: {', '.join(known) or 'none'}",
            )
    try:
        return strategy.Params.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"parameter {key}={given.get(key)!r} of {strategy.name}: {first['msg']}",
            f"see `memesnipe strategies show {strategy.name}`",
        ) from None
