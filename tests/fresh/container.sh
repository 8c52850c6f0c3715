#!/bin/bash
# Builds the image of the Dockerfile without Docker, and tries what it holds:  tests/fresh/container.sh [FOLDER]
#
# buildah runs the Dockerfile's steps in a chroot, on a base made here: Debian trixie with its Python 3.13 stands in
# for python:3.13-slim-bookworm, which comes from a registry. In the image arecord is a program that plays
# a room. FOLDER keeps the base (default: .fresh in the checkout). As root, on Debian; some minutes.
#
# Exit status: 0 all held, 77 this machine cannot (says what is missing), anything else is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(realpath -m "${1:-.fresh}")
for program in buildah mmdebstrap; do
    command -v "$program" >/dev/null || { echo "fresh: SKIPPED: $program is missing (apt-get install $program)" >&2; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "fresh: SKIPPED: needs root's rights" >&2; exit 77; }
base=docker.io/library/$(sed -n 's/^FROM \(python:[^ ]*\).*/\1/p' Dockerfile | head -1)
b() { buildah --root "$dir/images" --runroot "$dir/run" --storage-driver vfs "$@"; }
say() { printf '\n== %s\n' "$*"; }

say "the base: $base"
python3 -m tests.fresh.root make "$dir/base" amd64 trixie ca-certificates python3-venv python3-pip
if ! b inspect --type image "$base" >/dev/null 2>&1; then
    c=$(b from scratch)
    b add --quiet "$c" "$dir/base" /
    b run --isolation chroot "$c" -- ln -sf python3 /usr/bin/python
    # A machine behind a proxy may trust a certificate of its own.
    b copy --quiet "$c" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
    b config --env PIP_CERT=/etc/ssl/certs/ca-certificates.crt "$c"
    b commit --quiet --rm "$c" "$base"
fi

say "the image"
b bud --isolation chroot --pull-never --format docker --tag edgecry .
c=$(b from --pull-never edgecry)
trap 'b rm "$c" >/dev/null' EXIT
root=$(b mount "$c")
echo "size: $(du -sm --exclude=proc "$root" | cut -f1) MB, of which the base $(du -sm "$dir/base" | cut -f1)"
echo "packages: $(du -sm "$root/opt/edgecry" | cut -f1) MB"

inside() { b run --isolation chroot "$c" -- "$@"; }
say "what it holds"
[ "$(inside id -un)" = edgecry ] || { echo "not run as edgecry"; exit 1; }
inside id
inside edgecry doctor
inside edgecry classify --sample
inside sh -c '! touch /etc/x 2>/dev/null && ! touch /opt/edgecry/x 2>/dev/null && touch /var/lib/edgecry/x' ||
    { echo "its user may write where it should not, or not where it should"; exit 1; }

say "listening, with its own command and a stand-in for the microphone"
inside python - <<'ROOM' >"$dir/room.raw"
import sys
import numpy as np
from edgecry.audio.load import load_audio
from edgecry.models.bundled import SAMPLE
cry = load_audio(SAMPLE, sr=16000).samples
quiet = np.random.default_rng(0).normal(0, 3e-4, 16000 * 10)
sys.stdout.buffer.write((np.concatenate([quiet, cry, quiet, quiet]) * 32767).astype("<i2").tobytes())
ROOM
install -m 644 "$dir/room.raw" "$root/room.raw"
cat >"$root/usr/local/bin/arecord" <<'STANDIN'
#!/bin/sh
exec python3 -c '
import sys, time
x = open("/room.raw", "rb").read()
begin, n = time.monotonic(), 0
while True:
    sys.stdout.buffer.write(x[n * 4000 % len(x):][:4000]); sys.stdout.buffer.flush(); n += 1
    time.sleep(max(0, begin + n / 8 - time.monotonic()))'
STANDIN
chmod 755 "$root/usr/local/bin/arecord"
mapfile -t command < <(b inspect --type image --format '{{range .Docker.Config.Entrypoint}}{{.}}
{{end}}{{range .Docker.Config.Cmd}}{{.}}
{{end}}' edgecry | sed '/^$/d')
mapfile -t healthy < <(b inspect --type image --format '{{range .Docker.Config.Healthcheck.Test}}{{.}}
{{end}}' edgecry | sed '/^$/d;1d')
echo "command: ${command[*]}"
buildah --root "$dir/images" --runroot "$dir/run" --storage-driver vfs \
    run --isolation chroot "$c" -- sh -c 'echo $$ >listener.pid; exec "$@"' sh "${command[@]}" &
trap 'kill "$(inside cat /var/lib/edgecry/listener.pid)"; wait; b rm "$c" >/dev/null' EXIT
code=1
for _ in $(seq 60); do
    sleep 1
    if inside "${healthy[@]}" 2>/dev/null; then code=0; break; fi
done
echo "health check: $code"
[ "$code" -eq 0 ]
inside edgecry page --web :8377
key=$(inside cat /var/lib/edgecry/web.key)
for _ in $(seq 60); do
    cries=$(curl -s -H "Authorization: Bearer $key" http://127.0.0.1:8377/api/cries)
    case $cries in *'"clip":"'*) break ;; esac
    sleep 1
done
echo "from outside: $cries"
case $cries in *'"clip":"'*) ;; *) echo "no cry was recorded"; exit 1 ;; esac
echo "without the key: $(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8377/api/cries)"
say "all of it held"
