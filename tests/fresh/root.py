"""A bare Debian in a folder, for this processor or for 64-bit ARM, and commands in it as on a machine.

    python3 -m tests.fresh.root make FOLDER arm64 trixie PACKAGE...
    python3 -m tests.fresh.root run FOLDER arm64 USER COMMAND

A command sees the folder as its whole disk. ARM programs run by QEMU's user-mode emulation, whichever
program starts them: ``binfmt_misc`` is registered in a namespace of its own (Linux 6.7 or newer), so
nothing of this machine changes, and nothing outlives the command.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

NEW_MOUNTS, NEW_USERS, NEW_PIDS = 0x20000, 0x10000000, 0x20000000
PRIVATE = 0x4000 | 0x40000  # MS_REC | MS_PRIVATE
BIND = 0x1000 | 0x4000  # MS_BIND | MS_REC
AARCH64 = (
    b":edgecry-aarch64:M::"
    rb"\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:"
    rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:"
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "xterm"} | {
    "DEBIAN_FRONTEND": "noninteractive",
    # With all that QEMU 7.2 emulates by default, NumPy computes wrongly.
    "QEMU_CPU": "cortex-a72",
}
MIRROR = "deb http://deb.debian.org/debian"
_libc = ctypes.CDLL(None, use_errno=True)


class CannotRunError(Exception):
    """This machine cannot do it; the text says what is missing."""


def emulator(folder: Path) -> Path:
    """Return QEMU for ARM, linked statically; if it is not installed, fetch it beside ``folder``."""
    found = shutil.which("qemu-aarch64-static")
    if found:
        return Path(found)
    kept = folder.parent / "qemu" / "usr" / "bin" / "qemu-aarch64-static"
    if not kept.exists():
        parts = folder.parent / "qemu"
        parts.mkdir(parents=True, exist_ok=True)
        _outside(["apt-get", "download", "-qq", "qemu-user-static"], parts)
        _outside(["dpkg", "-x", str(next(parts.glob("qemu-user-static*.deb"))), "."], parts)
    return kept


def inside(folder: Path, arch: str, command: list[str], root: bool = True) -> int:
    """Run ``command`` in namespaces of its own, in ``folder`` as its disk if ``root``; return its exit code.

    Raises CannotRunError without root's rights, and on a kernel that has no ``binfmt_misc`` for a namespace.
    """
    if os.geteuid() != 0:
        raise CannotRunError("a root folder has files of several users, which needs root's rights")
    foreign = arch == "arm64" and platform.machine() != "aarch64"
    qemu = emulator(folder) if foreign else None
    mapped, unshared = os.pipe(), os.pipe()

    def apart() -> int:
        _check(_libc.unshare(NEW_USERS | NEW_MOUNTS | NEW_PIDS), "namespaces")
        os.write(unshared[1], b"x")
        os.read(mapped[0], 1)
        return _wait(_forked(lambda: _first(folder, qemu, command, root)))

    child = _forked(apart)
    os.close(unshared[1])
    if os.read(unshared[0], 1):
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{child}/{name}").write_text("0 0 65536\n")
    os.write(mapped[1], b"x")
    code = _wait(child)
    for end in (*mapped, unshared[0]):
        os.close(end)
    if code == 77:
        raise CannotRunError("namespaces or binfmt_misc are refused here (see above)")
    return code


def _forked(work: Callable[[], int]) -> int:
    """Do work in a child that ends with this process; its exit code is 77 where the system refuses."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        _libc.prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
        code = work()
    except OSError as error:
        print(f"fresh: {error}", file=sys.stderr)
        code = 77
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _first(folder: Path, qemu: Path | None, command: list[str], root: bool) -> int:
    """Be process 1 of the new namespaces."""
    _mount(b"none", b"/", None, PRIVATE)
    _mount(b"proc", b"/proc", b"proc", 0)
    if qemu is not None:
        _mount(b"binfmt_misc", b"/proc/sys/fs/binfmt_misc", b"binfmt_misc", 0)
        # O: the emulator gets the opened program; C: with the rights of that program (sudo);
        # F: the emulator is opened now, so that it need not be in the root.
        Path("/proc/sys/fs/binfmt_misc/register").write_bytes(AARCH64 + os.fsencode(qemu) + b":OCF")
    if root:
        for name in ("proc", "sys", "dev"):
            _mount(f"/{name}".encode(), os.fsencode(folder / name), None, BIND)
        if qemu is not None:
            _look_like_a_board(folder)
    return _and_children(command, folder if root else None)


def _look_like_a_board(folder: Path) -> None:
    """Show a Cortex-A72 with four cores to an emulated root: with another processor onnxruntime dies."""
    cpu = (
        "BogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n"
        "CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n"
    )
    shown = {"proc/cpuinfo": "".join(f"processor\t: {n}\n{cpu}" for n in range(4))} | {
        f"sys/devices/system/cpu/{name}": "0-3\n" for name in ("possible", "present", "online")
    }
    for name, text in shown.items():
        file = folder.with_name(f"{folder.name}.{Path(name).name}")
        file.write_text(text)
        _mount(os.fsencode(file), os.fsencode(folder / name), None, BIND)


def _and_children(command: list[str], disk: Path | None) -> int:
    """Run the command, and be the parent of whom nobody waits for; the rest ends with this."""
    main = os.fork()
    if main == 0:
        if disk is not None:  # process 1 stays outside, by which systemctl knows that systemd does not run
            os.chroot(disk)
            os.chdir("/")
        os.execvpe(command[0], command, ENVIRONMENT)
    while True:
        pid, status = os.wait()
        if pid == main:
            return os.waitstatus_to_exitcode(status)


def _mount(what: bytes, where: bytes, kind: bytes | None, flags: int) -> None:
    _check(_libc.mount(what, where, kind, flags, None), f"mounting {os.fsdecode(where)}")


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _outside(command: list[str], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise CannotRunError(f"{command[0]} is missing")
    subprocess.run(command, cwd=folder, check=True)


def make(folder: Path, arch: str, suite: str, packages: list[str]) -> None:
    """Unpack and configure Debian in ``folder``, once: with a stamp of what is in it."""
    stamp = folder.with_name(folder.name + ".stamp")
    wanted = " ".join([arch, suite, *packages])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if shutil.which("mmdebstrap") is None:
        raise CannotRunError("mmdebstrap is missing")
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = [
        "mmdebstrap", "--quiet", "--mode=root", "--skip=check/qemu", f"--architectures={arch}",
        "--variant=minbase", f"--include={','.join(packages)}", suite, str(folder), f"{MIRROR} {suite} main",
    ]  # fmt: skip
    if inside(folder, arch, command, root=False):
        raise SystemExit(f"fresh: {folder} could not be made")
    # A machine behind a proxy may trust a certificate of its own; pip is told to trust it, too.
    for name in ("resolv.conf", "hosts", "ssl/certs/ca-certificates.crt"):
        shutil.copy(f"/etc/{name}", folder / "etc" / name)
    (folder / "etc" / "pip.conf").write_text("[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n")
    stamp.write_text(wanted)


def as_user(user: str, command: str) -> list[str]:
    """Return the words that run ``command`` in a shell as ``user`` would have it after logging in."""
    return (
        ["su", "--login", user, "-w", "QEMU_CPU", "-c", command]
        if user != "root"
        else ["bash", "-c", f"cd; {command}"]
    )


def main() -> int:
    """Do what the arguments say."""
    match sys.argv[1:]:
        case ["make", folder, arch, suite, *packages]:
            make(Path(folder).absolute(), arch, suite, packages)
            return 0
        case ["run", folder, arch, user, command]:
            return inside(Path(folder).absolute(), arch, as_user(user, command))
        case _:
            print(__doc__, file=sys.stderr)
            return 2


def ended(work: Callable[[], int]) -> NoReturn:
    """Do the work of a command and end with its exit code; with 77, loudly, where this machine cannot."""
    try:
        sys.exit(work())
    except CannotRunError as error:
        print(f"fresh: SKIPPED: {error}", file=sys.stderr)
        sys.exit(77)


if __name__ == "__main__":
    ended(main)
