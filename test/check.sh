#!/bin/sh
# localroot-check as a command: exit status, report, JSON, and its verdicts against ldns-verify-zone's. Prints TAP.
set -u
check=$LR_BUILD/localroot-check
real=$LR_TOP/test/data/root-2026073102.zone.gz
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
number=0

ok() { # ok STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# out: /' out
		sed 's/^/# err: /' err
	fi
}

# expect STATUS REASON NAME ARGUMENT...: REASON is a pattern for standard error.
expect() {
	want=$1 reason=$2 name=$3
	shift 3
	"$check" "$@" >out 2>err
	got=$?
	[ $got -eq "$want" ] && { [ -z "$reason" ] || grep -q -- "$reason" err; }
	ok $? "$name (exit $got)"
}

says() { # says NAME PATTERN: in the report just printed
	grep -q -- "$2" out
	ok $? "$1"
}

cat >zone <<'END'
example. 3600 IN SOA ns.example. Admin.Example. 2026070100 1800 900 604800 300
example. 3600 IN NS ns.example.
ns.example. 600 IN A 192.0.2.1
ns.example. 600 IN AAAA 2001:db8::1
alias.example. 600 IN CNAME NS.example.
*.wild.example. 600 IN TXT "wild"
a.b.example. 600 IN MX 10 Mail.example.
com.example. 600 IN NS ns.com.example.
com.example. 600 IN DS 4711 13 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
ns.com.example. 600 IN A 192.0.2.2
net.example. 600 IN NS ns.net.example.
ns.net.example. 600 IN A 192.0.2.3
END
ksk=$(ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 -k example.) &&
	zsk=$(ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 example.) &&
	other=$(ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 -k example.) || exit 99
dates="-i 20260101000000 -e 20270101000000"
# shellcheck disable=SC2086
ldns-signzone -o example. $dates -z 1:1 -f signed zone "$zsk" "$ksk" || exit 99
# shellcheck disable=SC2086
ldns-signzone -o example. $dates -f unhashed zone "$zsk" "$ksk" || exit 99
at="-z example. -t 20260701000000"

# Verified.
# shellcheck disable=SC2086
{
	expect 0 '' "a zone signed by ldns-signzone" -a "$ksk.key" $at signed
	says "its serial" '^serial *2026070100$'
	says "its records" "^records *$(grep -c . signed)\$"
	says "its delegations" '^delegations *2$'
	says "the digest that ldns-signzone made" \
		"^digest *SHA-384 $(awk '$4 == "ZONEMD" {print tolower($8)}' signed)\$"
	says "its signatures" "^signatures *$(awk '$4 == "RRSIG"' signed | wc -l), "
	says "the key" "through key $(expr "$ksk" : '.*+0*\([0-9]*\)')\$"
	says "the earliest expiration" '^expires *20270101000000 '
	says "what was verified" '^verified *the digest and every signature$'
	says "CPU time" '^CPU time *read [0-9.]* ms, sort [0-9.]* ms, zonemd [0-9.]* ms, dnssec '
	expect 0 '' "by its DS record" -a "$ksk.ds" $at signed
	expect 0 '' "as a file: URI" -a "$ksk.key" $at "file:$tmp/signed"
	expect 0 '' "without DNSSEC, whatever the anchors" --no-dnssec -a "$other.key" $at signed
	says "and says so" 'digest only: signatures were not checked'
}

# Not verified.
# shellcheck disable=SC2086
{
	expect 1 '(anchor)' "an anchor that does not match" -a "$other.key" $at signed
	expect 1 '(expired)' "expired" -a "$ksk.key" -z example. -t 20270101000001 signed
	expect 1 'not valid yet.*(expired)' "not valid yet" -a "$ksk.key" -z example. -t 20251231235959 signed
	expect 1 '(nozonemd)' "no ZONEMD" -a "$ksk.key" $at unhashed
	sed 's/192\.0\.2\.2/192.0.2.4/' signed >glue
	expect 1 '(digest)' "glue changed" -a "$ksk.key" $at glue
	expect 1 '(digest)' "glue changed, without DNSSEC" --no-dnssec $at glue
	awk '!($4 == "RRSIG" && $5 == "ZONEMD")' signed >unsigned-digest
	expect 1 '(bogus)' "ZONEMD without its signature" -a "$ksk.key" $at unsigned-digest
	: >nothing
	expect 1 '(format)' "an empty file" --no-dnssec $at nothing
	echo '<html>' >garbage
	expect 1 '(format)' "not a zone at all" --no-dnssec $at garbage
	head -c 1000 signed >short
	expect 1 . "a file cut off" --no-dnssec $at short
	expect 1 '(format)' "another zone than asked for" --no-dnssec -z test. signed
	expect 1 '(anchor)' "anchors of another zone" -a /dev/null $at signed
}

# The digest by itself (RFC 8976), and told apart from what else is wrong: as ldns-verify-zone has it.
{
	{ cat zone && echo 'ns.example. 601 IN A 192.0.2.9'; } >two
	ldns-signzone -Z -o example. -z 1:1 -f two-ttls two && ldns-verify-zone -Z two-ttls >out 2>err
	ok $? "ldns-verify-zone takes two TTLs in an rrset"
	expect 0 'the digest matches, but .*ns.example. A: two TTLs in one rrset (format)' "two TTLs in an rrset, without DNSSEC" \
		--no-dnssec -z example. two-ttls
	says "the digest" '^verified *the digest only'
	expect 2 'not written' "and -o leaves no such zone" --no-dnssec -z example. -o odd two-ttls
	[ ! -e odd ]
	ok $? "not a part of it"
	expect 1 'not verified: .*two TTLs in one rrset (format)' "two TTLs in an rrset, with DNSSEC" -a "$ksk.key" -z example. two-ttls
	says "the digest's verdict beside it" '^verified *the digest, but not the signatures'
	sed 's/192\.0\.2\.2$/192.0.2.4/' two-ttls >two-wrong
	expect 1 '(format)' "two TTLs and another digest" --no-dnssec -z example. two-wrong
	says "both are told" '^digest *the contents do not match'
	{ cat signed && echo 'foo.test. 555 IN TXT "out-of-zone data must be excluded"'; } >outside
	# shellcheck disable=SC2086
	expect 0 '' "a record outside of the zone (appendix A.2)" -a "$ksk.key" $at -o inside outside
	says "is told of" '^left out *1 records of names outside of the zone'
	! grep -q foo.test inside
	ok $? "and is not in what -o leaves"
	a4=$LR_TOP/test/data/rfc8976-a4.zone
	awk '$4 == "DNSKEY" && $5 == 257' "$a4" >a4.keys
	expect 0 '' "appendix A.4, uri.arpa, with its signatures, in their time" -a a4.keys -z uri.arpa -t 20210201000000 "$a4"
	says "all of them" '^signatures *15, '
	expect 0 '' "appendix A.5, root-servers.net" --no-dnssec -z root-servers.net "$LR_TOP/test/data/rfc8976-a5.zone"
}

# Usage, and sources that cannot be had.
expect 2 Usage "no source"
expect 2 Usage "two sources" signed signed
expect 2 Usage "an unknown option" --frobnicate signed
expect 2 'YYYYMMDD' "a short time" -t 2026 signed
expect 2 'YYYYMMDD' "the 31st of February" -t 20260231000000 signed
expect 2 'domain name' "no name of a zone" -z a..b signed
expect 2 'absent' "no such file" --no-dnssec absent
expect 2 'absent' "no such anchors" -a absent signed
expect 2 'garbage' "malformed anchors" -a garbage signed
expect 2 'gopher' "an unknown scheme" --no-dnssec gopher:x
expect 2 'axfr' "nobody listens" --no-dnssec axfr:127.0.0.1@1
expect 0 '' "--help" --help
says "usage on standard output" '^Usage: '
expect 0 '' "--version" --version
says "the version" '^localroot-check [0-9]'

# JSON that python3 reads, also where the source has quotes and octets that are not UTF-8.
cp signed "$(printf 'od"d\\n\003\377ame')"
cp glue 'bad"'
cat >report.py <<'END'
import json, sys
report = json.load(open("out", encoding="ascii"))
want = json.loads(sys.argv[1])
for name, value in want.items():
    assert report[name] == value, (name, report[name], value)
assert set(report["cpu_ns"]) == {"read", "sort", "zonemd", "dnssec", "seal"}, report["cpu_ns"]
assert all(type(ns) is int and ns >= 0 for ns in report["cpu_ns"].values())
END
json() { # json NAME EXPECTED: members of the object just printed
	python3 report.py "$2" 2>>err
	ok $? "$1"
}
# shellcheck disable=SC2086
{
	expect 0 '' "--json" --json -a "$ksk.key" $at od*
	json "its members" '{"verified": true, "serial": 2026070100, "delegations": 2, "error": null,
		"algorithm": "SHA-384", "expires": "20270101000000", "source": "od\"d\\n\u0003\u00ffame"}'
	expect 0 '' "--json --no-dnssec" --json --no-dnssec $at signed
	json "signatures not checked" '{"verified": true, "signatures": 0, "key_tag": null, "expires": null,
		"what": "the digest only: signatures were not checked"}'
	expect 1 . "--json of a bad zone" --json --no-dnssec $at 'bad"'
	json "the reason" '{"verified": false, "error": "digest", "digest": null, "source": "bad\""}'
	expect 2 . "--json of no zone" --json --no-dnssec $at absent
	json "the reason" '{"verified": false, "error": "io", "serial": 0}'
}

# Zones changed in one place, and what ldns-verify-zone says of them.
ldns_takes() { ldns-verify-zone -ZZ -k "$ksk.key" -t 20260701000000 "$1" >/dev/null 2>&1; }
# shellcheck disable=SC2086
we_take() { "$check" -a "$ksk.key" $at "$1" >/dev/null 2>&1; }
ldns_takes signed && we_take signed
ok $? "ldns-verify-zone and localroot-check take the zone"

mutate() { # mutate LINE KIND: writes the mutant; false where the kind changes nothing
	case $2 in
	less) sed "$1d" signed ;;
	ttl) awk -v n="$1" 'NR == n {$2++} {print}' signed ;;
	owner) awk -v n="$1" 'NR == n {$1 = "x" $1} {print}' signed ;;
	first) awk -v n="$1" 'NR == n {$5 = $5 ~ /^[0-9]/ ? $5 + 1 : "x" $5} {print}' signed ;;
	last) awk -v n="$1" 'NR == n {sub(/ *;.*/, "") # hexadecimal digits are the same in both cases
		$0 = substr($0, 1, length - 6) (toupper(substr($0, length - 5, 1)) == "B" ? "C" : "B") substr($0, length - 4)}
		{print}' signed ;;
	esac >mutant
	! cmp -s mutant signed
}
lines=$(grep -c . signed)
same=0 differ=0 taken=0
: >out
: >err
for kind in less ttl owner first last; do
	line=0
	while [ $line -lt "$lines" ]; do
		line=$((line + 1))
		mutate $line $kind || continue
		if we_take mutant; then
			taken=$((taken + 1))
			echo "taken: $kind $line: $(sed -n ${line}p signed)" >>err
		fi
		if ldns_takes mutant; then
			differ=$((differ + 1))
			echo "ldns takes: $kind $line: $(sed -n ${line}p signed)" >>out
		else
			same=$((same + 1))
		fi
	done
done
echo "# $same mutants refused by both, $differ by localroot-check alone"
[ $taken -eq 0 ] && [ $same -gt 150 ]
ok $? "no mutant is taken"
# The TTLs of the ZONEMD record and of its signature, which nothing else covers: RFC 4034 section 3 has them equal.
! grep -v '^ldns takes: ttl .*ZONEMD' out >err
ok $? "ldns-verify-zone takes no other"

# What -o leaves.
# shellcheck disable=SC2086
{
	umask 027
	expect 0 '' "-o writes what was verified" -a "$ksk.key" $at -o kept signed
	ldns-read-zone -z signed | sort >want && ldns-read-zone -z kept | sort | diff - want >out 2>err
	ok $? "it is the zone, as ldns reads it"
	[ "$(stat -c %a kept)" = 640 ]
	ok $? "its mode is the umask's"
	cp kept before
	expect 1 '(nozonemd)' "-o and a zone that does not verify" -a "$ksk.key" $at -o kept unhashed
	cmp kept before && [ "$(echo kept*)" = kept ]
	ok $? "the file is what it was, and nothing lies beside it"
	expect 2 'cannot write' "-o where there is no folder" -a "$ksk.key" $at -o none/kept signed
	# 4 blocks of 512 octets, where the zone has some 8 thousand octets
	(trap '' XFSZ && ulimit -f 4 && exec "$check" -a "$ksk.key" $at -o kept signed) >out 2>err
	[ $? -eq 2 ] && grep -q 'cannot write' err && cmp kept before && [ "$(echo kept*)" = kept ]
	ok $? "-o and a full disk: the file is what it was"
	mkfifo fifo && ln -s kept link && ln -s /dev/null device
	for other in fifo link device; do
		expect 2 'not a regular file' "-o and a $other" -a "$ksk.key" $at -o $other signed
	done
	[ -p fifo ] && [ -L link ] && [ -L device ] && cmp kept before
	ok $? "they are what they were"
	umask 022
}

# A report that nobody gets, as on a full disk.
# shellcheck disable=SC2086
for way in "-a $ksk.key $at signed" "--json -a $ksk.key $at signed" "--check-conf /dev/null" -V --help; do
	"$check" $way >/dev/full 2>err
	[ $? -eq 2 ] && grep -q '^localroot-check: standard output: ' err
	ok $? "$way: the report cannot be written"
done

# The real root zone of 31 July 2026.
zcat "$real" >root.zone
ldns-verify-zone -k /usr/share/dns/root.key -t 20260805000000 -ZZ root.zone >out 2>err
ok $? "ldns-verify-zone takes the real root zone"
expect 0 '' "the real root zone" -a /usr/share/dns/root.key -t 20260805000000 root.zone
says "its serial" '^serial *2026073102$'
says "all its signatures" '^signatures *2792, '
expect 1 '(expired)' "the real root zone past its time" -a /usr/share/dns/root.key -t 20260901000000 root.zone
awk '$4 == "A" && ++n == 1000 {sub(/[0-9]+$/, "254")} {print}' root.zone >changed.zone
expect 1 '(digest)' "the real root zone changed" -a /usr/share/dns/root.key -t 20260805000000 changed.zone

echo "1..$number"
