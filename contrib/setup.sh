# Sourced by the commands of contrib/: what they share to set a Debian machine up.
# shellcheck shell=sh

top=$(cd "$(dirname "$0")/.." && pwd)
build="$top/build"
policy=/usr/sbin/policy-rc.d # says whether packages may start their services
mark='# unbound-localroot'

say() { printf '%s\n' "==> $*" >&2; }
die() { printf '%s\n' "${0##*/}: $*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages NAME...: installs those of Debian's packages that are missing, says what came with them, and leaves none of their
# services running or enabled.
need_packages() {
	remove_left_policy
	missing=
	for package; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing$missing"
	command -v apt-get >/dev/null || die "this machine has no apt-get; please install:$missing"
	quietly apt-update as_root apt-get -q update
	# shellcheck disable=SC2086 # a list of words
	install_quietly install $missing
}

# install_quietly ARGUMENT...: apt-get with these. What it adds to the machine stands in build/installed-packages. In a shell of
# its own, for its traps: an interrupted one leaves the machine as an ended one does.
install_quietly() { (install_packages "$@") }

install_packages() {
	mkdir -p "$build"
	installed_packages >"$build/packages-before"
	started_units >"$build/units-before"
	made_policy=
	trap end_install EXIT
	trap 'exit 1' HUP INT TERM
	# The administrator's own is left alone, and that of another run.
	if [ ! -e "$policy" ]; then
		made_policy=yes
		make_policy
	fi
	# What runs in the background ignores an interrupt, and apt knows best when it can stop.
	quietly apt-install as_root env --default-signal=INT DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends "$@"
}

# A daemon that a package would start could hold the ports; tests start their own. The lock is there before the file is, and
# goes with its maker and the apt that it started.
make_policy() {
	printf '#!/bin/sh\n%s: packages start no service while contrib/setup.sh installs some\nexit 101\n' "$mark" |
		as_root tee "$policy.new" >/dev/null
	as_root chmod 755 "$policy.new"
	exec 8<"$policy.new"
	flock 8
	as_root mv "$policy.new" "$policy"
}

# One that a killed run left, with which no service would ever be restarted again.
remove_left_policy() {
	grep -qs "^$mark" "$policy" && (flock -n 8) 8<"$policy" || return 0
	say "removing $policy, which a killed run left: since $(date -r "$policy" '+%F %R') no package has started"
	say "or restarted a service, and services that the killed run installed may be enabled"
	as_root rm -f "$policy"
}

end_install() {
	status=$?
	trap '' HUP INT TERM
	! kill -0 "${pid-}" 2>/dev/null || say "interrupted: apt ends what it has begun"
	wait "${pid-}" 2>/dev/null || true
	[ -z "$made_policy" ] || as_root rm -f "$policy"
	disable_new_units
	tell_new_packages
	rm -f "$build/packages-before" "$build/units-before"
	exit "$status"
}

# Name and version, a line each.
installed_packages() { dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Version}\n' | sed -n 's/^ii *//p' | sort -u; }

# What systemd starts with the machine, by the links that say so.
started_units() { find /etc/systemd/system -type l 2>/dev/null | sort; }

disable_new_units() {
	disabled=
	for link in $(started_units | comm -13 "$build/units-before" -); do
		unit=$(readlink "$link" || true)
		unit=${unit##*/}
		case $unit in
		*@* | '') continue ;; # an alias is gone with its unit
		esac
		# It does nothing for whom it does not take for a package's script.
		as_root env DPKG_MAINTSCRIPT_PACKAGE="${0##*/}" deb-systemd-helper disable "$unit" >/dev/null
		[ -L "$link" ] || disabled="$disabled $unit"
	done
	[ -z "$disabled" ] || say "not to be started with the machine:$disabled"
}

tell_new_packages() {
	installed_packages | comm -13 "$build/packages-before" - >"$build/packages-new"
	upgraded=$(awk 'NR == FNR { had[$1] = $2; next } $1 in had { print $1, had[$1], "->", $2 }' \
		"$build/packages-before" "$build/packages-new" | paste -s -d , - | sed 's/,/, /g')
	awk 'NR == FNR { had[$1]; next } !($1 in had) { print $1 }' "$build/packages-before" "$build/packages-new" >"$build/packages-more"
	count=$(wc -l <"$build/packages-more")
	cat "$build/packages-more" >>"$build/installed-packages"
	rm -f "$build/packages-new" "$build/packages-more"
	[ -z "$upgraded" ] || say "upgraded on this machine: $upgraded${made_policy:+; their services were not restarted}"
	[ "$count" -eq 0 ] || say "$count packages more on this machine (build/installed-packages; nothing else outside of this folder)"
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
		printf '\r\033[K    %d s%s: %.60s' $(($2 / 10)) "$(how_far "$1")" "$(tail -n 1 "$log" | tr -d '[:cntrl:]')" >&2
	elif [ $(($2 % 600)) -eq 0 ]; then
		printf '    %s: %d min%s, %s\n' "$1" $(($2 / 600)) "$(how_far "$1")" "$(tail -n 1 "$log" | tr -d '[:cntrl:]' | cut -c 1-80)" >&2
	fi
}

# how_far NAME: ", about 40 %", where that can be told: apt says how many packages there are, of which each is unpacked and
# set up; a build writes about as many lines as it always does. Of tests, how many have ended.
how_far() {
	case $1 in
	apt-install)
		all=$(sed -n 's/^\([0-9]*\) upgraded, \([0-9]*\) newly installed.*/\1 \2/p' "$log" | awk '{ print 2 * ($1 + $2) }')
		so_far=$(grep -cE '^(Unpacking|Setting up) ' "$log" || true)
		;;
	unbound-*-build | deb-unbound | deb-module | quickstart-build | build-*)
		all=$(expected_lines "$1")
		so_far=$(wc -l <"$log")
		;;
	test-*)
		printf ', %d results' "$(grep -cE '^(PASS|FAIL|SKIP|ERROR): ' "$log" || true)"
		return 0
		;;
	*) return 0 ;;
	esac
	[ "${all:-0}" -gt 0 ] || return 0
	percent=$((100 * so_far / all))
	[ "$percent" -lt 100 ] || percent=99
	printf ', about %d %%' "$percent"
}

expected_lines() {
	case $1 in
	unbound-*) echo 820 ;;
	deb-unbound) echo 1580 ;;
	deb-module) echo 430 ;;
	*) echo 240 ;;
	esac
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
