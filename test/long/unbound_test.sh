#!/bin/sh
# Unbound's own tests ("make test") in a copy of its patched source. Prints TAP.
set -u
echo 1..1
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' INT TERM
if ! grep -q cfg_localroot "$LR_UNBOUND_SRC/util/config_file.h"; then
	echo "ok 1 - Unbound's own tests # SKIP $LR_UNBOUND_SRC is not patched"
	exit
fi
cp -R "$LR_UNBOUND_SRC" "$scratch/unbound"
if make -C "$scratch/unbound" test >"$scratch/log" 2>&1; then
	echo "# $(grep -c ' OK$' "$scratch/log") of them say OK"
	echo "ok 1 - Unbound's own tests"
else
	tail -n 20 "$scratch/log" | sed 's/^/# /'
	echo "not ok 1 - Unbound's own tests"
	exit 1
fi
