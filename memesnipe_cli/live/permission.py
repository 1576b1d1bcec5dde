"""What must be so before a cent of real money is traded: a live profile and a person who says so, a promotion, a
breaker that is closed, the code and the settings that it was opened with. Each refusal says which of them it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from memesnipe_cli import __version__
from memesnipe_cli.engine.session_breaker import refuse_halted
from memesnipe_cli.errors import RefusedError, UsageError
from memesnipe_cli.risk.quality import quote_of
from memesnipe_cli.store.canonical import encode

if TYPE_CHECKING:
    from memesnipe_cli.live.request import LiveRequest
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.risk.latch import LatchFile
    from memesnipe_cli.venues.order_book import OrderBook

PROMOTION = "promotion"  # the journal's line of a strategy's stage


def check_wanted(profile: Profile, venue: str | None, *, live: bool) -> None:
    """Real money is traded only where the profile and the person both say so. live: the person did; venue: what they
    named. Raises RefusedError, UsageError."""
    if profile.kind != "live":
        raise RefusedError(
            f"--live asks for real money, and profile {profile.name} is of kind {profile.kind}",
            'set kind = "live" in a profile of its own, or leave --live out to trade on paper',
            code="paper_profile",
        )
    if not live:
        raise RefusedError(
            f"profile {profile.name} is of kind live, and nobody said --live: nothing was sent",
            "add --live to trade real money, or use a paper profile",
            code="not_live",
        )
    if venue not in (None, profile.account.venue):
        raise UsageError(
            f"--venue {venue}: profile {profile.name} trades at {profile.account.venue}",
            "leave --venue out, or use that venue's profile",
        )


def check_promoted(request: LiveRequest) -> list[dict[str, Any]]:
    """The journal's bodies of what allows each strategy to trade. Raises RefusedError where nothing does."""
    if not request.without_promotion.strip():
        names = ", ".join(each.name for each in request.strategies)
        raise RefusedError(
            f"no promotion is on record for {names}: it has not proven itself on paper",
            "shadow it first; or, knowing that: --without-promotion --reason TEXT, which is written into the journal",
            code="not_promoted",
        )
    return [
        {
            "strategy": each.name,
            "stage": "none",
            "by": "person",
            "reason": request.without_promotion.strip(),
            "code": each.code_hash,
            "settings": settings_hash(request.profile),
            "version": __version__,
        }
        for each in request.strategies
    ]


def check_currency(request: LiveRequest) -> None:
    """Everything is paid in the account's currency: another dollar is other cash, and worth what it is worth. Raises
    UsageError."""
    currency = request.profile.account.currency
    other = [each for each in request.symbols if quote_of(each) != currency]
    if other:
        raise UsageError(
            f"{', '.join(other)} is not paid in {currency}, the currency of profile {request.profile.name}",
            f"trade pairs in {currency}, or set account.currency in a profile of its own",
        )


def check_funds(request: LiveRequest, book: OrderBook) -> None:
    """The capital that the account is given lies at the venue. Raises RefusedError."""
    currency = request.profile.account.currency
    there = book.expected.get(request.venue, {}).get(currency)
    if there is None or there < request.capital:
        has = f"no {currency} that it speaks of" if there is None else f"{there:f} {currency}"
        raise RefusedError(
            f"the account is to have {request.capital:f} {currency}, and {request.venue} has {has}",
            "give it less (--capital, or account.capital of the profile), or bring money in",
            code="capital_not_there",
        )


def check_breaker(latch: LatchFile, *, known: bool, busy: bool) -> None:
    """Raises RefusedError where the account is halted; who still holds something may go on, to leave it. busy: it
    holds or waits; known: it has traded before."""
    if not busy:
        refuse_halted(latch, known=known)


def settings_hash(profile: Profile) -> str:
    """What the profile sets, as a hash: addresses, words, wallets and how long journals are kept aside."""
    said = profile.model_dump(mode="json", exclude={"name", "description", "venues", "retention", "wallets"})
    return hashlib.sha256(encode(_texts(said))).hexdigest()


def check_same(opened: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises RefusedError where a session would go on with other code or other settings than it was opened with."""
    codes = {each["name"]: each["code"] for each in opened["strategies"]}
    changed = [each["name"] for each in wanted["strategies"] if codes.get(each["name"]) != each["code"]]
    if changed:
        raise RefusedError(
            f"the code of {', '.join(changed)} is not what the open session {opened['session']} was opened with",
            "open a new session for it: --new-session --reason TEXT",
            code="code_changed",
        )
    if opened.get("settings") != wanted.get("settings"):
        raise RefusedError(
            f"the profile's settings are not those that the open session {opened['session']} was opened with",
            "put them back (memesnipe profile diff), or open a new session: --new-session --reason TEXT",
            code="settings_changed",
        )


def _texts(value: Any) -> Any:
    """Numbers as text: a hash is made of text only."""
    if isinstance(value, Mapping):
        return {name: _texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return value if value is None or isinstance(value, bool | str) else repr(value)
