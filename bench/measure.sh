#!/bin/sh
# Measure all that docs/performance.md shows, several times, into one folder of JSON files, and
# rewrite the page's tables and bench/results/page.html from them. Takes some ten minutes.
#
#   bench/measure.sh [FOLDER [RUNS]]
set -eu
cd "$(dirname "$0")/.."
out=${1:-bench/results} runs=${2:-3} bin=${CHRONOS:-bin/chronos}
mkdir -p "$out"
for i in $(seq "$runs"); do
	"$bin" bench engine -q -o json >"$out/engine-$i.json"
	"$bin" bench route -q -o json --orders 100 >"$out/route-$i.json"
done
for rate in 500 1000 2000 4000 8000 12000; do
	"$bin" bench http -q -o json --rate "$rate" --duration 5s >"$out/http-$rate.json"
done
"$bin" bench report "$out"/*.json --page docs/performance.md --html "$out/page.html"
