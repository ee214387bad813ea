#!/bin/sh
# Every C file compiles with musl's headers, without a warning, and what it calls is there: in musl, in the libraries or in
# Unbound. Debian has no libraries for musl, so that nothing is linked and run. Prints TAP.
set -u
top=${LR_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
echo 1..2
if ! command -v musl-gcc >/dev/null; then
	echo "ok 1 - musl # SKIP musl-gcc is not installed (musl-tools)"
	echo "ok 2 - musl # SKIP"
	exit
fi
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' INT TERM
libraries=$(dirname "$(gcc -print-file-name=libcrypto.so)")
failed=0

# verdict NAME FILE: passed if the file is empty.
number=0
verdict() {
	number=$((number + 1))
	if [ ! -s "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		sed 's/^/# /' "$2" | head -n 40
		failed=1
	fi
}

unbound=$(awk -F '[". ]' '$2 == "PACKAGE_VERSION" { print $4 * 100 + $5 }' "$LR_UNBOUND_SRC/config.h")
# The libraries' headers are glibc's neighbours: they come last.
find "$top/zone" "$top/validate" "$top/module" -name '*.c' | while read -r file; do
	musl-gcc -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -DHAVE_CONFIG_H -I"$LR_BUILD" -I"$top/zone" -I"$top/zone/fetch" \
		-I"$top/validate" -DLR_VERSION='"0"' -DLR_STATEDIR='"/x"' -DLR_UNBOUND_VERSION='"0"' -DLR_UNBOUND_NUMBER="$unbound" \
		-idirafter "$LR_UNBOUND_SRC" -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" \
		-c "$file" -o "$scratch/$(echo "$file" | tr / _).o"
done >"$scratch/compiler" 2>&1
verdict "every C file compiles for musl" "$scratch/compiler"

# Names: what our files want, and what there is.
wanted() { nm "$scratch"/*.o | awk '$1 == "U" && $2 != "_GLOBAL_OFFSET_TABLE_" { print $2 }'; }
there() {
	nm "$scratch"/*.o "$(musl-gcc -print-file-name=libc.a)" 2>/dev/null
	for library in ssl crypto ldns cares curl z; do
		nm -D --defined-only "$libraries/lib$library.so"
	done
	nm -D --defined-only "${LR_UNBOUND_SRC%/*}/prefix-${LR_UNBOUND_SRC##*/unbound-}/sbin/unbound"
}
wanted | sort -u >"$scratch/wanted"
there | awk 'NF == 3 && $2 ~ /[TDBRVWi]/ { sub(/@.*/, "", $3); print $3 }' | sort -u | comm -23 "$scratch/wanted" - >"$scratch/missing"
verdict "nothing of glibc's alone is called" "$scratch/missing"
exit "$failed"
