#!/bin/sh
# contrib/upstream on an unpatched source of Unbound's: each piece's test fails without the piece, then the piece builds and its
# test passes; at the end all of these tests, and Unbound's own, with the whole series. Prints TAP.
#
#     test/long/series_test.sh [--source DIR]
#
# DIR is a source of upstream's, 1.26 or newer, that is not configured. Without it, Debian's that contrib/get-unbound brought.
set -u
top=$(cd "${LR_TOP:-.}" && pwd)
source=
[ "${1:-}" != --source ] || source=$2
tarball=$(find "${LR_BUILDS:-$top/build}" -maxdepth 1 -name 'unbound_1.*.orig.tar.gz' 2>/dev/null | sort -V | grep -vE '_1\.(1|2[0-5]\.)' | tail -n 1)
if [ -z "$source$tarball" ]; then
	echo "1..0 # SKIP no source of Unbound 1.26 or newer: run contrib/get-unbound, or give --source DIR"
	exit 77
fi
for program in flex bison ldns-testns; do
	command -v $program >/dev/null || { echo "1..0 # SKIP no $program"; exit 77; }
done
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' INT TERM
tree=$scratch/unbound
count=0
failed=0

# result NAME STATUS: a test's line, with the end of the log where it fails.
result() {
	count=$((count + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $count - $1"
	else
		failed=1
		tail -n 30 "$scratch/log" | sed 's/^/# /'
		echo "not ok $count - $1"
	fi
}

build() { make -C "$tree" -j"$(nproc)" unbound unbound-checkconf unbound-control >"$scratch/log" 2>&1; }

# passes NAME: one of Unbound's tests, in its own harness.
passes() {
	(cd "$tree/testdata" && rm -f ".done-$1" ".skip-$1" "result.$1" && bash ../testcode/mini_tdir.sh -a ../.. exe "$1.tdir" &&
		cat "result.$1" && test -e ".done-$1") >"$scratch/log" 2>&1
}

# part PATCH tests|code: of a piece, its test or all that is no test.
part() {
	awk -v tests="$([ "$2" = tests ] && echo 1 || echo 0)" '/^diff --git /{on = ($0 ~ / b\/testdata\//) == tests; seen = 1}
		seen && on' "$1" | patch -d "$tree" -p1 -F0 -N -s
}

if [ -n "$source" ]; then
	cp -R "$source" "$tree"
else
	mkdir "$tree" && tar -xzf "$tarball" -C "$tree" --strip-components=1
fi
pieces=$(ls "$top"/contrib/upstream/*.patch)
# shellcheck disable=SC2086 # a list of words
set -- $pieces
echo "1..$(($# * 3 + 2))"
if ! (cd "$tree" && ./configure --prefix="$scratch/prefix" --with-dynlibmodule --enable-subnet) >"$scratch/log" 2>&1 || ! build; then
	tail -n 30 "$scratch/log"
	echo "Bail out! Unbound does not build"
	exit 1
fi
tests=dynlibmod
for piece; do
	name=$(sed -n 's#^+++ b/testdata/\([a-z_]*\)\.tdir/.*\.dsc$#\1#p' "$piece")
	part "$piece" tests
	! passes "$name"
	result "$name fails without ${piece##*/}" $?
	part "$piece" code && (cd "$tree" && ./config.status --recheck && ./config.status) >"$scratch/log" 2>&1 && build
	result "${piece##*/} builds" $?
	passes "$name"
	result "$name passes with it" $?
	tests="$tests $name"
done
status=0
for name in $tests; do passes "$name" || { status=1; break; }; done
result "all of them with the whole series:${tests#dynlibmod}, dynlibmod" $status
make -C "$tree" test >"$scratch/log" 2>&1
status=$?
echo "# $(grep -c ' OK$' "$scratch/log") of Unbound's own tests say OK"
result "Unbound's own tests" $status
exit $failed
