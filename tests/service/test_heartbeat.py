"""The heartbeat to the outside: only while the loop is well, never in its way, and no token in what is said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.service.heartbeat import Heartbeat, shortened

EVERY_S = 0.05
TOKEN = "5f1c9a-token"  # noqa: S105


class Outside(ThreadingHTTPServer):
    """Counts who asks; `status` is what it answers, `hold` keeps answers back."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []
        self.status = 200
        self.hold = threading.Event()
        self.hold.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/ping/{TOKEN}"


class _Answer(BaseHTTPRequestHandler):
    server: Outside

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.hold.wait(5)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def outside() -> Iterator[Outside]:
    server = Outside()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    thread.join(2)
    server.server_close()


def soon(what: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def well(heart: Heartbeat, what: Callable[[], bool]) -> bool:
    """Beat as a loop that is well does, until something is so."""

    def beat() -> bool:
        heart.beat(True)
        return what()

    return soon(beat)


def test_it_asks_while_the_loop_is_well_and_stops_when_it_says_that_it_is_not(outside: Outside) -> None:
    with Heartbeat(outside.url, EVERY_S) as heart:
        time.sleep(4 * EVERY_S)
        assert not outside.asked and heart.state().problem == "the loop has not said anything yet"
        assert well(heart, lambda: heart.state().sent >= 3)
        assert well(heart, lambda: heart.state().problem == "") and heart.state().age_s is not None
        assert set(outside.asked) == {f"/ping/{TOKEN}"}
        heart.beat(False, "the venue is out of reach")
        assert heart.state().problem == "the venue is out of reach"
        time.sleep(2 * EVERY_S)
        count = len(outside.asked)
        for _ in range(8):
            time.sleep(EVERY_S / 2)
            heart.beat(False, "the venue is out of reach")
        assert len(outside.asked) == count


def test_a_loop_that_hangs_is_not_covered_up(outside: Outside) -> None:
    with Heartbeat(outside.url, EVERY_S) as heart:
        assert well(heart, lambda: heart.state().sent >= 1)
        assert soon(lambda: "has said nothing for" in heart.state().problem)
        time.sleep(2 * EVERY_S)
        count = len(outside.asked)
        time.sleep(4 * EVERY_S)
        assert len(outside.asked) == count


def test_an_address_that_does_not_answer_keeps_nobody(outside: Outside) -> None:
    outside.hold.clear()
    heart = Heartbeat(outside.url, EVERY_S, deadline_s=0.2)
    begun = time.monotonic()
    for _ in range(1000):
        heart.beat(True)
    assert time.monotonic() - begun < 0.5
    assert well(heart, lambda: "cannot be reached" in heart.state().problem)
    begun = time.monotonic()
    heart.close(0.1)
    assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize(
    ("status", "said"), [(500, "answered 500"), (404, "answered 404"), (302, "answered 302")]
)
def test_an_answer_that_is_no_success_is_a_problem_and_is_not_followed(
    outside: Outside, status: int, said: str
) -> None:
    outside.status = status
    with Heartbeat(outside.url, EVERY_S) as heart:
        assert well(heart, lambda: heart.state().problem.endswith(said))
        assert heart.state().sent == 0 and "/elsewhere" not in outside.asked
        assert TOKEN not in repr(heart.state())


def test_nobody_there_is_said_without_the_token() -> None:
    with Heartbeat(f"http://127.0.0.1:9/{TOKEN}", EVERY_S, deadline_s=0.5) as heart:
        assert well(heart, lambda: "cannot be reached" in heart.state().problem)
        assert heart.state().problem.startswith("http://127.0.0.1:9/... ") and TOKEN not in repr(
            heart.state()
        )


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/x",
        "file:///etc/passwd",
        "h/x",
        "https://",
        "https://u:secret@h/x",
        "https://h/a b",
        "https://h:x/",
    ],
)
def test_what_is_no_web_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Heartbeat(url, 60.0)
    assert "secret" not in raised.value.message and "heartbeat_url" in raised.value.message


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    assert shortened("https://hc-ping.com/abc-def?x=y") == "https://hc-ping.com/..."
    assert shortened("http://localhost:3001/") == "http://localhost:3001"
