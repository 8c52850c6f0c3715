#!/bin/sh
# Make what comes with edgecry: the sample, the vector 'edgecry doctor' expects of it, the models `seed`,
# `reason` and `cry`, and their cards. EDGECRY_DATA names the folder that holds donateacry/, sounds/ and
# sounds2/.
set -eu
cd "$(dirname "$0")/.."
: "${EDGECRY_DATA:?names no folder of recordings; it must hold donateacry/, sounds/ and sounds2/}"

# train TASK FOLDER NAME DATA LICENCE ATTRIBUTION
train() {
    python -m convert train --task "$1" "$2" -o "edgecry/models/$3.onnx" --name "$3" \
        --data-name "$4" --data-licence "$5" --attribution "$6"
}
donateacry='Donate-a-cry corpus, Gabor Veres and the parents who donated recordings, https://github.com/gveres/donateacry-corpus'

# One thread, so that products are added in one order.
export OPENBLAS_NUM_THREADS=1
python -m convert sample -o edgecry/models/sample.flac
python -m convert selftest
train clip "$EDGECRY_DATA/donateacry" seed \
    "Donate-a-cry corpus, 362 recordings of 162 app instances" \
    "ODbL 1.0, contents DbCL 1.0" "$donateacry"
train reason "$EDGECRY_DATA/donateacry" reason \
    "Donate-a-cry corpus, 362 recordings of 162 app instances; the labels are parents' guesses" \
    "ODbL 1.0, contents DbCL 1.0" "$donateacry"
train cry "$EDGECRY_DATA" cry \
    "Donate-a-cry corpus (362 cries), environmental sounds from freesound.org by way of ESC-50 and others (30 cries, 354 other sounds), sounds of free software packages (1 cry, 424 other sounds)" \
    "ODbL 1.0, contents DbCL 1.0; CC0, CC BY, CC BY-SA, GPL and public domain, by recording" \
    "$donateacry; authors of the freesound.org recordings, and of the packages' sounds, as named in docs/attribution.txt of the project"
python -m convert card edgecry/models/*.onnx
