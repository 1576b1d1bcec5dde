"""Paste kernel sources into one module, and load it: compiled by numba, or as plain Python.

Why one generated file: numba caches compiled code by the file a function stands in. A function that calls another from
another file goes on running the old callee after that file changed. One file whose name is a hash of everything in it
cannot go stale.
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import sys
import tempfile
import types
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from memesnipe_cli.clock import now_ms
from memesnipe_cli.strategies.source import Source as Source

KEPT_SECONDS = 30 * 86_400
_HEADER = """# Generated: a kernel of memesnipe, pasted together from its sources. Changes here are lost.
import math
from collections import namedtuple

import numpy as np
{jit_import}

"""
# Our own kernels allocate nothing, so they go without reference counting (_nrt): twice as fast to compile and to run.
_COMPILED = """from numba import njit

_jit = njit(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
_jit_hot = njit(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)
_jit_entry = njit(_nrt=False, cache=True, nogil=True)"""
_CHECKED = """from numba import njit

_jit = njit(boundscheck=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
_jit_hot = _jit
_jit_entry = njit(boundscheck=True, cache=True, nogil=True)"""
_PLAIN = "\n\ndef _jit(function):\n    return function\n\n\n_jit_hot = _jit\n_jit_entry = _jit"

_LEFT_BEHIND = (
    "memesnipe_cli",
    "__future__",
    "typing",
    "pydantic",
)  # pasted in, or of use to type hints only


class LinkError(Exception):
    """Sources that cannot be pasted together."""


def source_of(path: Path) -> Source:
    """The text of a kernel file."""
    return Source(str(path), path.read_text(encoding="utf-8"))


def link(sources: Sequence[Source], entries: Sequence[str], *, mode: str, hot: Sequence[str] = ()) -> str:
    """One module's text out of several: imports, constants, named tuples and functions, without the imports of each
    other and of what only type hints need.

    mode: `compiled`, `checked` (compiled with array bounds checked, for code we did not write) or `plain`.
    hot: functions called for every bar, which compiled code has in line. Raises LinkError where two sources
    define the same name.
    """
    jit_import = {"compiled": _COMPILED, "checked": _CHECKED, "plain": _PLAIN}[mode]
    parts = [_HEADER.format(jit_import=jit_import)]
    owner: dict[str, str] = {}
    for source in sources:
        for names, node in _definitions(source):
            text = ast.unparse(node)
            imported = isinstance(node, ast.Import | ast.ImportFrom)
            if imported and f"{text}\n" in parts:
                continue
            for name in names:
                if owner.setdefault(name, source.origin) != source.origin:
                    raise LinkError(f"{name} is defined in {owner[name]} and in {source.origin}")
            if isinstance(node, ast.FunctionDef):
                mark = "_jit_entry" if node.name in entries else "_jit_hot" if node.name in hot else "_jit"
                text = f"@{mark}\n{text}"
            parts.append(text + ("\n" if imported else "\n\n"))
    return "".join(parts)


def _definitions(source: Source) -> list[tuple[list[str], ast.stmt]]:
    """What of a source goes into a kernel: (the names it defines, statement). Type hints and docstrings stay behind."""
    found: list[tuple[list[str], ast.stmt]] = []
    for node in ast.parse(source.text, source.origin).body:
        if isinstance(node, ast.FunctionDef):
            found.append(([node.name], _bare(node)))
        elif isinstance(node, ast.Assign):
            found.append((_targets(node.targets), node))
        elif isinstance(node, ast.AnnAssign) and node.value is not None and not _is_alias(node):
            plain = ast.copy_location(ast.Assign([node.target], node.value), node)
            found.append((_targets(plain.targets), plain))
        elif isinstance(node, ast.ClassDef):
            found += _from_class(node)
        elif isinstance(node, ast.Import):
            found.append(([], node))
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] not in _LEFT_BEHIND:
            found.append(([each.asname or each.name for each in node.names], node))
    return found


def _is_alias(node: ast.AnnAssign) -> bool:
    """Whether an assignment only names a type."""
    return isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias"


def _targets(targets: Sequence[ast.expr]) -> list[str]:
    """The names that an assignment defines."""
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _from_class(node: ast.ClassDef) -> list[tuple[list[str], ast.stmt]]:
    """A NamedTuple becomes a namedtuple; of a strategy class only its static functions come along."""
    if any(isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases):
        fields = [
            item.target.id
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        ]
        text = f"{node.name} = namedtuple({node.name!r}, {fields!r})"
        return [([node.name], ast.parse(text).body[0])]
    return [
        ([item.name], _bare(item))
        for item in node.body
        if isinstance(item, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in item.decorator_list)
    ]


def _bare(function: ast.FunctionDef) -> ast.FunctionDef:
    """The function without decorators, hints and docstring: what numba and CPython both run."""
    function.decorator_list = []
    function.returns = None
    for node in ast.walk(function.args):
        if isinstance(node, ast.arg):
            node.annotation = None
    first = function.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        function.body = function.body[1:] or [ast.Pass()]
    return function


@dataclass(frozen=True)
class Kernel:
    """What is pasted together: its sources, the functions called from Python (`entries`) and those in line (`hot`)."""

    name: str
    sources: tuple[Source, ...]
    entries: tuple[str, ...]
    hot: tuple[str, ...] = ()

    def text(self, mode: str) -> str:
        """The linked module. Raises LinkError."""
        return link(self.sources, self.entries, mode=mode, hot=self.hot)

    def digest(self) -> str:
        """Names the kernel's text without linking it: a hash of all that goes into it, this linker included."""
        parts = [source.text for source in self.sources]
        linker = Path(__file__).read_text(encoding="utf-8")
        return hashlib.sha256(repr((parts, self.entries, self.hot, linker)).encode()).hexdigest()[:24]


def load(kernel: Kernel, cache_dir: Path, *, mode: str) -> types.ModuleType:
    """The module of a kernel. Compiled ones stand in a file of cache_dir so that numba can cache beside it; where that
    folder cannot be written, in a temporary one. Raises LinkError."""
    if mode == "plain":
        module = types.ModuleType(f"memesnipe_kernel_{kernel.name}_plain")
        code = compile(kernel.text(mode), f"<kernel {kernel.name}>", "exec")
        exec(code, module.__dict__)  # noqa: S102 - our own linked sources
        return module
    digest = hashlib.sha256("\n".join([kernel.digest(), mode, *_environment()]).encode()).hexdigest()[:24]
    module_name = f"memesnipe_kernel_{kernel.name}_{digest}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    path = cache_dir / module_name / f"{module_name}.py"
    if not path.exists():
        path = _place(cache_dir, module_name, kernel.text(mode))
    spec = spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise LinkError(f"{path} cannot be imported")
    module = module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    if mode == "compiled":
        for entry in kernel.entries:
            _load_without_tables(getattr(module, entry))
    return module


def _load_without_tables(dispatcher: Any) -> None:
    """Let numba load this function's cached machine code without first filling its tables of everything it can compile.

    That takes 0.3 s and serves compiling alone, which fills them by itself where the cache has nothing. Not for checked
    kernels: filling the tables also starts numba's memory runtime, and code that allocates would crash without it.
    """
    cache = dispatcher._cache
    load_cached = cache.load_overload

    def load_overload(signature: Any, context: Any) -> Any:
        context.refresh = lambda: None
        try:
            return load_cached(signature, context)
        finally:
            del context.refresh

    cache.load_overload = load_overload


def _environment() -> list[str]:
    """What compiled code depends on beside its text."""
    import numba
    import numpy as np
    from llvmlite import binding

    return [
        numba.__version__,
        np.__version__,
        sys.version,
        binding.get_host_cpu_name(),
        str(binding.get_host_cpu_features()),
    ]


def _place(cache_dir: Path, module_name: str, text: str) -> Path:
    """Write the module once; an existing file is left as it is, since numba's cache looks at its time."""
    try:
        folder = cache_dir / module_name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{module_name}.py"
        if path.exists():  # another process was quicker
            return path
        handle, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
        _forget_old(cache_dir)
        return path
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="memesnipe-kernel-"))
        path = folder / f"{module_name}.py"
        path.write_text(text, encoding="utf-8")
        return path


def _forget_old(cache_dir: Path) -> None:
    """Remove compiled kernels that nobody has made anew or loaded for a month."""
    oldest = now_ms() / 1000 - KEPT_SECONDS
    for folder in cache_dir.glob("memesnipe_kernel_*"):
        used = max((file.stat().st_atime for file in folder.rglob("*") if file.is_file()), default=oldest)
        if used < oldest:
            shutil.rmtree(folder, ignore_errors=True)
