"""Every way in which the OS keyring can fail, each with its own message and the next command."""

from __future__ import annotations

from memesnipe_cli.errors import ConfigError

_HEADLESS = (
    "without a desktop session: memesnipe keys unlock --ttl 8h while logged in, a systemd credential, or "
    "memesnipe keys add VENUE --in file (docs/keys.md)"
)


def no_bus() -> ConfigError:
    """Cron, ssh and services have no D-Bus session."""
    return ConfigError(
        "the OS keyring is out of reach: this session has no D-Bus", _HEADLESS, code="keyring_no_bus"
    )


def no_service() -> ConfigError:
    """A bus, and nobody on it who keeps secrets."""
    return ConfigError(
        "the OS keyring is out of reach: nobody on D-Bus keeps secrets",
        "start one: gnome-keyring-daemon --unlock --components=secrets; or log in to the desktop. "
        + _HEADLESS,
        code="keyring_no_service",
    )


def none_here() -> ConfigError:
    """No backend of the operating system's at all."""
    return ConfigError("this system offers no OS keyring", _HEADLESS, code="keyring_none")


def locked() -> ConfigError:
    """It is there and closed."""
    return ConfigError(
        "the OS keyring is locked",
        "unlock it, then run this again: log in to the desktop, or without one: gnome-keyring-daemon --unlock "
        "(it reads the password from stdin)",
        code="keyring_locked",
    )


def no_collection() -> ConfigError:
    """A service that has no default collection yet."""
    return ConfigError(
        "the OS keyring has no collection to keep keys in",
        "make one: gnome-keyring-daemon --unlock --components=secrets (it reads a new password from stdin), or "
        "`Passwords and Keys` (seahorse) on a desktop",
        code="keyring_no_collection",
    )


def timed_out(deadline_s: float) -> ConfigError:
    """A dialog that nobody answers, or a daemon that hangs. deadline_s: how long it was given at most."""
    return ConfigError(
        f"the OS keyring did not answer in time (at most {deadline_s:g} s)",
        "answer its dialog if one is open, see that HOME is set, and run this again. " + _HEADLESS,
        code="keyring_timeout",
    )


def refused(backend: str, why: str) -> ConfigError:
    """A backend that keeps no secret."""
    return ConfigError(
        f"keyring backend {backend} is refused: {why}",
        "unset PYTHON_KEYRING_BACKEND, uninstall it, or name another in keyringrc.cfg (default-keyring=...). "
        "`memesnipe keys add VENUE --in file` keeps a key in an encrypted file",
        code="keyring_refused",
    )


def denied(doing: str, problem: Exception) -> ConfigError:
    """It said no to this call. Only the name of the problem is shown: its text is another program's."""
    return ConfigError(
        f"the OS keyring refused to {doing} ({type(problem).__name__})",
        "allow it in the keyring's dialog, or look at its log, then run this again: memesnipe keys list",
        code="keyring_denied",
    )


def unusable(problem: Exception) -> ConfigError:
    """The backend cannot even be loaded."""
    return ConfigError(
        f"the OS keyring cannot be opened ({type(problem).__name__})",
        "see memesnipe doctor; unset PYTHON_KEYRING_BACKEND and look at keyringrc.cfg",
        code="keyring_unusable",
    )
