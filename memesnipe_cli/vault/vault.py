"""The vault: the index and the homes together. Adds, fetches, rotates, unlocks and removes keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from memesnipe_cli import clock
from memesnipe_cli.errors import ConfigError, UsageError
from memesnipe_cli.vault.credentials_home import CredentialsHome
from memesnipe_cli.vault.file_home import FileHome, Passphrase
from memesnipe_cli.vault.homes import CREDENTIALS, FILE, KERNEL, KEYRING, Home, store_and_compare
from memesnipe_cli.vault.index import Entry, Index
from memesnipe_cli.vault.kernel_home import KernelHome
from memesnipe_cli.vault.keyring_home import KeyringHome
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.naming import title

# Where the new key of a rotation waits until it has replaced the old one; no key can be given such a name.
_NEXT = "~next"


class Vault:
    """folder: where index and encrypted files are. credentials: the folder that systemd made for this service, None
    outside of one. passphrase: asked when an encrypted file is opened, at most once a file.

    Nothing is opened before it is needed, and nothing that is made here holds a key: a child process may make its own.
    """

    def __init__(self, folder: Path, credentials: Path | None, passphrase: Passphrase) -> None:
        self.index = Index(folder)
        self.kernel = KernelHome(folder)
        self.credentials = CredentialsHome(credentials)
        self.keyring = KeyringHome()
        self.files = FileHome(folder / "files", passphrase)

    def home(self, name: str) -> Home:
        """`keyring` or `file`."""
        homes: dict[str, Home] = {KEYRING: self.keyring, FILE: self.files}
        if name not in homes:
            raise UsageError(f"keys are not kept in {name!r}", "keyring or file")
        return homes[name]

    def add(
        self, owner: str, name: str, material: Material, home: str, rights: tuple[str, ...] | None
    ) -> Entry:
        """Keep a new key. rights: what the venue said it may do, None where it was not asked.

        Raises UsageError where there is one of that name already, ConfigError where the home does not take it.
        """
        there = self.index.find(owner, name)
        if there is not None:
            raise UsageError(
                f"there is a key {title(owner, name)} already ({there.fingerprint})",
                f"replace it: memesnipe keys rotate {owner} --name {name}; or give the new one another --name",
            )
        store_and_compare(self.home(home), owner, name, material)
        return self._note(owner, name, material, home, rights)

    def entries(self) -> list[Entry]:
        """Every key that can be read: those that were added, and those that systemd gave this service."""
        given = self.credentials.names()
        added = [each for each in self.index.entries() if (each.owner, each.name) not in given]
        return [*(self._given(*each) for each in given), *added]

    def names(self) -> set[tuple[str, str]]:
        """(owner, name) of each of them, without a look at any: for a process that is to know no secret."""
        return {*self.credentials.names(), *((each.owner, each.name) for each in self.index.entries())}

    def _given(self, owner: str, name: str) -> Entry:
        material, _ = self.fetch(owner, name)
        fingerprint = self.index.fingerprint(owner, material)
        return Entry(owner, name, material.kind, CREDENTIALS, fingerprint, added_ms=clock.now_ms())

    def fetch(self, owner: str, name: str) -> tuple[Material, str]:
        """A key and the home it came from. Raises ConfigError."""
        given = self.credentials.read(owner, name)
        if given is not None:
            return given, CREDENTIALS
        entry = self.index.find(owner, name)
        unlocked = self.kernel.read(owner, name)
        if unlocked is not None:
            found, home = unlocked.material, KERNEL
        elif entry is not None:
            kept = self.home(entry.home).read(owner, name)
            if kept is None:
                raise ConfigError(
                    f"{title(owner, name)} is gone from its home ({entry.home})",
                    f"forget it with: memesnipe keys remove {owner} --name {name} --yes; then add it again",
                    code="key_gone",
                )
            found, home = kept, entry.home
        else:
            raise missing(owner, name)
        if entry is not None and self.index.fingerprint(owner, found) != entry.fingerprint:
            raise ConfigError(
                f"{title(owner, name)} in {home} is not the key that was added ({entry.fingerprint})",
                f"a rotation was cut short, or somebody changed it: memesnipe keys rotate {owner} --name {name}",
                code="key_changed",
            )
        return found, home

    def rotate(self, owner: str, name: str, material: Material, rights: tuple[str, ...] | None) -> Entry:
        """Put a new key in place of the old one: kept beside it and compared, then switched, then the spare removed. At
        each moment one of the two is whole in its home. An unlocked copy of the old one goes at once.

        Raises UsageError where it is the same key, ConfigError.
        """
        entry = self.index.find(owner, name)
        if entry is None:
            raise missing(owner, name)
        if self.index.fingerprint(owner, material) == entry.fingerprint:
            raise UsageError(
                f"this is the key that {title(owner, name)} is already ({entry.fingerprint})",
                "make a new one at the venue, and give that",
            )
        home = self.home(entry.home)
        store_and_compare(home, owner, name + _NEXT, material)
        store_and_compare(home, owner, name, material)
        self.kernel.remove(owner, name)
        switched = self._note(owner, name, material, entry.home, rights)
        home.remove(owner, name + _NEXT)
        return switched

    def checked(self, owner: str, name: str, rights: tuple[str, ...]) -> None:
        """Note what the venue said just now."""
        entry = self.index.find(owner, name)
        if entry is not None:
            self.index.put(replace(entry, checked_ms=clock.now_ms(), rights=rights))

    def remove(self, owner: str, name: str) -> Entry:
        """Take a key out of its home, the kernel's keyring and the index. Raises ConfigError where there is none."""
        entry = self.index.find(owner, name)
        if entry is None:
            raise missing(owner, name)
        home = self.home(entry.home)
        home.remove(owner, name)
        home.remove(owner, name + _NEXT)
        self.kernel.remove(owner, name)
        self.index.drop(owner, name)
        return entry

    def unlock(self, owner: str, name: str, ttl_s: int) -> int:
        """Lay a key open in the kernel's keyring of this user for so long; returns until when, ms UTC."""
        entry = self.index.find(owner, name)
        if entry is None:
            raise missing(owner, name)
        self.kernel.remove(owner, name)
        material, _ = self.fetch(owner, name)
        return self.kernel.put(owner, name, material, ttl_s)

    def _note(
        self, owner: str, name: str, material: Material, home: str, rights: tuple[str, ...] | None
    ) -> Entry:
        now = clock.now_ms()
        entry = Entry(
            owner=owner,
            name=name,
            kind=material.kind,
            home=home,
            fingerprint=self.index.fingerprint(owner, material),
            added_ms=now,
            checked_ms=None if rights is None else now,
            rights=rights,
        )
        self.index.put(entry)
        return entry


def missing(owner: str | None, name: str | None) -> ConfigError:
    """There is no such key; what is None was not asked for by name."""
    spoken = " ".join(
        word for word in (f"of {owner}" if owner else "", f"named {name}" if name else "") if word
    )
    named = f" --name {name}" if name else ""
    return ConfigError(
        f"there is no key {title(owner, name) if owner and name else spoken}",
        f"add it: memesnipe keys add {owner or 'VENUE'}{named}; memesnipe keys list shows what there is",
        code="key_missing",
    )
