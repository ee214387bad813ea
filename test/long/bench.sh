#!/bin/sh
# contrib/bench measures all that it says, fast; its figures say nothing on a machine that is busy. And the dashboard's picture is drawn.
# TAP.
set -u
cd "$LR_TOP" || exit 99
# shellcheck source-path=SCRIPTDIR source=../tap.sh
. test/tap.sh
echo 1..6
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
is_svg() { python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$1"; }

check "contrib/bench --quick" \
	"$(contrib/bench --quick --rounds 1 --growth --output "$folder" >"$folder/told" 2>&1 || tail -n 40 "$folder/told")"
check "each resolver and each measure is in its table" \
	"$(grep -E '^- |FAILED' "$folder/table.md"
	for resolver in localroot auth-zone unbound asking bind knot powerdns; do
		for figure in cpu-junk-do qps-junk-do-tcp cold-150 start-empty start-empty-packets; do
			grep -q "^$figure,.*,$resolver," "$folder/results.csv" || echo "$figure of $resolver is missing"
		done
	done
	grep -q '^verify,.*,lean-hundred,' "$folder/growth.csv" || echo "the growth is missing"
	for figure in start-kept published refresh-cpu p99.9-refresh memory-private memory-refreshed-peak operate-junk; do
		grep -q "^$figure,.*,localroot," "$folder/results.csv" || echo "$figure is missing"
	done)"
check "its chart is a picture with all of them" \
	"$({ is_svg "$folder/chart.svg" && grep -q '>PowerDNS ZoneToCache<' "$folder/chart.svg"; } 2>&1 || echo "no picture")"
check "the machine, all versions and configurations stand beside it" \
	"$(for words in 'processor:' 'dnsperf: [0-9]' 'localroot-source: axfr' 'type mirror' 'zonefile: "root.zone"' 'prefill.config' 'zoneToCache('; do
		grep -q -- "$words" "$folder/about.md" || echo "$words is missing"
	done)"
check "one measure of two resolvers" \
	"$({ contrib/bench --only cpu --resolvers localroot,auth-zone --quick --rounds 1 --output "$folder/two" && grep -q ',auth-zone,' "$folder/two/results.csv" &&
		! grep -q ',bind,' "$folder/two/results.csv"; } >"$folder/told" 2>&1 || tail -n 40 "$folder/told")"
if command -v prometheus prometheus-node-exporter >/dev/null; then
	check "dashboard.py" \
		"$({ test/run --lab test/bench/dashboard.py "$folder/picture" 0.5 && is_svg "$folder/picture" && grep -q '>forward_zone<' "$folder/picture"; } \
			>"$folder/told" 2>&1 || tail -n 40 "$folder/told")"
else
	skip "dashboard.py" "prometheus is not installed"
fi
exit $failed
