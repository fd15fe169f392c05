"""Giving up rights: called once in a child, after its imports and before it looks at the file."""

import codecs
import contextlib
import ctypes
import importlib
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Any

from archive.formats.decode import GUESSED, LEGACY
from archive.formats.errors import FormatError, OverLimit

_NOBODY = 65534
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS
_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # Landlock's system calls, the same on every architecture
# What each version of Landlock can take away: rights to files, then to TCP ports, then abstract sockets and signals.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_PORT_RIGHTS, _SCOPES = 0b11, 0b11
_WITH_PORTS, _WITH_SCOPES = 4, 6
# Codecs are files too: once the rights are gone, those not loaded here cannot be read any more.
_CODECS = ("utf_8_sig", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "cp437", *LEGACY, *GUESSED, "iso2022_jp")
_MODULES = ("heapq", "xml.parsers.expat")  # what the standard library imports inside its functions


def prepare() -> None:
    """Load what a reader may need later: after `confine` its files cannot be read any more."""
    for name in _CODECS:
        codecs.lookup(name)
    for name in _MODULES:
        importlib.import_module(name)


def confine(limits: Mapping[str, Any]) -> None:
    """Limit this process: no files but the open ones, no other process, and, as root, nobody without a network."""
    prepare()
    if os.geteuid() == 0:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).unshare(_NEW_NETWORK)
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    _lock_in()
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_NOFILE, limits["files"]),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        capped = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (capped, capped))
    # A second more for the hard limit: SIGXCPU tells the parent why, SIGKILL would not.
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu"], limits["cpu"] + 1))


def _lock_in() -> None:
    """Give up every file, port and process that is not ours, where the kernel has Landlock (Linux 5.13 and later).

    Without root this is what keeps a reader that was taken over from the node's keys, which belong to the same user.
    """
    version = landlock()
    if version < 1:
        return
    kernel = ctypes.CDLL(None)
    kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    given_up = [_FILE_RIGHTS[max(known for known in _FILE_RIGHTS if known <= version)]]
    given_up += [_PORT_RIGHTS] if version >= _WITH_PORTS else []
    given_up += [_SCOPES] if version >= _WITH_SCOPES else []
    wanted = (ctypes.c_uint64 * len(given_up))(*given_up)
    rules = kernel.syscall(_CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(ctypes.sizeof(wanted)), 0)
    if rules >= 0:
        kernel.syscall(_RESTRICT_SELF, rules, 0)
        os.close(rules)


def landlock() -> int:
    """Return which version of Landlock the kernel has, -1 when it has none."""
    if sys.platform != "linux":
        return -1
    return int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def answer(work: Callable[[Callable[[Mapping[str, Any]], None]], None]) -> int:
    """Run `work` with a function that writes frames; write how it ended as the last one. The edge of the child."""

    def write(frame: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(frame, ensure_ascii=True) + "\n")

    try:
        work(write)
        end = {"end": "ok", "reason": ""}
    except FormatError as told:
        end = {"end": told.status, "reason": told.code, **told.params}
    except (MemoryError, RecursionError):
        end = {"end": OverLimit.status, "reason": "memory"}
    except Exception as trouble:  # noqa: BLE001 - the edge of a process whose only work is to read hostile bytes
        end = {"end": "damaged", "reason": type(trouble).__name__}
    write(end)
    sys.stdout.flush()
    return 0
