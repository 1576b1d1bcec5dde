"""Merkle trees after RFC 6962, section 2.1: roots, inclusion and consistency proofs, and checking both.

A leaf is hashed as SHA-256(0x00 || leaf), two subtrees as SHA-256(0x01 || left || right). Leaves stream: what is kept
of them is at most one hash a level. Knows nothing of journals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from memesnipe_cli.errors import UsageError

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees under one node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows on the right, as the roots of its whole subtrees (`peaks`): one for each bit of `size`.

    Size and peaks are all that is needed to go on with it: the leaves may be gone.
    """

    def __init__(self) -> None:
        self.size = 0
        # By height: the root of the whole subtree of 2^height leaves that waits for its right neighbour.
        self._waiting: list[bytes | None] = []

    @classmethod
    def of(cls, size: int, peaks: Sequence[bytes]) -> Frontier:
        """The tree of `size` leaves with these peaks, largest first. Raises UsageError where they do not fit."""
        heights = [height for height in range(size.bit_length()) if size >> height & 1]
        if size < 0 or len(heights) != len(peaks) or any(len(each) != HASH_BYTES for each in peaks):
            raise UsageError(
                f"{len(peaks)} subtrees are given for a tree of {size} leaves",
                "one hash of 32 bytes for each bit that is set in the size",
            )
        tree = cls()
        tree.size = size
        tree._waiting = [None] * size.bit_length()
        for height, peak in zip(reversed(heights), peaks, strict=True):
            tree._waiting[height] = peak
        return tree

    @property
    def peaks(self) -> list[bytes]:
        """The roots of the whole subtrees, largest first."""
        return [each for each in reversed(self._waiting) if each is not None]

    def extend(self, hashes: Sequence[bytes]) -> None:
        """Add leaves, given by their `leaf_hash`, in order. Quickest with many at once."""
        self.size += len(hashes)
        nodes = list(hashes)
        height = 0
        while nodes:
            if height == len(self._waiting):
                self._waiting.append(None)
            waiting = self._waiting[height]
            if waiting is not None:
                nodes.insert(0, waiting)
            self._waiting[height] = nodes.pop() if len(nodes) % 2 else None
            nodes = [
                sha256(b"\x01" + left + right).digest()
                for left, right in zip(nodes[::2], nodes[1::2], strict=True)
            ]
            height += 1

    def root(self) -> bytes:
        """The hash of the tree as it is now; of an empty one SHA-256 of nothing."""
        found: bytes | None = None
        for peak in self._waiting:
            if peak is not None:
                found = peak if found is None else node_hash(peak, found)
        return EMPTY_ROOT if found is None else found


@dataclass(frozen=True, slots=True)
class Range:
    """Leaves from `begin` to before `end`; the root of a tree over them is one hash of a proof."""

    begin: int
    end: int


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees whose roots prove that leaf `index` (from 0) is in the tree of `size` leaves, in the order of the
    proof (2.1.1). They and the leaf cover the tree. Raises UsageError where there is no such leaf."""
    if not 0 <= index < size:
        raise UsageError(f"leaf {index} is not in a tree of {size}", "leaves count from 0")
    found: list[Range] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            found.append(Range(middle, end))
            end = middle
        else:
            found.append(Range(begin, middle))
            begin = middle
    return found[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The subtrees whose roots prove that the tree of `new` leaves begins with that of `old`, in the order of the proof
    (2.1.2). Raises UsageError where `old` is not from 1 to `new`."""
    if not 0 < old <= new:
        raise UsageError(f"a tree of {new} leaves cannot go on from one of {old}", "give the smaller first")
    found: list[Range] = []
    begin, end = 0, new
    while old < end:
        middle = begin + _split(end - begin)
        if old <= middle:
            found.append(Range(middle, end))
            end = middle
        else:
            found.append(Range(begin, middle))
            begin = middle
    if begin > 0:
        found.append(Range(begin, end))  # where it is the whole old tree, its root is known
    return found[::-1]


def _split(leaves: int) -> int:
    """The largest power of two below `leaves`, which is 2 or more."""
    return 1 << (leaves - 1).bit_length() - 1


def range_roots(batches: Iterable[Sequence[bytes]], ranges: Sequence[Range]) -> list[bytes]:
    """The root of each range, in their order, over leaf hashes that come in batches, the first leaf first; all ranges
    are filled in one pass. Ranges do not overlap. Raises UsageError where the leaves end before the ranges do."""
    trees = {each: Frontier() for each in ranges}
    ahead = sorted(ranges, key=lambda each: each.begin, reverse=True)
    place = 0
    for batch in batches:
        behind = place + len(batch)
        while ahead and ahead[-1].begin < behind:
            now = ahead[-1]
            trees[now].extend(batch[max(now.begin, place) - place : now.end - place])
            if now.end > behind:
                break
            ahead.pop()
        place = behind
        if not ahead:
            break
    if ahead:
        raise UsageError(f"there are {place} leaves, and {ahead[0].end} are asked for", "give the whole tree")
    return [trees[each].root() for each in ranges]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that the leaf with the hash `leaf` is number `index` (from 0) of `size` under `root`."""
    return 0 <= index < size and _root_over(leaf, index, size, path) == root


def _root_over(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that the path leads to, its last step being the one below the root; None where it is too long or too
    short."""
    if size == 1 or not path:
        return leaf if size == 1 and not path else None
    left = _split(size)
    if index < left:
        found = _root_over(leaf, index, left, path[:-1])
        return None if found is None else node_hash(found, path[-1])
    found = _root_over(leaf, index - left, size - left, path[:-1])
    return None if found is None else node_hash(path[-1], found)


def extends(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that the tree of `new` leaves under `new_root` begins with the tree of `old` leaves under
    `old_root`."""
    return 0 < old <= new and _both_roots(old, new, path, old_root) == (old_root, new_root)


def _both_roots(old: int, new: int, path: Sequence[bytes], known: bytes | None) -> tuple[bytes, bytes] | None:
    """The roots of the old and the new tree that the path leads to; None where it is too long or too short. known: the
    old root, as long as the old tree may be a whole subtree: then the path does not repeat it."""
    if old == new:
        if known is not None:
            return None if path else (known, known)
        return (path[0], path[0]) if len(path) == 1 else None
    if not path:
        return None
    left = _split(new)
    if old <= left:
        found = _both_roots(old, left, path[:-1], known)
        return None if found is None else (found[0], node_hash(found[1], path[-1]))
    found = _both_roots(old - left, new - left, path[:-1], None)
    return None if found is None else (node_hash(path[-1], found[0]), node_hash(path[-1], found[1]))
