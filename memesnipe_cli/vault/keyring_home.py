"""Keys in the operating system's keyring: through an allow-list of backends, each call under a deadline of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from memesnipe_cli.checks.deadline import within
from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault import keyring_problems as problems
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import service, title

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")
DEADLINE_S = 5.0
SECRET_SERVICE = "keyring.backends.SecretService.Keyring"  # noqa: S105
# By full name: a class of another package cannot pass for one of them.
ALLOWED = frozenset(
    {
        SECRET_SERVICE,
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
)
_CHAIN = "keyring.backends.chainer.ChainerBackend"
_NONE = "keyring.backends.fail.Keyring"
_NULL = "keyring.backends.null.Keyring"
# The fields of one key, as user names of its service.
_FIELDS = ("kind", "id", "secret")
# A keyring may refuse to keep an empty text.
_EMPTY = "-"


class KeyringHome:
    """Service `memesnipe/OWNER/NAME` with the user names `kind`, `id` and `secret`."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self.deadline_s = deadline_s

    def read(self, owner: str, name: str) -> Material | None:
        """See Home."""
        filed = service(owner, name)

        def work(backend: KeyringBackend) -> list[str | None]:
            return [backend.get_password(filed, field) for field in _FIELDS]

        found = self._call(f"read {title(owner, name)}", work)
        if all(each is None for each in found):
            return None
        kind, identity, secret = found
        if kind is None or identity is None or secret is None:
            raise ConfigError(
                f"{title(owner, name)} is only half in the OS keyring",
                f"add it again: memesnipe keys add {owner} --name {name}",
                code="key_damaged",
            )
        return Material("" if identity == _EMPTY else identity, secret, kind)

    def write(self, owner: str, name: str, material: Material) -> None:
        """See Home."""
        filed = service(owner, name)
        values = (material.kind, material.id or _EMPTY, material.secret)

        def work(backend: KeyringBackend) -> None:
            for field, value in zip(_FIELDS, values, strict=True):
                backend.set_password(filed, field, value)

        self._call(f"store {title(owner, name)}", work)

    def remove(self, owner: str, name: str) -> bool:
        """See Home."""
        filed = service(owner, name)

        def work(backend: KeyringBackend) -> bool:
            there = [field for field in _FIELDS if backend.get_password(filed, field) is not None]
            for field in there:
                backend.delete_password(filed, field)
            return bool(there)

        return self._call(f"remove {title(owner, name)}", work)

    def backend_name(self) -> str:
        """Which backend answers, open and ready. Raises ConfigError where none does."""
        return self._call("open", full_name)

    def _call(self, doing: str, work: Callable[[KeyringBackend], T]) -> T:
        """`work` with an allowed, unlocked backend. All of it, the opening too, within the deadline."""

        def whole() -> tuple[T]:
            backend = _allowed_backend()
            if full_name(backend) == SECRET_SERVICE:
                from memesnipe_cli.vault.secret_service import check_ready

                check_ready()
            return (work(backend),)

        (answer,) = within(self.deadline_s, [whole])
        if answer is None or isinstance(answer, TimeoutError):
            raise problems.timed_out(self.deadline_s)
        if isinstance(answer, ConfigError):
            raise answer
        if isinstance(answer, Exception):
            raise _explained(doing, answer) from None
        return answer[0]


def _allowed_backend() -> KeyringBackend:
    """The backend that is set or found, if it is one of ours; of a chain its first. Raises ConfigError."""
    import keyring
    from keyring.errors import NoKeyringError

    try:
        chosen = keyring.get_keyring()
    except NoKeyringError:
        raise _why_none() from None
    except Exception as problem:
        # Whatever a backend that is set by hand raises when it is loaded.
        raise problems.unusable(problem) from None
    members = list(getattr(chosen, "backends", ())) if full_name(chosen) == _CHAIN else [chosen]
    if not members or full_name(members[0]) == _NONE:
        raise _why_none()
    # The members of a chain stand in the order of their priority. Only the first counts: a key must not slip into a
    # lesser one because the better one is out of reach just now.
    first = members[0]
    name = full_name(first)
    if name in ALLOWED:
        return first
    raise problems.refused(name, why_refused(name))


def full_name(backend: KeyringBackend) -> str:
    """Module and class of a backend."""
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def why_refused(name: str) -> str:
    """What is wrong with a backend that is not on the allow-list."""
    if name == _NULL:
        return "it stores nothing and says nothing"
    if "plaintext" in name.lower() or name.startswith(("keyrings.alt.", "keyrings.cryptfile.")):
        return "it keeps secrets in plain text, or where anybody can read them"
    return "it is not Secret Service, KWallet, macOS Keychain or Windows Credential Locker"


def _why_none() -> ConfigError:
    """Why there is no backend here: on Linux the Secret Service's own complaint tells."""
    import sys

    if sys.platform != "linux":
        return problems.none_here()
    from memesnipe_cli.vault.secret_service import why_out_of_reach

    return why_out_of_reach()


def _explained(doing: str, problem: Exception) -> ConfigError:
    from keyring.errors import KeyringLocked, NoKeyringError

    if isinstance(problem, KeyringLocked):
        return problems.locked()
    if isinstance(problem, NoKeyringError):
        return _why_none()
    return problems.denied(doing, problem)
