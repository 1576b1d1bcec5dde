"""The way to a venue for a command that trades or looks at an account: through a signer, which alone has the key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memesnipe_cli.cli import Run
from memesnipe_cli.vault.naming import title

if TYPE_CHECKING:
    from memesnipe_cli.live.pulse import Pulse
    from memesnipe_cli.venues.protocol import Venue


@dataclass(frozen=True)
class VenueAccess:
    """key_use: the journal's body of the key's use, with its rights as the venue said them just now. check: asks them
    again, and raises where the key is not fit any more; alive: raises SignerGoneError where nobody can sign."""

    venue: Venue
    key_use: dict[str, Any]
    check: Callable[[], None]
    alive: Callable[[], None]


@contextmanager
def open_venue(
    run: Run,
    venue: str,
    name: str,
    purpose: str,
    account: str,
    pulse: Pulse | None = None,
    *,
    unattended: bool = False,
    orders: bool = True,
) -> Iterator[VenueAccess]:
    """A venue for the body, and a signer for as long. account: whose journal and latch bind what is signed; unattended:
    nobody is asked for a passphrase, on a terminal neither; orders: False where only questions are asked. Raises
    ConfigError for a key that is not there or not fit, NetworkError."""
    from memesnipe_cli.commands.keys_kit import open_vault

    from memesnipe_cli.signer.client import Signer, SignerOrder
    from memesnipe_cli.vault.redaction import protect_logging
    from memesnipe_cli.vault.rights import refuse_unfit, rights_words
    from memesnipe_cli.vault.vault import missing
    from memesnipe_cli.venues.opening import open_order_venue

    if (venue, name) not in open_vault(run, unattended=True).names():
        raise missing(venue, name)  # before a venue that may be out of reach is asked for anything
    # The headers that credentials travel in are kept out of logs whoever signs.
    protect_logging()
    asked = SignerOrder(
        owner=venue,
        key=name,
        account=account,
        store=str(run.store_path),
        profile=run.profile_name,
        orders=orders,
        unattended=unattended or not run.console.can_ask,
    )
    hooks: dict[str, Any] = {} if pulse is None else {"before": pulse.before, "told": pulse.told}
    signer = Signer(asked)
    try:
        opened = open_order_venue(
            venue, run.profile.venue(venue).base_url, signer, run.store.paths.cache, **hooks
        )
        facts = signer.facts()

        def check() -> None:
            refuse_unfit(opened.key_rights(), facts["kind"], title(venue, name))

        rights = opened.key_rights()
        refuse_unfit(rights, facts["kind"], title(venue, name))
        use = key_use_body(venue, name, facts, purpose, rights_words(rights))
        yield VenueAccess(opened, use, check, signer.check_alive)
    finally:
        signer.close()


def key_use_body(
    venue: str, name: str, facts: Mapping[str, Any], purpose: str, rights: tuple[str, ...] | None
) -> dict[str, Any]:
    """The body of the journal's line on the use of a key: which one by its fingerprint, what for (`live start`,
    `reconcile`, ...), what it may do as its venue said just now (rights_words; None: not asked), and how the signer's
    memory is guarded (Hardened)."""
    return {
        "venue": venue,
        "name": name,
        "kind": facts["kind"],
        "home": facts["home"],
        "fingerprint": facts["fingerprint"],
        "purpose": purpose,
        "rights": None if rights is None else list(rights),
        "memory": facts["memory"],
    }
