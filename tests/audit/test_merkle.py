"""The Merkle tree is that of RFC 6962: the published vectors, and proofs that hold for the truth and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_ranges,
    extends,
    includes,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    range_roots,
)
from memesnipe_cli.errors import UsageError

# The leaves and roots that certificate transparency tests its implementations with.
LEAVES = [
    bytes.fromhex(each)
    for each in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
HASHES = [leaf_hash(each) for each in LEAVES]
leaf_lists = st.lists(st.binary(max_size=6), min_size=1, max_size=70)


def by_definition(hashes: list[bytes]) -> bytes:
    """MTH, word for word after the RFC."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY_ROOT
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return node_hash(by_definition(hashes[:half]), by_definition(hashes[half:]))


def root_of(hashes: list[bytes]) -> bytes:
    tree = Frontier()
    tree.extend(hashes)
    return tree.root()


def hexed(path: list[bytes]) -> list[str]:
    return [each.hex() for each in path]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots(size: int) -> None:
    assert root_of(HASHES[:size]).hex() == ROOTS[size - 1]


def test_an_empty_tree_is_the_hash_of_nothing() -> None:
    assert Frontier().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_the_published_inclusion_proofs(index: int, size: int, path: list[str]) -> None:
    assert hexed(range_roots([HASHES[:size]], inclusion_ranges(index, size))) == path


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_the_published_consistency_proofs(old: int, new: int, path: list[str]) -> None:
    assert hexed(range_roots([HASHES[:new]], consistency_ranges(old, new))) == path


@settings(max_examples=60, deadline=None)
@given(leaf_lists, st.data())
def test_leaves_may_come_in_any_portions(leaves: list[bytes], data: st.DataObject) -> None:
    hashes = [leaf_hash(each) for each in leaves]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(hashes)), max_size=5)))
    tree = Frontier()
    for begin, end in pairwise([0, *cuts, len(hashes)]):
        tree.extend(hashes[begin:end])
        # Size and peaks are all of it.
        tree = Frontier.of(tree.size, tree.peaks)
    assert (tree.size, tree.root()) == (len(hashes), by_definition(hashes))


@settings(max_examples=60, deadline=None)
@given(leaf_lists, st.data())
def test_a_leaf_is_proven_and_no_other_in_its_place(leaves: list[bytes], data: st.DataObject) -> None:
    hashes = [leaf_hash(each) for each in leaves]
    size, root = len(hashes), by_definition(hashes)
    index = data.draw(st.integers(0, size - 1))
    cut = data.draw(st.integers(0, size))
    path = range_roots([hashes[:cut], hashes[cut:]], inclusion_ranges(index, size))
    assert includes(hashes[index], index, size, path, root)
    assert not includes(leaf_hash(b"never written"), index, size, path, root)
    assert not includes(hashes[index], index, size, path, leaf_hash(b"another root"))
    assert not includes(hashes[index], index, size, [*path, root], root)
    assert not includes(hashes[index], size, size, path, root)
    for other in {max(index - 1, 0), min(index + 1, size - 1)} - {index}:
        assert not includes(hashes[index], other, size, path, root) or hashes[other] == hashes[index]
    if path:
        assert not includes(hashes[index], index, size, path[:-1], root)
        assert not includes(hashes[index], index, size, [path[0][::-1], *path[1:]], root) or (
            path[0] == path[0][::-1]
        )


@settings(max_examples=60, deadline=None)
@given(leaf_lists, st.data())
def test_a_tree_that_grew_is_proven_and_one_that_was_rewritten_is_not(
    leaves: list[bytes], data: st.DataObject
) -> None:
    hashes = [leaf_hash(each) for each in leaves]
    new = len(hashes)
    old = data.draw(st.integers(1, new))
    old_root, new_root = by_definition(hashes[:old]), by_definition(hashes)
    path = range_roots([hashes], consistency_ranges(old, new))
    assert extends(old, old_root, new, new_root, path)
    changed = data.draw(st.integers(0, old - 1))
    forged = [*hashes[:changed], leaf_hash(b"never written"), *hashes[changed + 1 :]]
    forged_path = range_roots([forged], consistency_ranges(old, new))
    assert not extends(old, old_root, new, by_definition(forged), forged_path)
    assert not extends(old, old_root, new, by_definition(forged), path)
    assert not extends(old, by_definition(forged[:old]), new, new_root, path)
    assert not extends(old, old_root, new, new_root, [*path, new_root])
    if path:
        assert not extends(old, old_root, new, new_root, path[:-1])


def test_what_there_is_not_cannot_be_proven() -> None:
    with pytest.raises(UsageError, match="leaf 8 is not in a tree of 8"):
        inclusion_ranges(8, 8)
    with pytest.raises(UsageError, match="cannot go on from one of 9"):
        consistency_ranges(9, 8)
    with pytest.raises(UsageError, match="there are 8 leaves, and 16 are asked for"):
        range_roots([HASHES], inclusion_ranges(0, 16))
    with pytest.raises(UsageError, match="1 subtrees are given for a tree of 3 leaves"):
        Frontier.of(3, [EMPTY_ROOT])
    assert not extends(0, EMPTY_ROOT, 8, bytes.fromhex(ROOTS[7]), [])
