# Sourced by the commands of contrib/: what they share to set a Debian machine up.
# shellcheck shell=sh

top=$(cd "$(dirname "$0")/.." && pwd)
build="$top/build"

say() { printf '%s\n' "==> $*" >&2; }
die() { printf '%s\n' "${0##*/}: $*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages NAME...: installs those of Debian's packages that are missing, says which, and leaves none of their services
# running or enabled.
need_packages() {
	missing=
	for package; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing$missing"
	command -v apt-get >/dev/null || die "this machine has no apt-get; please install:$missing"
	quietly apt-update as_root apt-get -q update
	# A daemon that the package would start could hold the ports; tests start their own.
	policy=/usr/sbin/policy-rc.d
	made_policy=
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
		made_policy=yes
	fi
	status=0
	# shellcheck disable=SC2086 # a list of words
	quietly apt-install as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install $missing || status=$?
	[ -z "$made_policy" ] || as_root rm -f "$policy"
	# shellcheck disable=SC2086 # a list of words
	disable_services $missing
	return "$status"
}

# disable_services PACKAGE...: what they would start with the machine.
disable_services() {
	disabled=
	for unit in $(dpkg-query -L "$@" 2>/dev/null | sed -n 's#.*/systemd/system/\([^/@]*\.service\)$#\1#p' | sort -u); do
		[ -L "/etc/systemd/system/multi-user.target.wants/$unit" ] || continue
		# It does nothing for whom it does not take for a package's script.
		as_root env DPKG_MAINTSCRIPT_PACKAGE="${0##*/}" deb-systemd-helper disable "$unit" >/dev/null
		[ -L "/etc/systemd/system/multi-user.target.wants/$unit" ] || disabled="$disabled $unit"
	done
	[ -z "$disabled" ] || say "not to be started with the machine:$disabled"
}

# quietly NAME COMMAND...: runs the command with its output in build/log/NAME.log, and shows meanwhile for how long, and what
# was written last; on failure shows the end of that log.
quietly() {
	log="$build/log/$1.log"
	title=$1 # not name, which get-unbound has
	shift
	mkdir -p "$build/log"
	"$@" >"$log" 2>&1 &
	pid=$!
	ticks=0
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.1
		ticks=$((ticks + 1))
		show_progress "$title" "$ticks"
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
	if ! wait "$pid"; then
		tail -n 25 "$log" >&2
		printf '%s\n' "(the whole log is $log)" >&2
		return 1
	fi
}

# show_progress NAME TENTHS: each second on a terminal, in place; each minute elsewhere.
show_progress() {
	if [ -t 2 ]; then
		[ $(($2 % 10)) -eq 0 ] || return 0
		printf '\r\033[K    %d s: %.60s' $(($2 / 10)) "$(tail -n 1 "$log" | tr -d '[:cntrl:]')" >&2
	elif [ $(($2 % 600)) -eq 0 ]; then
		printf '    %s: %d min, %s\n' "$1" $(($2 / 600)) "$(tail -n 1 "$log" | tr -d '[:cntrl:]' | cut -c 1-80)" >&2
	fi
}

# localroot_patch SOURCE: unbound-localroot.patch as it fits that tree of Unbound's: newer manual pages are made with
# docutils, and ours for them stand in a patch of their own.
localroot_patch() {
	if grep -q docutils "$1/doc/unbound.conf.5.in"; then
		awk '/^--- / { skip = $2 ~ "^a/doc/unbound" } !skip' "$top/contrib/unbound-localroot.patch"
		cat "$top/contrib/unbound-localroot-docutils.patch"
	else
		cat "$top/contrib/unbound-localroot.patch"
	fi
}
