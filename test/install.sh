#!/bin/sh
# What stands around an installation: the module's one place, the units, the progress shown. Prints TAP.
set -u
top=${LR_TOP:-$(cd "$(dirname "$0")/.." && pwd)}
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$top/test/tap.sh"
echo 1..6

# The build folder's own place counts where it was configured without a --prefix.
cd "$top" || exit 99
places=$({
	grep -ohE '/usr/[a-z0-9/-]*/localroot\.so' README.md HACKING.md NEWS module/*.8 validate/*.1 contrib/*.md contrib/*.patch \
		contrib/*/*.md contrib/rpm/*.spec
	makefile=${LR_BUILD:-.}/Makefile
	! grep -q '^prefix = /usr/local$' "$makefile" || sed -n 's/^moduledir = \(.*\)/\1\/localroot.so/p' "$makefile"
	sed -n 's/.*--with-moduledir=\([a-z\/]*\) .*/\1\/localroot.so/p' contrib/debian/unbound-localroot/rules contrib/PACKAGING.md
	sed -n 's/.*--with-moduledir=%{_prefix}\([a-z\/]*\) .*/\/usr\1\/localroot.so/p' contrib/rpm/unbound-localroot.spec
} | sort | uniq)
equal "the module has one place: configure, patch, packages, documents" "$places" /usr/lib/unbound/localroot.so

# As a package's recipe does it: all of it in a folder, and nothing of that in what is installed.
make -C "${LR_BUILD:-.}" install DESTDIR="$scratch/root" >"$scratch/log" 2>&1 || cat "$scratch/log"
for wanted in localroot.so localroot-check unbound-localroot.8 localroot-check.1 localroot-top check_localroot; do
	[ "$(find "$scratch/root" -name "$wanted" -size +0 | wc -l)" -eq 1 ] || echo "$wanted is not installed"
done >"$scratch/missing"
check "make install DESTDIR= installs all there is, and names no such folder" \
	"$(cat "$scratch/missing"; grep -rlF "$scratch" "$scratch/root")"

# verify NAME FOLDER UNIT: what systemd-analyze says of a unit whose program is there.
verify() {
	if ! command -v systemd-analyze >/dev/null; then
		skip "$1" "systemd-analyze is not installed"
		return
	fi
	cp -R "$top/contrib/$2" "$scratch/units"
	sed -i 's/^\(ExecStart=\)[^ ]*/\1\/bin\/true/; /^Documentation=/d' "$scratch/units"/*.service
	equal "$1" "$(cd "$scratch/units" && SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "./$3" 2>&1 | grep -F "$scratch")" ""
}
verify "systemd finds nothing wrong with contrib/systemd" systemd unbound.service
if command -v systemd-analyze >/dev/null; then
	cp "$scratch/units/unbound.service" "$scratch/plain.service"
	cat "$scratch/units/unbound.service.d/hardening.conf" >>"$scratch/plain.service"
	# "Overall exposure level for ...: 3.4 OK"; a unit without any of it has 9.6.
	level=$(systemd-analyze security --offline=true --threshold=45 --no-pager "$scratch/plain.service" 2>&1 | tail -n 1 | grep -oE "[0-9.]+ [A-Z]+")
	equal "the hardened unit's exposure is low, as systemd-analyze security counts" "${level#* }" OK
else
	skip "the hardened unit's exposure" "systemd-analyze is not installed"
fi
rm -rf "$scratch/units"
verify "nor with the timer that builds the packages" debian localroot-build.timer

# far NAME: what is said of a step whose log is $scratch/log.
far() (
	log=$scratch/log
	# shellcheck source-path=SCRIPTDIR/../contrib source=setup.sh
	. "$top/contrib/setup.sh"
	how_far "$1"
)
{
	echo "0 upgraded, 2 newly installed, 0 to remove and 3 not upgraded."
	printf 'Unpacking a (1) ...\nUnpacking b (1) ...\nSetting up a (1) ...\n'
} >"$scratch/log"
apt=$(far apt-install)
seq 410 >"$scratch/log"
make=$(far unbound-1.17.1-build)
seq 5000 >"$scratch/log"
late=$(far unbound-1.17.1-build)
none=$(far unbound-lists)
printf 'PASS: test/unit/t_a 1 - one\n# PASS\nFAIL: test/unit/t_b 1 - two\n' >"$scratch/log"
tests=$(far test-1.17.1)
equal "progress says how far: packages, builds, tests, and nothing where it cannot be told" "$apt/$make/$late/$none/$tests" \
	", about 75 %/, about 50 %/, about 99 %//, 2 results"
exit "$failed"
