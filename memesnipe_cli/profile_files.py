"""Where profiles are found: the built-in ones, the user's own folder, a path. Says nothing about what stands
in them.

Imports neither pydantic nor anything heavy, so that listing profiles costs nothing.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from memesnipe_cli.errors import ConfigError

DEFAULT_PROFILE = "paper"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")


@dataclass(frozen=True)
class ProfileFile:
    """One profile on disk. `origin` is `built-in`, `user` or `file` (named by its path)."""

    name: str
    origin: str
    path: Path


def builtin_dir() -> Path:
    """The folder of the profiles that come with the tool."""
    import memesnipe_cli.profiles

    return Path(memesnipe_cli.profiles.__path__[0])


def user_dir() -> Path:
    """The platform's folder for the user's own profiles; it need not exist."""
    from platformdirs import user_config_path

    return user_config_path("memesnipe", appauthor=False) / "profiles"


def check_name(name: str) -> str:
    """`name` if it can name a profile file; raises ConfigError."""
    if not _NAME.match(name):
        raise ConfigError(
            f"{name!r} cannot name a profile",
            "use letters, digits, - and _, or give the path of a .toml file",
        )
    return name


def list_profiles(own_dir: Path | None = None) -> list[ProfileFile]:
    """Every profile that can be named, built-in ones first. `own_dir` replaces the platform's folder."""
    found = [ProfileFile(path.stem, "built-in", path) for path in sorted(builtin_dir().glob("*.toml"))]
    own = user_dir() if own_dir is None else own_dir
    taken = {profile.name for profile in found}
    found += [
        ProfileFile(path.stem, "user", path)
        for path in sorted(own.glob("*.toml"))
        if path.stem not in taken and _NAME.match(path.stem)
    ]
    return found


def find_profile(name_or_path: str, own_dir: Path | None = None) -> ProfileFile:
    """The profile meant by a name, or by a path (anything with a separator or ending in `.toml`).

    A built-in name cannot be replaced by a user's file. Raises ConfigError naming the nearest profiles.
    """
    if "/" in name_or_path or "\\" in name_or_path or name_or_path.endswith(".toml"):
        path = Path(name_or_path).expanduser()
        if not path.is_file():
            raise ConfigError(
                f"profile {name_or_path!r} is not a file", "give the path of a .toml file, or a name"
            )
        return ProfileFile(path.stem, "file", path)
    known = {profile.name: profile for profile in list_profiles(own_dir)}
    if name_or_path in known:
        return known[name_or_path]
    near = difflib.get_close_matches(name_or_path, known, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    raise ConfigError(
        f"there is no profile {name_or_path!r}",
        f"{guess}known: {', '.join(known)}; your own go into {user_dir() if own_dir is None else own_dir}",
    )


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; decimal numbers stay exact (Decimal). Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}", "see docs/profiles.md for the shape"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", "save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", "check the path and its permissions"
        ) from None
