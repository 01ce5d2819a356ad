"""The first instructions of every child: tie its life to its parent's, take its identity, become the program.

A script of its own (``python -I -S launch.py``, some 20 ms), because running Python between fork and exec is
unsafe in a parent that has threads. Linux kills the child by PR_SET_PDEATHSIG when the thread that started it
ends, kill -9 included; elsewhere the reaper (reaper.py) does that work alone.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
PARENT_GONE = 125


def main() -> None:
    """Prepare this process as asked and replace it by the program; never returns on success."""
    arguments = _parser().parse_args()
    if arguments.namespace_id is not None:
        _enter_user_namespace(inner_id=arguments.namespace_id)
    if arguments.uid is not None:
        _become(uid=arguments.uid, gid=arguments.gid)
    # After the identity: the kernel forgets the death signal whenever credentials change.
    _die_with_parent(parent=arguments.parent, signal_number=arguments.signal)
    os.execvp(arguments.argv[0], arguments.argv)  # noqa: S606 - it is what we are for


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--namespace-id", type=int)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("argv", nargs="+")
    return parser


def _enter_user_namespace(*, inner_id: int) -> None:
    """Appear as user and group ``inner_id`` while every file still sees the user we are."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inner_id} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inner_id} {gid} 1")


def _become(*, uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _die_with_parent(*, parent: int, signal_number: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)
    # The parent may have died before the line above; nobody would ever signal us then.
    if os.getppid() != parent:
        sys.exit(PARENT_GONE)


if __name__ == "__main__":
    main()
