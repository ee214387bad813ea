#!/bin/sh
# The benches of the README run, and print what it quotes: with few questions, so that their figures say nothing here. TAP.
set -u
echo 1..2
number=0
failed=0
for bench in "junk.py 1 1000" "start.py 1"; do
	number=$((number + 1))
	if [ "${bench%% *}" = junk.py ] && ! command -v dnsperf >/dev/null; then
		echo "ok $number - $bench # SKIP dnsperf is not installed"
		continue
	fi
	# shellcheck disable=SC2086 # its arguments
	if told=$("$LR_TOP/test/run" --lab "$LR_TOP/test/bench/"$bench 2>&1) &&
		printf '%s\n' "$told" | grep -qE '^auth-zone .*(of auth-zone|to the first answer)$'; then
		echo "ok $number - $bench"
	else
		failed=1
		echo "not ok $number - $bench"
		printf '%s\n' "$told" | sed 's/^/# /'
	fi
done
exit $failed
