# shellcheck shell=bash
# The set-up, to be sourced: a world of the script's own, which ends with it. The simulator is the one whose ready file MSS_READY names,
# else one that is started here and ends too. WORLD is what is told of the world (JSON), HTTP its address, CA the certificate to trust.
set -euo pipefail

folder=$(mktemp -d) simulator='' id=''
finish() {
    [ -z "$id" ] || control DELETE "$first/control/worlds/$id" || true
    [ -z "$simulator" ] || { kill "$simulator" && wait "$simulator"; } || true
    rm -r "$folder"
}
trap finish EXIT

# A request to the control plane: METHOD URL [JSON].
control() {
    curl -sS --fail-with-body --max-time 30 -X "$1" -H "X-Control-Key: $key" -H 'Content-Type: application/json' -d "${3-}" "$2"
}

ready=${MSS_READY:-$folder/ready.json}
if [ -z "${MSS_READY:-}" ]; then
    mss-sim run --memory --ready-file "$ready" --submission-port 0 --mx-port 0 --imap-port 0 --http-port 0 --log-level error &
    simulator=$!
    until [ -e "$ready" ]; do kill -0 "$simulator" && sleep 0.1; done
fi
first=$(jq -r .http "$ready") key=$(jq -r '.control_key // ""' "$ready")
WORLD=$(control POST "$first/control/worlds" '{}')
id=$(jq -r .id <<<"$WORLD") HTTP=$(jq -r .http <<<"$WORLD") CA=$(jq -r .ca_file <<<"$WORLD")
