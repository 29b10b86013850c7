#!/bin/sh
# Starts a hunt, waits until it has ended, and prints its rows, one JSON object a line. Needs curl and jq.
#
#   REKALL_API=https://rekall.example.org REKALL_TOKEN=T_... sh hunt.sh KEY < hunt.json
#
# KEY becomes the Idempotency-Key: run again with the same key and the same hunt.json, it goes on with the same hunt.
# REKALL_WAIT is how long the hunt may take, in seconds (3600 unless given); the hunt itself goes on after that.
# Exit code 0: all rows were printed. 1: the API refused, or the time was over; stderr says why.
set -eu
api=${REKALL_API:?the API, such as https://rekall.example.org}
token=${REKALL_TOKEN:?an API token of a service account}
key=${1:?the first argument is the Idempotency-Key}
deadline=$(($(date +%s) + ${REKALL_WAIT:-3600}))

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
printf 'authorization: Bearer %s\n' "$token" >"$work/token" # a file: arguments are everybody's to see
cat >"$work/hunt.json"

fail() {
  echo "hunt.sh: $*" >&2
  exit 1
}

# header NAME: its value in the last answer.
header() {
  awk -v name="$1" '{ sub(/\r$/, "") } index(tolower($0), name ":") == 1 { sub(/^[^:]*: */, ""); value = $0 }
    END { print value }' "$work/headers"
}

# pause: waits as long as the last answer says.
pause() {
  seconds=$(header retry-after)
  case $seconds in
    '' | *[!0-9]*) sleep 5 ;;
    *) sleep "$seconds" ;;
  esac
}

# call CURL-ARGUMENTS...: one request. What is not available now, or too much, is asked again; all else that is no
# success ends the script.
call() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    : >"$work/headers"
    status=$(curl -sS --max-time 90 -H "@$work/token" -D "$work/headers" -o "$work/answer" -w '%{http_code}' "$@") ||
      status=000
    case $status in
      2*) return ;;
      000 | 429 | 502 | 503 | 504) pause ;;
      *)
        [ "$(jq -r .code "$work/answer")" != collection/none-yet ] || exit 0 # no client had a result: no rows
        fail "$status $(jq -r '"\(.code): \(.detail)"' "$work/answer")"
        ;;
    esac
  done
  fail "gave up: $status"
}

answer() {
  jq -r "$1" "$work/answer"
}

call "$api/api/v1/hunts" -H "idempotency-key: $key" -H 'content-type: application/json' --data-binary "@$work/hunt.json"
status_url=$api$(answer .status_url)
echo "hunt.sh: $(answer .hunt_id)" >&2

while [ "$(answer .terminal)" != true ]; do
  [ "$(date +%s)" -lt "$deadline" ] || fail "not over in time: $(answer '"\(.state), \(.stats.progress)"'); it goes on"
  call "$status_url" -H 'prefer: wait=30'
  [ -n "$(header preference-applied)" ] || pause
done
echo "hunt.sh: $(answer '"\(.state), \(.stats.progress), \(.stats.rows) rows"')" >&2

call "$status_url/rows?limit=1000"
while :; do
  jq -c '.rows[]' "$work/answer"
  jq -r '.failures[] | "hunt.sh: no rows of \(.client_id): \(.message)"' "$work/answer" >&2
  cursor=$(answer '.next_cursor // empty')
  [ -n "$cursor" ] || break
  call "$status_url/rows?limit=1000&cursor=$cursor"
done
