"""Messages over a socketpair: whole ones arrive, and what is none is said to be none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.signer import frames

Ends = tuple[socket.socket, socket.socket]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def ends() -> Iterator[Ends]:
    one, other = socket.socketpair()
    one.settimeout(5)
    other.settimeout(5)
    with one, other:
        yield one, other


def raw(text: bytes) -> bytes:
    """After its length."""
    return len(text).to_bytes(4, "big") + text


@settings(deadline=None)
@given(messages=st.lists(st.dictionaries(st.text(), JSON, max_size=4), min_size=1, max_size=4))
def test_messages_come_out_as_they_went_in_and_one_by_one(messages: list[dict[str, object]]) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(5)
        for message in messages:
            frames.write(one, message)
        one.shutdown(socket.SHUT_WR)
        assert [frames.read(other) for _ in messages] == messages
        assert frames.read(other) is None


def test_a_message_larger_than_the_sockets_buffer_arrives_whole(ends: Ends) -> None:
    one, other = ends
    message = {"products": ["x" * 1_000] * 5_000}
    writer = threading.Thread(target=frames.write, args=(one, message))
    writer.start()
    assert frames.read(other) == message
    writer.join(5)
    assert not writer.is_alive()


def test_a_message_that_drips_byte_by_byte_arrives_whole(ends: Ends) -> None:
    one, other = ends
    for byte in raw(b'{"id":1}'):
        one.sendall(bytes([byte]))
    assert frames.read(other) == {"id": 1}


def test_a_length_beyond_the_largest_is_refused_before_anything_is_read(ends: Ends) -> None:
    one, other = ends
    one.sendall((frames.LARGEST + 1).to_bytes(4, "big"))
    with pytest.raises(frames.BrokenFrameError, match=f"a message of {frames.LARGEST + 1} bytes"):
        frames.read(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a":NaN}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a":1}{"b":2}', "not JSON"),
        (b"[]", "no object"),
        (b'"text"', "no object"),
        (b"null", "no object"),
        (b"7", "no object"),
    ],
)
def test_what_is_no_object_is_no_message(ends: Ends, text: bytes, words: str) -> None:
    one, other = ends
    one.sendall(raw(text))
    with pytest.raises(frames.BrokenFrameError, match=words):
        frames.read(other)


@pytest.mark.parametrize("part", [b"", b"\x00", b"\x00\x00\x00", raw(b'{"id":1}')[:4], raw(b'{"id":1}')[:-1]])
def test_a_side_that_ends_in_mid_message_has_ended(ends: Ends, part: bytes) -> None:
    one, other = ends
    one.sendall(part)
    one.shutdown(socket.SHUT_WR)
    assert frames.read(other) is None


def test_writing_to_a_side_that_is_gone_says_so(ends: Ends) -> None:
    one, other = ends
    other.close()
    with pytest.raises(BrokenPipeError):
        frames.write(one, {"id": 1})
