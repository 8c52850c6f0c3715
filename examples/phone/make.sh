#!/usr/bin/env bash
# Put beside the page what it needs: the detector, and onnxruntime-web from the npm registry with its licence.
# Run from a checkout whose environment has the extra convert:   examples/phone/make.sh [FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here}
mkdir -p "$folder/ort"
[ "$folder" -ef "$here" ] || cp "$here"/*.html "$here"/*.css "$here"/*.js "$folder"
"${PYTHON:-python3}" -m convert web cry -o "$folder/cry-web.onnx"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent onnxruntime-web@1.30.0 >/dev/null && tar xzf onnxruntime-web-*.tgz)
cp "$work"/package/dist/{ort.wasm.min.mjs,ort-wasm-simd-threaded.mjs,ort-wasm-simd-threaded.wasm} "$folder/ort"
cp "$work"/package/{README.md,package.json} "$folder/ort" # the package names its licence (MIT) there
echo "python3 -m http.server --directory '$folder' 8000   # then open http://localhost:8000"
