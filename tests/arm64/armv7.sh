#!/bin/sh
# A 32-bit board, by hand: Debian's own numpy, soundfile and soxr under QEMU, and NumPy in onnxruntime's place.
#
#   tests/arm64/armv7.sh FOLDER -m edgecry classify --sample
#
# FOLDER is made if need be (100 MB). Needs qemu-user and mmdebstrap. Child processes are not emulated.
set -eu
folder=$1
shift
root=$folder/root
if ! [ -f "$folder/stamp" ]; then
    rm -rf "$root"
    # Unpacked alone: what the packages' scripts would do is done below.
    mmdebstrap --quiet --mode=chrootless --architectures=armhf --variant=extract \
        --include=python3,python3-numpy,python3-soundfile,python3-soxr,libstdc++6,libgomp1 \
        trixie "$root" 'deb http://deb.debian.org/debian trixie main'
    [ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
    for name in blas lapack; do
        ln -sf "$name/lib$name.so.3" "$root/usr/lib/arm-linux-gnueabihf/lib$name.so.3"
    done
    touch "$folder/stamp"
fi
PYTHONPATH=$(cd "$(dirname "$0")/../.." && pwd) exec qemu-arm -cpu cortex-a7 -L "$root" "$root"/usr/bin/python3.?? "$@"
