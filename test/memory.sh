#!/bin/sh
# localroot-check with each allocation failing in turn: verified, or out of memory; never a crash, never "bogus".
# LR_EVERY=N takes each Nth of those that libraries make. Prints TAP.
set -u
check=$LR_BUILD/localroot-check
every=${LR_EVERY:-97}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
failing=$tmp/failing.so
${CC:-cc} -D_GNU_SOURCE -O1 -shared -fPIC -o "$failing" "$LR_TOP/test/lab/failing.c" || exit 99

cat >zone <<'END'
example. 3600 IN SOA ns.example. Admin.Example. 2026070100 1800 900 604800 300
example. 3600 IN NS ns.com.example.
example. 3600 IN TXT "text"
com.example. 600 IN NS ns.com.example.
com.example. 600 IN DS 4711 13 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
ns.com.example. 600 IN A 192.0.2.2
END

arguments='-z example. -t 20260701000000 -a anchor signed'
good='^verified *the digest and every signature$' # with exit code...
fine=0

# run ALLOCATION [VARIABLE=VALUE]...: what came of it when this one fails
run() {
	number=$1
	shift
	echo before >written
	# shellcheck disable=SC2086 # words
	env "$@" LR_FAILING_AT="$number" LR_FAILING_TELL=1 LD_PRELOAD="$failing" \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}" \
		"$check" $arguments >out 2>err
	status=$?
	reached=no
	grep -q '^failing: ' err && reached=yes
	case $status in
	"$fine") cat out err | grep -q "$good" ;;
	2) grep -q '^localroot-check: .*[mM]emory' err && echo before | cmp -s - written ;;
	*) false ;;
	esac
}

# all STEP [VARIABLE=VALUE]...: from the first to the last, or to $until, in steps; bad counts those that came out wrong
until=
all() {
	step=$1 next=1 bad=0 tried=0
	shift
	: >wrong
	while [ -z "$until" ] || [ $next -le "$until" ]; do
		run $next "$@" || { bad=$((bad + 1)); echo "allocation $next: exit $status"; cat out err; } >>wrong
		[ $reached = yes ] || break
		next=$((next + step)) tried=$((tried + 1))
	done
}

reports=0
report() {
	reports=$((reports + 1))
	if [ $bad -eq 0 ] && [ $tried -gt "$2" ]; then
		echo "ok $reports - $1: $tried tried"
	else
		echo "not ok $reports - $1: $bad of $tried"
		sed 's/^/# /' wrong
	fi
}

for algorithm in RSASHA256 ECDSAP256SHA256 ED25519; do
	rm -f K*
	ksk=$(ldns-keygen -r /dev/urandom -b 2048 -a $algorithm -k example.) &&
		zsk=$(ldns-keygen -r /dev/urandom -b 2048 -a $algorithm example.) &&
		ldns-signzone -o example. -i 20260101000000 -e 20270101000000 -z 1:1 -f signed zone "$zsk" "$ksk" || exit 99
	cp "$ksk.ds" anchor
	all 1
	report "$algorithm, our own" 10
	all "$every" LR_FAILING_BELOW=1
	report "$algorithm, those of libraries, each $every." 10
	all 1 LR_FAILING_ALL=1
	report "$algorithm, and all that follow" 10
done

# OpenSSL starts at the first of its functions that is called, and does not tell all that call others whether it has.
until=100
all 1 LR_FAILING_BELOW=1
until=
report "the start of libraries, each" 90

# What is written is there as a whole, or what was there before.
arguments="-o written $arguments"
all 1
report "written to a file, our own" 10

cat >unbound.conf <<'END'
include: "incl*.conf"
server:
    localroot: yes
    localroot-source: axfr:192.0.2.1
    localroot-source: nothing:
END
echo 'server: localroot-tsig-keys: "/nowhere"' >included.conf
arguments="--check-conf unbound.conf"
good='^unbound.conf:5: error: localroot-source: "nothing:": a source starts with'
fine=1
all 1
report "a configuration, our own" 10
all 1 LR_FAILING_BELOW=1
report "a configuration, those of libraries" 10
echo "1..$reports"
