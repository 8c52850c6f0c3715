#!/bin/sh
# Make what comes with edgecry: the sample, the vector 'edgecry doctor' expects of it, the models `seed`,
# `reason` and `cry`, and their cards. EDGECRY_DATA names the folder that holds donateacry/, sounds/, sounds2/
# and sounds3/; EDGECRY_TEACHER the one that holds yamnet.tflite. The extra `train` must be installed. The
# networks take an hour and a half on one core; what was trained is kept in the cache, also when broken off.
set -eu
cd "$(dirname "$0")/.."
: "${EDGECRY_DATA:?names no folder of recordings; it must hold donateacry/, sounds/, sounds2/ and sounds3/}"
: "${EDGECRY_TEACHER:?names no folder; it must hold yamnet.tflite, which the detector learns from}"

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
train cry "$EDGECRY_DATA" cry \
    "Donate-a-cry corpus (393 cries, and 270 other sounds recorded with the same app), sounds from freesound.org by way of ESC-50 and others, of free software packages, of children's speech and of cats (31 cries, 1175 other sounds)" \
    "ODbL 1.0, contents DbCL 1.0; CC0, CC BY, CC BY-SA, GFDL, GPL and public domain, by recording" \
    "$donateacry; authors of the other recordings, as named in docs/attribution.txt of the project; learned with the help of YAMNet (Google, Apache-2.0)"
# After the detector: its report tries the detector's embedding on the reasons.
train reason "$EDGECRY_DATA/donateacry" reason \
    "Donate-a-cry corpus, 362 recordings of 162 app instances; the labels are parents' guesses" \
    "ODbL 1.0, contents DbCL 1.0" "$donateacry"
python -m convert card edgecry/models/*.onnx
