#!/usr/bin/env bash
# Runs all tests so many times in a row, every other time beside a busy loop on each processor. It ends with the first run that fails or
# leaves something in its temporary folder.
#   soak.sh RUNS
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=$1
export GOFLAGS="${GOFLAGS:-} -count=1" # nothing comes from Go's cache of tests
log=$(mktemp /tmp/holdfast-soak-XXXXXX)
loops=()

end_loops() {
	if ((${#loops[@]})); then
		kill "${loops[@]}"
		wait "${loops[@]}" 2>/dev/null || true
		loops=()
	fi
}
trap 'end_loops; rm -f "$log"' EXIT

for ((run = 1; run <= runs; run++)); do
	started=$SECONDS beside=
	TMPDIR=$(mktemp -d /tmp/holdfast-soak-XXXXXX)
	export TMPDIR
	if ((run % 2)); then
		beside=' beside a busy loop on each processor'
		for ((n = $(getconf _NPROCESSORS_ONLN); n > 0; n--)); do
			(while :; do :; done) &
			loops+=($!)
		done
	fi
	if ! make test >"$log" 2>&1; then
		cat "$log"
		echo "run $run of $runs$beside failed"
		exit 1
	fi
	end_loops
	if ! rmdir "$TMPDIR"; then
		find "$TMPDIR" | head -20
		echo "run $run of $runs$beside left something behind"
		exit 1
	fi
	printf 'run %d of %d%s: %d s\n' "$run" "$runs" "$beside" $((SECONDS - started))
done
