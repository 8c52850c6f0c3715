#!/bin/sh
# Everything that is tested on emulated 64-bit ARM, set-up included, with a summary at the end.
#
#   tests/arm64/check.sh
#
# Exit status: 0 all passed, 1 something failed, 77 nothing failed but this machine cannot do it all.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
export PYTHONPATH="$PWD"
page=${ARM64_DIR:-$PWD/.arm64}/page
results=$(mktemp)
beside=$(mktemp)
trap 'rm -f "$results" "$beside"' EXIT

# step NAME COMMAND...: run it within its time, and note how it went.
step() {
    name=$1
    shift
    printf '\n== %s\n' "$name"
    begin=$(date +%s)
    timeout 600 "$@"
    code=$?
    case $code in
        0) result=passed ;;
        77) result=SKIPPED ;;
        124) result='TIMED OUT' ;;
        *) result=FAILED ;;
    esac
    printf '%-52s %-10s %4d s\n' "$name" "$result" $(($(date +%s) - begin)) >>"$results"
}
smoke() { # suite board
    step "smoke: $2, $1" env ARM64_SUITE="$1" ARM64_BOARD="$2" "$here/run.sh" -m tests.arm64.smoke
}

step 'set-up: bookworm, Python 3.11' "$here/setup.sh" bookworm
# Without it nothing can follow.
[ "$code" = 0 ] || exit $((code == 77 ? 77 : 1))
step 'set-up: trixie, Python 3.13' "$here/setup.sh" trixie
# The suite is one long process. What else there is runs beside it and is shown after it:
# instructions are counted, not timed, so the company changes nothing.
{
    smoke bookworm cortex-a53
    smoke bookworm cortex-a76
    smoke trixie cortex-a72
    # Listening, with the page; its packages are pure Python.
    step 'packages of the page' python3 -m pip install --quiet --disable-pip-version-check \
        --root-user-action=ignore --upgrade --target "$page" -r "$here/requirements-page.txt"
    step 'smoke: listening and page, cortex-a72, bookworm' \
        env PYTHONPATH="$PWD:$page" "$here/run.sh" -m tests.arm64.smoke_page
    # A creep that each renewed budget lets pass is seen beside all runs before.
    step 'instruction budgets: cortex-a72, bookworm' \
        python3 "$here/budget.py" --history "${ARM64_DIR:-$here/../../.arm64}/budgets.jsonl"
} >"$beside" 2>&1 &
# Fixtures of the other tests need what a board has not.
step 'numeric suite: cortex-a72, bookworm' "$here/run.sh" -m pytest -q --tb=short --confcutdir "$here" "$here/suite.py"
wait
cat "$beside"

printf '\n== summary\n'
cat "$results"
if grep -qE ' (FAILED|TIMED OUT) ' "$results"; then exit 1; fi
if grep -q ' SKIPPED ' "$results"; then exit 77; fi
