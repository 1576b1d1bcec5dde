"""Shell completion: its two options at the root, and the words that Typer does not know (the global options,
their values, our lazy table's names).

Typer's own options for it would make every command load what coerces their values, a third of its start-up
time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from memesnipe_cli.errors import UsageError
from memesnipe_cli.global_options import GLOBAL_OPTIONS

VARIABLE = "_MEMESNIPE_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
SHOW, INSTALL = "--show-completion", "--install-completion"
# As shown in the root's --help.
COMPLETION_OPTIONS = (
    (f"{INSTALL} [SHELL]", "Install completion for this shell, or for bash, zsh or fish."),
    (f"{SHOW} [SHELL]", "Show the script that it would install."),
)

_LONG_NAME = re.compile(r"--[a-z-]+")


def completion_text(words: Sequence[str]) -> str:
    """What `memesnipe --show-completion [SHELL]` shows, or `--install-completion [SHELL]` says after its
    work.

    Raises UsageError for a shell that is not known or cannot be found out.
    """
    from typer._completion_shared import get_completion_script, install

    option, *rest = words
    shell = rest[0] if rest else _this_shell()
    if shell not in SHELLS or len(rest) > 1:
        given = " ".join(rest) or shell or "the shell that runs this"
        raise UsageError(f"completion for {given} is not known", f"write {option} {'|'.join(SHELLS)}")
    if option == SHOW:
        return get_completion_script(prog_name="memesnipe", complete_var=VARIABLE, shell=shell)
    _, path = install(shell=shell, prog_name="memesnipe", complete_var=VARIABLE)
    return f"completion for {shell} is installed in {path}; it works from the next shell on"


def _this_shell() -> str | None:
    from typer._completion_shared import _get_shell_name

    return _get_shell_name()


def complete_words(words: Mapping[str, str], incomplete: str) -> list[Any]:
    """The words (name -> help) that start with what was typed."""
    from typer._click.shell_completion import CompletionItem

    return [CompletionItem(name, help=text) for name, text in words.items() if name.startswith(incomplete)]


def complete_profile(incomplete: str) -> list[tuple[str, str]]:
    """Names of profiles, for an option or argument that takes one."""
    from memesnipe_cli.profile_files import list_profiles

    return [(file.name, file.origin) for file in list_profiles() if file.name.startswith(incomplete)]


def complete_global_options(ctx: Any, incomplete: str) -> list[Any] | None:
    """The value of a global option that waits for one, or option names, global ones included.

    None where the line is about neither.
    """
    waiting = ctx.meta.get("memesnipe.wants_value", "")
    if waiting == "--profile":
        return complete_words(dict(complete_profile(incomplete)), incomplete)
    if waiting:
        return []  # a path: the shell completes it
    if not incomplete.startswith("-"):
        return None
    own = {
        name: param.help or ""
        for param in ctx.command.get_params(ctx)
        if not getattr(param, "hidden", False) and param.param_type_name == "option"
        for name in (*param.opts, *param.secondary_opts)
        if name.startswith("--")
    }
    offered = GLOBAL_OPTIONS if ctx.parent else (*COMPLETION_OPTIONS, *GLOBAL_OPTIONS)
    shared = {name: text for names, text in offered for name in _LONG_NAME.findall(names)}
    return complete_words({**own, **shared}, incomplete)
