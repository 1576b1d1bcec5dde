"""The secrets of this program's venues by their shape, as detectors of detect-secrets."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Generator

from detect_secrets.plugins.base import RegexBasedDetector

# 64 random bytes as base64 have some 5.5 bits a character, a made-up one of a letter again and again next to none.
_LEAST_ENTROPY = 4.5
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def entropy(text: str) -> float:
    """Bits a character, by how often each stands in the text."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


class ExchangeSecretDetector(RegexBasedDetector):
    """64 bytes as base64: an API secret of Kraken, an Ed25519 secret of Coinbase."""

    secret_type = "Exchange API secret"  # noqa: S105 - a name; pragma: allowlist secret
    denylist = (re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"),)

    def analyze_string(self, string: str) -> Generator[str, None, None]:
        """Every match that is random enough to be one."""
        for found in super().analyze_string(string):
            if entropy(found) >= _LEAST_ENTROPY:
                yield found


class CoinbaseKeyDetector(RegexBasedDetector):
    """The name of a Coinbase API key: no secret by itself, but its secret is seldom far."""

    secret_type = "Coinbase API key name"  # noqa: S105 - a name; pragma: allowlist secret
    denylist = (re.compile(f"organizations/{_UUID}/apiKeys/{_UUID}"),)


class PrivateKeyBodyDetector(RegexBasedDetector):
    """What stands below the first line of a PEM private key: EC, PKCS #8 of EC, Ed25519 and RSA, RSA, OpenSSH.

    The first line is the same in each, so that one which is accepted in a file would hide all others there.
    """

    secret_type = "Private key body"  # noqa: S105 - a name; pragma: allowlist secret
    denylist = (
        re.compile(
            "(?:M[HI][A-Za-z0-9]CAQEE|MIGHAgEAMBMGByqGSM49|MC4CAQAwBQYDK2Vw|MII[A-Za-z0-9]{2}[AgQw]IBA|b3BlbnNzaC1rZXkt)"
            "[A-Za-z0-9+/=]{24,}"
        ),
    )


class WalletKeyDetector(RegexBasedDetector):
    """The file of solana-keygen (64 numbers of a byte each), and extended private keys (BIP 32)."""

    secret_type = "Wallet key"  # noqa: S105 - a name; pragma: allowlist secret
    denylist = (
        re.compile(r"\[\s*(?:\d{1,3}\s*,\s*){63}\d{1,3}\s*\]"),
        re.compile("[xyztuv]prv[1-9A-HJ-NP-Za-km-z]{107}"),
    )
