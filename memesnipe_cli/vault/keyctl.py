"""The Linux kernel's keyring of this user, by system calls: no daemon, no file, gone at the latest when the machine
restarts."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys

from memesnipe_cli.errors import ConfigError

# add_key and keyctl, by machine.
_CALLS = {
    "x86_64": (248, 250),
    "aarch64": (217, 219),
    "riscv64": (217, 219),
    "armv7l": (309, 311),
    "ppc64le": (269, 271),
    "s390x": (278, 280),
}
_USER_KEYRING = -4
_SETPERM, _UNLINK, _SEARCH, _READ, _SET_TIMEOUT = 5, 9, 10, 11, 15
# Everything for whoever possesses the key; view, read, search and write for this user from any of his sessions (a
# service's session does not possess it); nothing for group and others.
_PERMISSIONS = 0x3F0F0000
_ABSENT = (errno.ENOKEY, errno.EKEYEXPIRED, errno.EKEYREVOKED)
# Containers forbid these calls, old kernels lack them: then nothing can have been put there.
_NOT_HERE = (errno.EPERM, errno.ENOSYS)
_MOST_BYTES = 16384


def is_supported() -> bool:
    """Whether this machine has such a keyring."""
    return sys.platform == "linux" and platform.machine() in _CALLS


def put(name: str, payload: bytes, ttl_s: int) -> None:
    """Keep `payload` under `name` for so many seconds, in place of an older one. Raises ConfigError."""
    remove(name)
    add_key, _ = _numbers()
    number = _system_call(add_key, b"user", name.encode(), payload, len(payload), _USER_KEYRING)
    if number < 0:
        raise _refused("store a key", ctypes.get_errno())
    try:
        _keyctl(_SET_TIMEOUT, number, ttl_s, doing="set the end of a key")
        _keyctl(_SETPERM, number, _PERMISSIONS, doing="set the rights of a key")
    except ConfigError:
        # Better none than one that stays for ever.
        _call(_UNLINK, number, _USER_KEYRING)
        raise


def get(name: str) -> bytes | None:
    """What is kept under `name`, None where there is nothing or its time is over. Raises ConfigError."""
    if not is_supported():
        return None
    number = _find(name)
    if number is None:
        return None
    buffer = ctypes.create_string_buffer(_MOST_BYTES)
    size = _call(_READ, number, ctypes.addressof(buffer), _MOST_BYTES)
    if size < 0:
        if ctypes.get_errno() in _ABSENT:
            return None
        raise _refused("read a key", ctypes.get_errno())
    found = buffer.raw[:size]
    ctypes.memset(buffer, 0, _MOST_BYTES)
    return found


def remove(name: str) -> bool:
    """Take away what is kept under `name`; False where there was nothing."""
    if not is_supported():
        return False
    number = _find(name)
    if number is None:
        return False
    _keyctl(_UNLINK, number, _USER_KEYRING, doing="remove a key")
    return True


def _find(name: str) -> int | None:
    number = _call(_SEARCH, _USER_KEYRING, b"user", name.encode(), 0)
    if number >= 0:
        return number
    if ctypes.get_errno() in (*_ABSENT, *_NOT_HERE):
        return None
    raise _refused("look for a key", ctypes.get_errno())


def _keyctl(*arguments: int, doing: str) -> int:
    answer = _call(*arguments)
    if answer < 0:
        raise _refused(doing, ctypes.get_errno())
    return answer


def _call(*arguments: int | bytes) -> int:
    _, keyctl = _numbers()
    return _system_call(keyctl, *arguments)


def _system_call(*arguments: int | bytes) -> int:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    # Whole registers: of a negative number passed as a C int the upper half would be anybody's guess.
    return int(call(*(each if isinstance(each, bytes) else ctypes.c_long(each) for each in arguments)))


def _numbers() -> tuple[int, int]:
    if not is_supported():
        raise ConfigError(
            f"there is no kernel keyring on {sys.platform} ({platform.machine()})",
            "use a systemd credential or the encrypted file: memesnipe keys add VENUE --in file",
            code="kernel_keyring",
        )
    return _CALLS[platform.machine()]


def _refused(doing: str, number: int) -> ConfigError:
    hints = {
        errno.EDQUOT: "it is full for this user: memesnipe keys unlock --end, or raise kernel.keys.maxbytes",
        errno.EPERM: "a container's rules may forbid it: use a systemd credential or the encrypted file",
        errno.EACCES: "a container's rules may forbid it: use a systemd credential or the encrypted file",
        errno.ENOSYS: "this kernel has none: use a systemd credential or the encrypted file",
    }
    return ConfigError(
        f"the kernel keyring refused to {doing}: {os.strerror(number)}",
        hints.get(number, "use a systemd credential or the encrypted file (docs/keys.md)"),
        code="kernel_keyring",
    )
