#!/bin/sh
# Prices at a constant rate: B-2. Exit 1 unless every answer is 200 and p99 is below 100 ms.
#
#   bench/vegeta/price.sh http://127.0.0.1:8080 [RATE [DURATION]]
#
# The targets are bench/vegeta/targets with $H in place of the server's address, one
# after the other. The server wants --set http.rate_limit=0.
set -eu
base=${1:-http://127.0.0.1:8080} rate=${2:-2000} duration=${3:-10s}
report=$(sed "s#\$H#$base#" "$(dirname "$0")/targets" |
	vegeta attack -rate="$rate" -duration="$duration" -timeout=10s | vegeta report -type=json)
printf '%s\n' "$report"
number() { printf '%s' "$report" | sed -n "s/.*\"$1\":\([0-9.e+-]*\)[,}].*/\1/p"; }
awk -v ok="$(number success)" -v p99="$(number 99th)" 'BEGIN { exit !(ok == 1 && p99 > 0 && p99 < 100e6) }'
