#!/bin/sh
# Run the ARM Python that setup.sh made, under QEMU user-mode emulation, as if it were python3:
#
#   run.sh -m pytest tests          run.sh script.py ARGUMENT...
#
# ARM64_DIR     where setup.sh put it (default: .arm64 in the checkout)
# ARM64_SUITE   bookworm (Python 3.11, the default) or trixie (3.13)
# ARM64_BOARD   cortex-a53 (Pi 3, Zero 2), cortex-a72 (Pi 4, the default) or cortex-a76 (Pi 5)
# ARM64_COUNT   file to write instruction counts to (icount.c); slower
#
# The program sees this machine's files. PYTHONPATH is kept, before the ARM packages.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${ARM64_DIR:-$here/../../.arm64}
suite=${ARM64_SUITE:-bookworm}
board=${ARM64_BOARD:-cortex-a72}
if ! [ -f "$dir/$suite/site.stamp" ] || ! [ -d "$dir/$suite/boards/$board" ]; then
    echo "run.sh: no $suite for $board under $dir; run setup.sh $suite first" >&2
    exit 2
fi
dir=$(cd "$dir" && pwd)
top=$dir/$suite

# Children find the same folder from wherever they are started.
export ARM64_DIR="$dir" ARM64_SUITE="$suite" ARM64_BOARD="$board" ARM64_PYTHON="$here/run.sh"
case ":${PYTHONPATH-}:" in
    *":$top/site:"*) ;;
    *) PYTHONPATH=$top/hook${PYTHONPATH:+:$PYTHONPATH}:$top/site ;;
esac
export PYTHONPATH PYTHONNOUSERSITE=1
export NUMBA_CACHE_DIR="${NUMBA_CACHE_DIR:-$top/numba-cache}"
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
# A board keeps byte code; without it every process would compile the packages again.
unset PYTHONHOME PYTHONDONTWRITEBYTECODE

set -- "$(echo "$top"/root/usr/bin/python3.??)" "$@"
set -- -cpu "$board" -L "$top/boards/$board" "$@"
if [ -n "${ARM64_COUNT-}" ]; then
    set -- -plugin "$top/icount.so,out=$ARM64_COUNT" "$@"
    # Only the first process counts; its children would overwrite the file.
    unset ARM64_COUNT
fi
exec qemu-aarch64 "$@"
