"""The Secret Service on D-Bus (GNOME Keyring, KWallet, KeePassXC): whether it could keep a key now.

Asked before each call, because the keyring library would open a dialog where there is nobody to answer it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault import keyring_problems as problems

_DEFAULT = "/org/freedesktop/secrets/aliases/default"


def check_ready() -> None:
    """Raise ConfigError where the service has no default collection, or it is locked, or the service is away;
    TimeoutError where the bus does not answer."""
    import secretstorage
    from secretstorage.exceptions import ItemNotFoundException, SecretServiceNotAvailableException

    with _bus() as connection:
        try:
            is_locked = secretstorage.Collection(connection, _DEFAULT).is_locked()
        except ItemNotFoundException:
            raise problems.no_collection() from None
        except SecretServiceNotAvailableException:
            raise problems.no_service() from None
    if is_locked:
        raise problems.locked()


def why_out_of_reach() -> ConfigError:
    """Why the keyring library found no Secret Service. Raises as check_ready does."""
    import secretstorage

    with _bus() as connection:
        there = secretstorage.check_service_availability(connection)
    return problems.none_here() if there else problems.no_service()


@contextmanager
def _bus() -> Iterator[Any]:
    """A connection to this session's D-Bus (jeepney's, which has no types). Raises ConfigError where there is none."""
    import secretstorage
    from secretstorage.exceptions import SecretStorageException

    try:
        connection = secretstorage.dbus_init()
    except TimeoutError:
        raise
    except (OSError, SecretStorageException):
        # No address in the environment, or one where nobody listens any more.
        raise problems.no_bus() from None
    with closing(connection):
        yield connection
