#!/usr/bin/env bash
# What the add-on runs: settings from its options, the broker from Home Assistant, the page behind its ingress.
set -euo pipefail

option() { python3 -c 'import json, sys; print(json.load(open("/data/options.json")).get(sys.argv[1], ""))' "$1"; }
service() {
    python3 - "$1" <<'PYTHON'
import json, os, sys, urllib.request
request = urllib.request.Request("http://supervisor/services/mqtt")
request.add_header("Authorization", "Bearer " + os.environ["SUPERVISOR_TOKEN"])
try:
    print(json.load(urllib.request.urlopen(request, timeout=10))["data"][sys.argv[1]])
except (OSError, KeyError):
    print("")
PYTHON
}

{
    echo "name = \"$(option name)\""
    threshold=$(option threshold)
    if [ -n "$threshold" ]; then echo "threshold = $threshold"; fi
    echo '[source]'
    echo 'kind = "command"'
    echo 'command = "parec --format=s16le --rate=16000 --channels=1"'
    echo '[record]'
    echo 'dir = "/data/clips"'
    echo '[web]'
    echo 'address = ":8377"'
    echo 'ingress = "172.30.32.2"  # Home Assistant, which has asked who somebody is'
    host=$(service host)
    if [ -n "$host" ]; then
        echo '[sinks.mqtt]'
        echo "host = \"$host\""
        echo "port = $(service port)"
    fi
} >/data/edgecry.toml
EDGECRY_MQTT_USER=$(service username)
EDGECRY_MQTT_PASSWORD=$(service password)
if [ -n "$EDGECRY_MQTT_USER" ]; then export EDGECRY_MQTT_USER EDGECRY_MQTT_PASSWORD; fi
export STATE_DIRECTORY=/data
exec /opt/edgecry/bin/edgecry listen --config /data/edgecry.toml
