"""Base 58, the alphabet in which Solana writes keys and addresses (that of Bitcoin, without a checksum)."""

from __future__ import annotations

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # pragma: allowlist secret
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_ZERO = _ALPHABET[0]


def encode(data: bytes) -> str:
    """Bytes as text; a zero byte in front is a `1`."""
    number = int.from_bytes(data, "big")
    letters = []
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return _ZERO * zeros + "".join(reversed(letters))


def decode(text: str) -> bytes:
    """The inverse of `encode`. Raises ValueError, which repeats nothing of the text."""
    number = 0
    for letter in text:
        value = _VALUES.get(letter)
        if value is None:
            raise ValueError("a letter that base 58 does not have")
        number = number * len(_ALPHABET) + value
    zeros = len(text) - len(text.lstrip(_ZERO))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
