#!/bin/sh
# The benches of the README run, and print what it quotes: with few questions, so that their figures say nothing here; and the
# dashboard's picture is drawn. TAP.
set -u
echo 1..3
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

picture=$(mktemp) || exit 99
trap 'rm -f "$picture"' EXIT
if ! command -v prometheus prometheus-node-exporter >/dev/null; then
	echo "ok 3 - dashboard.py # SKIP prometheus is not installed"
elif told=$("$LR_TOP/test/run" --lab "$LR_TOP/test/bench/dashboard.py" "$picture" 0.5 2>&1) &&
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$picture" && grep -q '>forward_zone<' "$picture"; then
	echo "ok 3 - dashboard.py"
else
	failed=1
	echo "not ok 3 - dashboard.py"
	printf '%s\n' "$told" | sed 's/^/# /'
fi
exit $failed
