"""What holds a decode worker back: no files, no network, no other programs, bounded memory, gone with its parent.

Everything is applied to the process that calls ``confine``, for good, once all that it needs has been opened and
imported. Each measure is best effort: the names of those that hold are returned, so that the computer can be told
what it has (``overread doctor``).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys

WORKING_BYTES = 2 << 30
"""Address space that a worker may take beyond what it has after its start: JPEG 2000 keeps four bytes a sample, so
this is a frame of 500 million samples; every radiograph and slide tile is far below."""
MOST_OPEN_FILES = 16
"""The pipe, the standard streams and the two blocks; nothing more is ever opened."""

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446
"""The same numbers on every architecture (linux/landlock.h)."""
_LANDLOCK_FILES = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Version to the number of rights over files; later versions have those of 5."""
_SYSCALLS = {
    # socket, socketpair, execve, execveat, ptrace, process_vm_readv, process_vm_writev, truncate, ftruncate,
    # io_uring_setup. Truncating a shared block would kill the window's process when it reads there.
    "x86_64": (0xC000003E, (41, 53, 59, 322, 101, 310, 311, 76, 77, 425)),
    "aarch64": (0xC00000B7, (198, 199, 221, 281, 117, 270, 271, 45, 46, 425)),
}
"""Machine to its audit number and the system calls that are refused (asm/unistd.h)."""
_X32_BIT = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000
"""Seccomp's answers; refusing gives EPERM."""


def die_with(parent_pid: int) -> None:
    """End with the thread that started this process, leave Ctrl+C to it. Ends at once if the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:
            sys.exit(1)


def confine(working_bytes: int = WORKING_BYTES) -> tuple[str, ...]:
    """Give up everything that decoding does not need; the names of the measures that hold, the strongest first."""
    limited = _rlimits(_mapped_bytes() + working_bytes)
    names = []
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        names = [_landlock(libc), _seccomp(libc)]
    return tuple(name for name in [*names, limited] if name)


def _landlock(libc: ctypes.CDLL) -> str:
    """No file can be opened any more; where the kernel knows how, no TCP port, foreign socket or process is reached.

    It holds the calling thread and what that starts: threads that were there before are said.
    """
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return ""
    others = len(os.listdir("/proc/self/task")) - 1
    files = (1 << _LANDLOCK_FILES.get(version, 16)) - 1
    ports = 0b11 if version >= 4 else 0
    scopes = 0b11 if version >= 6 else 0
    length = 8 if version < 4 else 16 if version < 6 else 24
    rules = libc.syscall(_LANDLOCK_CREATE_RULESET, struct.pack("=QQQ", files, ports, scopes), length, 0)
    if rules < 0:
        return ""
    try:
        done = libc.syscall(_LANDLOCK_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
    if done != 0:
        return ""
    return f"Landlock {version}" if not others else f"Landlock {version} without {others} threads"


def _seccomp(libc: ctypes.CDLL) -> str:
    """Refuse the system calls that reach the network, other programs and other processes."""
    known = _SYSCALLS.get(platform.machine())
    if known is None:
        return ""
    machine, refused = known
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, machine), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    steps.append((_AT_LEAST, len(refused) + 1, 0, _X32_BIT))
    steps += [(_EQUAL, len(refused) - place, 0, number) for place, number in enumerate(refused)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    filter_mode = 2
    return "seccomp" if libc.prctl(_PR_SET_SECCOMP, filter_mode, program, 0, 0) == 0 else ""


def _rlimits(most_bytes: int) -> str:
    """Bounded memory, no files that grow, no core dump (it would hold pixels), no more open files."""
    if sys.platform == "win32":
        return ""
    import resource  # noqa: PLC0415 - there is none on Windows

    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_NOFILE: MOST_OPEN_FILES}
    if sys.platform == "linux":
        limits[resource.RLIMIT_AS] = most_bytes
    for kind, wanted in limits.items():
        _soft, hard = resource.getrlimit(kind)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))
    return "rlimits"


def _mapped_bytes() -> int:
    """Address space that this process has now."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
