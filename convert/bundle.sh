#!/bin/sh
# Make what comes with edgecry: the sample, the vector 'edgecry doctor' expects of it, and the models
# `seed` and `reason`, trained on the Donate-a-cry recordings. EDGECRY_DATA names the folder that holds donateacry/.
set -eu
cd "$(dirname "$0")/.."
: "${EDGECRY_DATA:?names no folder of recordings; it must hold donateacry/}"

python -m convert sample -o edgecry/models/sample.flac
python -m convert selftest
python -m convert train "$EDGECRY_DATA/donateacry" -o edgecry/models/seed.onnx --name seed \
    --data-name "Donate-a-cry corpus, 362 recordings of 162 app instances" \
    --data-licence "ODbL 1.0, contents DbCL 1.0" \
    --attribution "Donate-a-cry corpus, Gabor Veres and the parents who donated recordings, https://github.com/gveres/donateacry-corpus"
python -m convert train --task reason "$EDGECRY_DATA/donateacry" -o edgecry/models/reason.onnx --name reason \
    --data-name "Donate-a-cry corpus, 362 recordings of 162 app instances; the labels are parents' guesses" \
    --data-licence "ODbL 1.0, contents DbCL 1.0" \
    --attribution "Donate-a-cry corpus, Gabor Veres and the parents who donated recordings, https://github.com/gveres/donateacry-corpus"
python -m convert card edgecry/models/reason.onnx
