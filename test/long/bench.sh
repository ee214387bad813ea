#!/bin/sh
# contrib/bench measures all that it says, fast; its figures say nothing on a machine that is busy. And the dashboard's picture is drawn.
# TAP.
set -u
cd "$LR_TOP" || exit 99
# shellcheck source-path=SCRIPTDIR source=../tap.sh
. test/tap.sh
echo 1..6
is_svg() { python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$1"; }

check "contrib/bench --quick" \
	"$(contrib/bench --quick --rounds 1 --growth --output "$scratch" >"$scratch/told" 2>&1 || tail -n 40 "$scratch/told")"
check "each resolver and each measure is in its table" \
	"$(grep -E '^- |FAILED' "$scratch/table.md"
	for resolver in localroot auth-zone unbound asking bind knot powerdns; do
		for figure in cpu-junk-do qps-junk-do-tcp cold-150 start-empty start-empty-packets; do
			grep -q "^$figure,.*,$resolver," "$scratch/results.csv" || echo "$figure of $resolver is missing"
		done
	done
	grep -q '^verify,.*,lean-hundred,' "$scratch/growth.csv" || echo "the growth is missing"
	for figure in start-kept published refresh-cpu p99.9-refresh turn-refresh turn-start memory-private memory-refreshed-peak operate-junk; do
		grep -q "^$figure,.*,localroot," "$scratch/results.csv" || echo "$figure is missing"
	done)"
check "its chart is a picture with all of them" \
	"$({ is_svg "$scratch/chart.svg" && grep -q '>PowerDNS ZoneToCache<' "$scratch/chart.svg"; } 2>&1 || echo "no picture")"
check "the machine, all versions and configurations stand beside it" \
	"$(for words in 'processor:' 'dnsperf: [0-9]' 'localroot-source: axfr' 'type mirror' 'zonefile: "root.zone"' 'prefill.config' 'zoneToCache('; do
		grep -q -- "$words" "$scratch/about.md" || echo "$words is missing"
	done)"
check "one measure of two resolvers" \
	"$({ contrib/bench --only cpu --resolvers localroot,auth-zone --quick --rounds 1 --output "$scratch/two" && grep -q ',auth-zone,' "$scratch/two/results.csv" &&
		! grep -q ',bind,' "$scratch/two/results.csv"; } >"$scratch/told" 2>&1 || tail -n 40 "$scratch/told")"
if command -v prometheus prometheus-node-exporter >/dev/null; then
	check "dashboard.py" \
		"$({ test/run --lab test/bench/dashboard.py "$scratch/picture" 0.5 && is_svg "$scratch/picture" && grep -q '>forward_zone<' "$scratch/picture"; } \
			>"$scratch/told" 2>&1 || tail -n 40 "$scratch/told")"
else
	skip "dashboard.py" "prometheus is not installed"
fi
exit $failed
