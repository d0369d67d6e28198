#!/usr/bin/env bash
# Builds the local run. A first build compiles Temporal's server, too, and says how far it is.
#   build.sh OUTPUT    (a path from the root of the repository)
set -euo pipefail
cd "$(dirname "$0")"
output=../../$1
flags=(-ldflags='-s -w')

if [[ -x $output ]]; then # what was compiled before is kept: seconds
	exec go build "${flags[@]}" -o "$output" .
fi

todo=$(mktemp)
trap 'rm -f "$todo"' EXIT
go list -deps -f '{{if .Stale}}{{.ImportPath}}{{end}}' . | sed '/^$/d' >"$todo"
total=$(wc -l <"$todo")
if ((total < 100)); then # Temporal's server is compiled already
	go build "${flags[@]}" -o "$output" .
	exit
fi
echo "Compiling $total packages, Temporal's server among them. It happens once; with two cores it takes some minutes."
# With -v the compiler prints each package as it begins with it. Other lines are its messages.
go build -v "${flags[@]}" -o "$output" . 2>&1 | awk -v total="$total" '
	NR == FNR { package[$0]; next }
	!($0 in package) { print > "/dev/stderr"; next }
	++done * 20 >= total * step || done == total { printf "  %d of %d packages\n", done, total; fflush(); step = int(done * 20 / total) + 1 }
' "$todo" -
