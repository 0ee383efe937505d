#!/bin/sh
# Install the strangers, run one workload on all, compare checksums, print a table and write JSON.
# Needs Go, cargo and Python 3 with the registries in reach; what is missing is left out and named.
#
#   bench/peers/run.sh [LEVELS [UPDATES [ROUNDS]]]
set -eu
cd "$(dirname "$0")/../.."
levels=${1:-20000} updates=${2:-200000} rounds=${3:-7} home=$PWD/.chronos/peers
mkdir -p "$home"
lines=$home/lines.jsonl
go run ./bench/peers "$levels" "$updates" "$rounds" >"$lines"
if command -v cargo >/dev/null; then
	CARGO_TARGET_DIR=$home/target cargo run -q --release --locked --manifest-path bench/peers/rust/Cargo.toml -- \
		"$levels" "$updates" "$rounds" >>"$lines"
else
	echo 'no cargo: Rust is left out' >&2
fi
if command -v python3 >/dev/null; then
	[ -x "$home/venv/bin/python" ] || python3 -m venv "$home/venv"
	"$home/venv/bin/pip" install -q -r bench/peers/requirements.txt
	"$home/venv/bin/python" -B bench/peers/peers.py "$levels" "$updates" "$rounds" >>"$lines"
else
	echo 'no python3: ccxt is left out' >&2
fi
go run ./bench/peers table "$levels" "$updates" "$lines"
