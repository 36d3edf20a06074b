"""Starts a PostgreSQL program under an unprivileged uid; a file run by its path, not a module.

    python -I -S launch.py '{"uid": …, "gid": …, "reach": …, "detach": …, "cwd": …}' program …

PostgreSQL refuses to run as root. As root, this drops to `uid` first; with `reach` it keeps one
capability (read and traverse, whatever the folder's mode), for a cluster or binaries below a
folder that only root may enter, such as /root. With `detach` it prints the new process's id and
leaves, so that the engine belongs to no terminal and to no parent.
"""

import ctypes
import json
import os
import resource
import signal
import sys

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
"""Keeps capabilities over the change of uid, and lets access(2) use them."""
CAPABILITY_VERSION_3 = 0x20080522


def _keep(libc: ctypes.CDLL, capability: int) -> bool:
    """Keeps `capability` alone, through execve too. False where it was not ours to keep."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if libc.capset(header, sets) != 0:
        return False
    raised: int = libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)
    return raised == 0


def _drop(uid: int, gid: int, reach: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if reach and libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0:
        sys.exit("this root may not keep a capability, and the folder is closed to others")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if reach and not (_keep(libc, CAP_DAC_READ_SEARCH) or _keep(libc, CAP_DAC_OVERRIDE)):
        sys.exit("this root may not keep a capability, and the folder is closed to others")


def main(order: str, *command: str) -> None:
    """Becomes `command`."""
    wanted = json.loads(order)
    os.chdir(wanted["cwd"])
    os.umask(0o077)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and that would be inherited
        signal.signal(ignored, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if wanted["detach"]:
        child = os.fork()
        if child:
            print(child, flush=True)
            os._exit(0)
        os.setsid()
        os.dup2(2, 1)
    if wanted["uid"] is not None:
        _drop(wanted["uid"], wanted["gid"], wanted["reach"])
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
