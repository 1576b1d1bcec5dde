"""A signer that is not as it should be: how, says the name of the key that it is started for."""

from __future__ import annotations

import os
import socket
import sys
import time

from memesnipe_cli.signer import frames

FACTS = {"kind": "trade", "home": "file", "fingerprint": "none", "memory": {}}


def main() -> None:
    """Serve one request, or none."""
    link = socket.socket(fileno=int(sys.argv[1]))
    asked = frames.read(link)
    assert asked is not None
    how = asked["key"]
    if how == "silent":
        time.sleep(30)
    if how == "mute":
        return
    if how == "slow":
        time.sleep(1)
    frames.write(link, FACTS)
    request = frames.read(link)
    assert request is not None
    if how == "garbled":
        link.sendall(b"\0\0\0\x05hello")
    elif how == "endless":
        link.sendall(b"\xff\xff\xff\xff")
    elif how == "list":
        link.sendall(b"\0\0\0\x02[]")
    elif how == "other":
        frames.write(link, {"id": request["id"] + 1, "answer": {}, "headers": {}})
        time.sleep(30)
    elif how == "dies":
        os._exit(9)
    elif how == "cut":
        link.sendall(b"\0\0\0\x09{")
        os._exit(9)


main()
