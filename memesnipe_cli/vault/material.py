"""The key itself, while it is on its way between a road in, a home and a reader. Nothing that is made of it by accident
(text, pickle, a copy of its attributes) holds the secret."""

from __future__ import annotations

from typing import Any, NoReturn


class Material:
    """id: what the venue calls the key (empty for most data sources); secret: what signs. kind: see naming.py."""

    __slots__ = ("id", "kind", "secret")

    def __init__(self, id: str, secret: str, kind: str) -> None:
        self.id = id
        self.secret = secret
        self.kind = kind

    def same_as(self, other: Material | None) -> bool:
        """Whether `other` is this very key, of this kind."""
        if other is None:
            return False
        return (self.id, self.secret, self.kind) == (other.id, other.secret, other.kind)

    def of_kind(self, kind: str) -> Material:
        """The same key as one of another kind."""
        return Material(self.id, self.secret, kind)

    def __repr__(self) -> str:
        return f"Material(kind={self.kind!r})"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a key is not pickled or copied")
