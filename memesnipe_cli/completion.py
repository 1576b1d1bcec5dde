"""Shell completion of what Typer does not know: the global options, their values, and our lazy table's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from memesnipe_cli.global_options import GLOBAL_OPTIONS

_LONG_NAME = re.compile(r"--[a-z]+")


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
    shared = {name: text for names, text in GLOBAL_OPTIONS for name in _LONG_NAME.findall(names)}
    return complete_words({**own, **shared}, incomplete)
