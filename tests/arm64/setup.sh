#!/bin/sh
# Prepare a 64-bit ARM Debian Python with the wheels a board would get, to be run by run.sh.
#
#   setup.sh [bookworm|trixie]
#
# bookworm (the default) is Python 3.11 with everything the suite needs; trixie is Python 3.13 with
# what the device needs. ARM64_DIR is where it goes (default: .arm64 in the checkout); done again, it
# does only what is missing or has changed. Installs Debian packages it needs, where it may.
#
# Exit status: 0 ready, 77 this machine cannot (says what is missing), anything else is a failure.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=${ARM64_DIR:-$here/../../.arm64}
suite=${1:-bookworm}
case $suite in
    bookworm) py=3.11 glibc=36 wanted=requirements-suite.txt ;;
    trixie) py=3.13 glibc=41 wanted=requirements.txt ;;
    *) echo "setup.sh: unknown suite '$suite'; allowed are bookworm and trixie" >&2; exit 2 ;;
esac
say() { echo "arm64: $*"; }

# 1. The emulator, what unpacks a Debian root, and what builds the counter.
missing() {
    command -v qemu-aarch64 >/dev/null || echo qemu-user
    command -v mmdebstrap >/dev/null || echo mmdebstrap
    command -v cc >/dev/null || echo gcc libc6-dev
    python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
}
packages=$(missing | xargs)
if [ -n "$packages" ]; then
    if ! [ -e /etc/debian_version ] || ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        say "SKIPPED: nothing was tested on ARM; missing are the Debian packages: $packages" >&2
        say "on Debian, as root: apt-get install $packages" >&2
        exit 77
    fi
    say "installing $packages"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
fi

mkdir -p "$dir/$suite"
top=$(cd "$dir/$suite" && pwd)
root=$top/root

# 2. The ARM root. Its packages are only unpacked and none of their scripts is run, so that neither
#    binfmt_misc, a chroot nor root's rights are needed.
packages=python$py,libstdc++6,libgomp1
if [ "$(cat "$top/root.stamp" 2>/dev/null)" != "$packages" ]; then
    say "unpacking $suite for arm64 ($packages)"
    rm -rf "$root" "$top/root.stamp"
    mmdebstrap --quiet --mode=chrootless --architectures=arm64 --variant=extract --include="$packages" \
        "$suite" "$root"
    [ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
    echo "$packages" >"$top/root.stamp"
fi

# 3. A view of the root for each board: the same files, with the board's CPU list and /proc/cpuinfo.
#    onnxruntime crashes without them, and LLVM would compile for a generic CPU.
board() { # name part variant revision features
    view=$top/boards/$1
    mkdir -p "$view/proc" "$view/sys/devices/system/cpu"
    ln -sfn ../../root/lib "$view/lib"
    ln -sfn ../../root/usr "$view/usr"
    for cpu in 0 1 2 3; do
        cat <<CPU
processor	: $cpu
BogoMIPS	: 108.00
Features	: $5
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: $3
CPU part	: $2
CPU revision	: $4

CPU
    done >"$view/proc/cpuinfo"
    for list in possible present online; do echo 0-3 >"$view/sys/devices/system/cpu/$list"; done
}
board cortex-a53 0xd03 0x0 4 'fp asimd evtstrm crc32 cpuid'
board cortex-a72 0xd08 0x0 3 'fp asimd evtstrm crc32 cpuid'
board cortex-a76 0xd0b 0x4 1 'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp'

# 4. The wheels, chosen for the ARM Python by this machine's own pip. Byte code is left to the ARM
#    Python, which writes it when it first imports a module.
stamp="$wanted $(cat "$here/requirements.txt" "$here/$wanted" | cksum)"
if [ "$(cat "$top/site.stamp" 2>/dev/null)" != "$stamp" ]; then
    say "installing aarch64 wheels for Python $py ($wanted)"
    rm -rf "$top/site" "$top/site.stamp"
    tags="--platform manylinux2014_aarch64 --platform linux_aarch64"
    n=17
    while [ $n -le $glibc ]; do tags="$tags --platform manylinux_2_${n}_aarch64"; n=$((n + 1)); done
    # shellcheck disable=SC2086 # a list of options
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile \
        --target "$top/site" --python-version $py --implementation cp --only-binary=:all: $tags \
        -r "$here/$wanted"
    echo "$stamp" >"$top/site.stamp"
fi

# 5. Child Pythons are emulated too: sys.executable names run.sh.
mkdir -p "$top/hook"
cat >"$top/hook/sitecustomize.py" <<'HOOK'
import os
import sys

if "ARM64_PYTHON" in os.environ:
    sys.executable = sys._base_executable = os.environ["ARM64_PYTHON"]
HOOK

# 6. The instruction counter.
if ! [ "$here/icount.c" -ot "$top/icount.so" ]; then
    cc -O2 -Wall -Wextra -shared -fPIC -o "$top/icount.so" "$here/icount.c"
fi

ARM64_DIR=$dir ARM64_SUITE=$suite "$here/run.sh" -c \
    'import platform; print("arm64: ready: Python", platform.python_version(), "on", platform.machine())'
