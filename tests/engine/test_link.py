"""Kernels: what of a source is pasted in, that an edited source is seen, and where compiled code may stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe_cli.engine.link import Kernel, LinkError, Source, link, load, source_of

CALLEE = "def limit(x):\n    return min(x, 10.0)\n"
ENTRY = "def run(x):\n    return limit(x) + 1.0\n"


def kernel(*texts: str, name: str = "test") -> Kernel:
    return Kernel(name, tuple(Source(f"source {at}", text) for at, text in enumerate(texts)), ("run",))


@pytest.mark.parametrize("mode", ["compiled", "checked", "plain"])
def test_an_edited_callee_is_seen_by_its_caller(mode: str, tmp_path: Path) -> None:
    cache, callee, entry = tmp_path / "cache", tmp_path / "callee.py", tmp_path / "entry.py"
    entry.write_text(ENTRY)

    def answer() -> tuple[str, float]:
        made = Kernel("edited", (source_of(callee), source_of(entry)), ("run",))
        module = load(made, cache, mode=mode)
        return module.__name__, module.run(99.0)

    callee.write_text(CALLEE)
    first, before = answer()
    callee.write_text(CALLEE.replace("10.0", "20.0"))
    second, after = answer()
    callee.write_text(CALLEE)
    assert (before, after, answer()) == (11.0, 21.0, (first, 11.0))
    assert (first == second) == (mode == "plain")


@pytest.mark.parametrize(
    "changed",
    [
        kernel(CALLEE, ENTRY.replace("1.0", "2.0")),
        kernel(ENTRY, CALLEE),
        Kernel("test", kernel(CALLEE, ENTRY).sources, ("run", "limit")),
        Kernel("test", kernel(CALLEE, ENTRY).sources, ("run",), ("limit",)),
    ],
)
def test_a_kernel_is_named_by_all_that_goes_into_it(changed: Kernel) -> None:
    assert changed.digest() != kernel(CALLEE, ENTRY).digest()
    assert kernel(CALLEE, ENTRY).digest() == kernel(CALLEE, ENTRY).digest()


def test_a_compiled_kernel_is_found_again_and_not_written_anew(tmp_path: Path) -> None:
    made = kernel(CALLEE, ENTRY, name="again")
    path = Path(str(load(made, tmp_path, mode="compiled").__file__))
    written = path.stat().st_mtime_ns
    del sys.modules[path.stem]
    again = load(made, tmp_path, mode="compiled")
    assert again.run(3.0) == 4.0 and path.stat().st_mtime_ns == written
    assert list(path.parent.rglob("*.nbi"))


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    module = load(kernel(CALLEE, ENTRY, name="unwritable"), tmp_path / "file" / "kernels", mode="compiled")
    assert module.run(3.0) == 4.0
    assert (tmp_path / "file").read_text() == "in the way"


def test_two_processes_may_make_the_same_kernel_at_once(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom memesnipe_cli.engine.link import Kernel, Source, load\n"
        f"sources = (Source('a', {CALLEE!r}), Source('b', {ENTRY!r}))\n"
        "module = load(Kernel('raced', sources, ('run',)), Path(sys.argv[1]), mode='compiled')\n"
        "print(module.run(50.0))\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in started]
    assert [out for out, _ in said] == ["11.0\n", "11.0\n"], said
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_kernel_that_cannot_be_imported_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = kernel("LIMIT = unheard_of\n", "def run(x):\n    return x\n", name="broken")
    for _ in range(2):
        with pytest.raises(NameError):
            load(broken, tmp_path, mode="compiled")


# --- what is pasted in --------------------------------------------------------------------------------


def plain(*texts: str) -> dict[str, object]:
    return vars(load(kernel(*texts), Path(), mode="plain"))


def test_constants_imports_and_named_tuples_come_along_and_hints_do_not() -> None:
    found = plain(
        "from __future__ import annotations\n"
        "import math\n"
        "from typing import Any, NamedTuple, TypeAlias\n"
        "from math import floor as down\n"
        "from memesnipe_cli.nowhere import nothing\n"
        "Array: TypeAlias = Any\n"
        "FIRST, SECOND = 1, 2\n"
        "LIMIT: float = down(2.5)\n"
        "class Pair(NamedTuple):\n    '''Two.'''\n    one: Nowhere\n    two: int\n",
        "import math\n\n"
        "@nowhere\n"
        "def run(x: Nowhere, *more: Nowhere, key: Nowhere = 3, **rest: Nowhere) -> Nowhere:\n"
        "    '''What it does.'''\n"
        "    pair = Pair(math.sqrt(x), SECOND)\n"
        "    return pair.one + pair.two + LIMIT + FIRST + key\n",
    )
    assert found["run"](16.0) == 4.0 + 2 + 2 + 1 + 3  # type: ignore[operator]
    assert found["run"].__doc__ is None and "Array" not in found


def test_of_a_class_only_its_static_functions_come_along() -> None:
    found = plain(
        "class Rules:\n    name = nowhere\n\n    @staticmethod\n    def run(x):\n        return 2 * x\n"
    )
    assert found["run"](3) == 6 and "Rules" not in found  # type: ignore[operator]


@pytest.mark.parametrize(
    "other",
    [
        "def limit(x):\n    return x\n",
        "limit = 3\n",
        "from math import floor as limit\n",
        "a, limit = 1, 2\n",
    ],
)
def test_two_sources_with_one_name_cannot_be_linked(other: str) -> None:
    with pytest.raises(LinkError, match="limit is defined in source 0 and in source 2"):
        link(kernel(CALLEE, ENTRY, other).sources, ["run"], mode="plain")


def test_a_checked_kernel_from_the_cache_may_allocate_and_raise(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom memesnipe_cli.engine.link import Kernel, Source, load\n"
        "text = 'def run(x):\\n    if x > 2.0:\\n        raise ValueError(str(int(x)))\\n    return len([x, x])\\n'\n"
        "module = load(Kernel('allocates', (Source('a', text),), ('run',)), Path(sys.argv[1]), mode='checked')\n"
        "print(module.run(1.0))\n"
        "try:\n    module.run(3.0)\nexcept ValueError as error:\n    print(error)\n"
    )
    for _ in range(2):  # the second finds what the first has compiled
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "2\n3\n"), done.stderr
