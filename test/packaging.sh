#!/bin/sh
# The scripts of Debian's packages, and what installs packages for the commands of contrib/, in a folder that stands for the
# machine: what they call is played here. test/long/deb.py tries them in chroots. Prints TAP.
set -u
top=${LR_TOP:-$(cd "$(dirname "$0")/.." && pwd)}
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$top/test/tap.sh"
echo 1..29

# has NAME TEXT PART: a line of the text has the part.
has() { equal "$1" "$(printf '%s\n' "$2" | grep -cF -- "$3")" 1; }

# play NAME: a program of the machine's, from standard input.
play() {
	{ echo '#!/bin/sh' && cat; } >"$scratch/bin/$1"
	chmod 755 "$scratch/bin/$1"
}
mkdir "$scratch/bin" "$scratch/lib"
PATH=$scratch/bin:$PATH
export PATH scratch

for script in localroot-options localroot-notice postinst postrm; do
	sed "s|/var/lib/unbound|$scratch/state|g; s|/etc/unbound|$scratch/etc|g; s|/usr/lib/unbound|$scratch/lib|g
		s|/usr/libexec|$scratch/no|g; s|/run/systemd/system|$scratch|g" \
		"$top/contrib/debian/unbound-localroot/$script" >"$scratch/lib/$script"
	chmod 755 "$scratch/lib/$script"
done
conf=$scratch/etc/unbound.conf.d/localroot.conf

# machine: a configuration that includes all of its folder, with the package's own file.
machine() {
	rm -rf "${scratch:?}/etc" "$scratch/else"
	mkdir -p "$scratch/etc/unbound.conf.d" "$scratch/else"
	printf 'include: "%s/*"\nserver:\n\tusername: ""\n' "$scratch/etc/unbound.conf.d" >"$scratch/etc/unbound.conf"
	cp "$top/contrib/debian/unbound-localroot/localroot.conf" "$conf"
	echo ours >"$scratch/kind"
}

# Reads as Unbound does, words with what is included; Debian's own knows no word that begins with localroot, nor a value
# that follows nothing.
play unbound-checkconf <<'EOT'
words() {
	sed "s/'[^']*'/text/g; s/\"\([^\"#[:space:]]*\)\"/\1/g; s/\"[^\"]*\"/text/g; s/#.*//" "$1" | tr -s '[:space:]' '\n' | {
		last=
		while read -r word; do
			if [ "$last" = include: ]; then
				for file in $word; do words "$file"; done
			else
				echo "$word"
			fi
			last=$word
		done
	}
}
[ "$*" != "-o port" ] || exec echo 53
if [ "$(cat "$scratch/kind")" = debian ]; then
	[ $# -eq 0 ] || exit 1
	words "$scratch/etc/unbound.conf" |
		awk '/^localroot/ || (!/:$/ && !key) { print "unknown keyword " $0; bad = 1 } { key = /:$/ } END { exit bad }'
	exit
fi
[ "$1" = -o ] || exit 0
words "$scratch/etc/unbound.conf" | awk 'on { value = $0; on = 0 } $0 == "localroot:" { on = 1 } END { print value == "" ? "no" : value }'
EOT

# Where one that does not know the patch is built, that is asked in place of the one above.
stock=$(find "$(dirname "${LR_UNBOUND_SRC:-/none}")" -maxdepth 3 -path '*/prefix-*-stock/sbin/unbound-checkconf' 2>/dev/null | head -n 1)
as_debian() {
	echo debian >"$scratch/kind"
	if [ -n "$stock" ]; then "$stock" "$scratch/etc/unbound.conf" 2>&1; else unbound-checkconf 2>&1; fi
}

# makes_way NAME: Debian's Unbound takes what is left of the configuration, and ours has it back as it was.
makes_way() {
	cp -a "$scratch/etc" "$scratch/before"
	cp -a "$scratch/else" "$scratch/before-else"
	echo debian >"$scratch/kind"
	"$scratch/lib/localroot-options" aside "a test" 2>"$scratch/said"
	refused=$(as_debian) && refused=
	equal "aside: Debian's Unbound starts with $1" "$refused" ""
	"$scratch/lib/localroot-options" back 2>/dev/null
	equal "back: $1, as it was" "$(diff -r "$scratch/before" "$scratch/etc" 2>&1; diff -r "$scratch/before-else" "$scratch/else" 2>&1)" ""
	rm -rf "$scratch/before" "$scratch/before-else"
}

machine
makes_way "an include of the whole folder"

machine
{
	echo "server: localroot-max-age: 5"
	echo "server: log-identity: \"no # comment\" localroot-max-age: 5"
	echo "server: local-data: 'a. TXT \"localroot: no\"'"
	printf 'server:\n\tlocalroot-max-age: 5 localroot: yes\n\tverbosity: 1 # localroot: a remark\n'
	printf '\t# localroot: no\n\tlocalroot-max-age:\n\n\t# on the next line\n\t\t6\n\tdo-ip6: no\n'
} >"$scratch/etc/unbound.conf.d/forms.conf"
makes_way "options anywhere on a line, two on one, a value on the next"

machine
printf 'server:\n\tlocalroot-max-age: 5\n' >"$scratch/else/real"
ln -s "$scratch/else/real" "$scratch/etc/unbound.conf.d/link.conf"
printf 'server:\n\tlocalroot-max-age: 5\n' >"$scratch/else/included.txt"
printf 'include: %s\n' "$scratch/else/first" >>"$scratch/etc/unbound.conf"
printf 'include: "%s/*.txt"\n' "$scratch/else" >"$scratch/else/first"
makes_way "files that are links, are elsewhere, or have another name"
equal "a link to a file stays one" "$(readlink "$scratch/etc/unbound.conf.d/link.conf")" "$scratch/else/real"

machine
echo "# an older one" >"$scratch/etc/localroot.conf.aside"
"$scratch/lib/localroot-options" aside "a test" 2>/dev/null
equal "what was put aside before is kept" "$(cat "$scratch"/etc/localroot.conf.aside.~1~ 2>&1)" "# an older one"

# An Unbound that does not run with the local root on, under systemd.
play systemctl <<'EOT'
[ "$1" = is-active ] || exit 0
[ ! -e "$scratch/down" ]
EOT
play deb-systemd-invoke <<'EOT'
if [ "$(unbound-checkconf -o localroot)" = yes ]; then touch "$scratch/down"; else rm -f "$scratch/down"; fi
[ ! -e "$scratch/down" ]
EOT
play perl <<'EOT'
exit 1
EOT
play apt-cache <<'EOT'
printf 'unbound:\n  Installed: 1+~localroot1\n  Candidate: 1+~localroot1\n'
EOT

# turned_off: configures the package; whether Unbound runs then.
turned_off() {
	rm -f "$scratch/down"
	said=$("$scratch/lib/postinst" configure 2>&1)
	echo "status $?, $([ -e "$scratch/down" ] && echo down || echo runs), localroot: $(unbound-checkconf -o localroot)"
	echo "$said" >"$scratch/said"
}

machine
printf 'server: localroot: yes\n' >"$scratch/etc/unbound.conf.d/mine.conf"
mv "$conf" "$scratch/else/managed.conf"
ln -s "$scratch/else/managed.conf" "$conf"
equal "postinst: another file has the local root on, and Unbound does not start with it" "$(turned_off)" "status 0, runs, localroot: no"
has "it says where it turned it off" "$(cat "$scratch/said")" "zzz-localroot-off.conf says localroot: no now"
equal "a conffile that is a link stays one" "$(readlink "$conf")" "$scratch/else/managed.conf"
has "the notice at login says so" "$("$scratch/lib/localroot-notice")" "the local root is off: the package turned it off"

machine
rm "$conf"
printf 'server:\n\tlocalroot:\n\t\t"yes"\n' >"$scratch/etc/unbound.conf.d/mine.conf"
equal "postinst: the same without the conffile" "$(turned_off)" "status 0, runs, localroot: no"

# What the module writes (module/store.h, zone/fetch/source_list.c), and with the status file that the conffile proposes; a file
# of the administrator's, such as keys, is none of these.
machine
mkdir "$scratch/state"
status=$(sed -n 's|.*localroot-status-file: "/var/lib/unbound/\(.*\)"|\1|p' "$conf")
for file in localroot.zone localroot.state localroot.sources "$status" "$status.json"; do
	touch "$scratch/state/$file" "$scratch/state/$file.tmp-0"
done
touch "$scratch/state/root.key" "$scratch/state/localroot.keys" "$scratch/etc/localroot.conf.aside"
rm "$conf" # dpkg does
"$scratch/lib/postrm" purge
equal "purged, nothing is left that the module wrote" "$(cd "$scratch" && find etc state -type f | sort)" \
	"etc/unbound.conf
state/localroot.keys
state/root.key"

# What contrib/setup.sh installs.
mkdir "$scratch/contrib"
sed "s|/usr/sbin/policy-rc.d|$scratch/policy-rc.d|; s|/etc/systemd|$scratch/systemd|" "$top/contrib/setup.sh" >"$scratch/contrib/setup.sh"
printf '#!/bin/sh\nset -eu\n. %s/contrib/setup.sh\ntrap "exit 1" INT TERM\ninstall_quietly install new\n' "$scratch" >"$scratch/contrib/command"
play sudo <<'EOT'
exec "$@"
EOT
play dpkg-query <<'EOT'
if [ -e "$scratch/installed" ]; then printf 'ii here 2\nii new 1\n'; else printf 'ii here 1\n'; fi
EOT
play apt-get <<'EOT'
trap 'exit 100' INT
cp "$scratch/policy-rc.d" "$scratch/policy-seen"
touch "$scratch/installed"
[ -e "$scratch/quick" ] || for _ in $(seq 100); do sleep 0.1; done
EOT
# It may be interrupted, which what runs in the background may not.
start_and_kill() { # SIGNAL
	env --default-signal=INT setsid sh "$scratch/contrib/command" 2>"$scratch/said" &
	command=$!
	for _ in $(seq 100); do
		[ ! -e "$scratch/installed" ] || break
		sleep 0.1
	done
	kill -s "$1" -- "-$command"
	wait "$command" 2>/dev/null
}
start_and_kill INT
equal "interrupted, no policy-rc.d is left, and what was installed is listed" \
	"status $?, $(ls "$scratch/policy-rc.d" 2>/dev/null), $(cat "$scratch/build/installed-packages")" "status 1, , new"

# Killed, it can remove nothing: the next command does, whatever it needs.
rm "$scratch/installed"
start_and_kill KILL
flock -w 10 "$scratch/policy-rc.d" true # what it had started has ended, too
equal "killed, a policy-rc.d is left" "$(tail -n 1 "$scratch/policy-rc.d")" "exit 101"
day=$(date -r "$scratch/policy-rc.d" +%F)
printf '#!/bin/sh\nset -eu\n. %s/contrib/setup.sh\nneed_packages\n' "$scratch" >"$scratch/contrib/other-command"
said=$(sh "$scratch/contrib/other-command" 2>&1)
equal "and the next command removes it, with nothing to install" "$(ls "$scratch/policy-rc.d" 2>&1)" \
	"ls: cannot access '$scratch/policy-rc.d': No such file or directory"
has "and says since when no service was restarted" "$said" "since $day"

# install_with TEXT: what an installation says where that is the policy, and the policy afterwards.
touch "$scratch/quick"
install_with() {
	rm -f "$scratch/installed"
	printf '%s' "$1" >"$scratch/policy-rc.d"
	sh "$scratch/contrib/other-command" 2>&1
	sh "$scratch/contrib/command" 2>&1
	echo "policy: $(cat "$scratch/policy-rc.d" 2>/dev/null)"
}
said=$(install_with "# unbound-localroot, process $$
exit 101")
equal "one whose maker's number another process has is removed" "$(echo "$said" | tail -n 1)" "policy: "
equal "and one stands there while packages are installed" "$(tail -n 1 "$scratch/policy-seen")" "exit 101"
has "what was upgraded is named, and that its services were not restarted" "$said" \
	"upgraded on this machine: here 1 -> 2; their services were not restarted"
equal "the administrator's own stays" "$(install_with "exit 0 # mine" | tail -n 1)" "policy: exit 0 # mine"
exec 7<"$scratch/policy-rc.d"
flock 7
equal "and another run's" "$(install_with "# unbound-localroot" | tail -n 1)" "policy: # unbound-localroot"
exec 7<&-

# What puts a source package into build/, where its description says that it is there. From an archive on this machine apt links it.
fetched() { # FOLDER
	(
		# shellcheck source-path=SCRIPTDIR/../contrib source=source-package.sh
		. "$top/contrib/source-package.sh"
		full=1-1
		apt_in_scratch() { touch unbound_1-1.dsc unbound_1.orig.tar.gz && ln -s "$top" unbound_1-1.debian.tar.xz; }
		fetch_listed "$1"
	) 2>/dev/null
	echo "status $?, $(cd "$1" && echo *)"
}
mkdir -p "$scratch/all" "$scratch/some/unbound_1.orig.tar.gz/in-the-way"
equal "all of a source package is fetched" "$(fetched "$scratch/all")" "status 0, unbound_1-1.debian.tar.xz unbound_1-1.dsc unbound_1.orig.tar.gz"
equal "one of which a part cannot be put there is not taken for fetched" "$(fetched "$scratch/some" | grep -F dsc)" ""

# Which rules are about folders, by their last slash. For an exclusive flock AppArmor asks for k and w (apparmor_file_lock in
# Linux), for opening one r; the module does both with localroot-dir and the status file's (module/folder.c).
rules() { sed -n 's/^[+ ]*\(\/[^ ]* [a-z]*,\)$/\1/p' "$top/$1"; }
for file in contrib/debian/unbound-packaging.patch module/unbound-localroot.8 contrib/prometheus/README.md; do
	rules "$file" >>"$scratch/rules"
done
equal "AppArmor lets folders be read and locked: profile, manual, status file" "$(grep '/ ' "$scratch/rules")" \
	"/{,etc/unbound/}var/lib/unbound/ rwk,
/var/lib/unbound/ rwk,
/srv/root/ rwk,
/srv/metrics/ rwk,"
if command -v apparmor_parser >/dev/null; then
	{ echo "profile localroot {" && cat "$scratch/rules" && echo "}"; } >"$scratch/profile"
	said=$(apparmor_parser --skip-kernel-load --skip-cache "$scratch/profile" 2>&1) && said=
	check "apparmor_parser takes these rules" "$said"
else
	skip "apparmor_parser takes these rules" "apparmor_parser is not installed"
fi

# An equals sign there would keep every update of Unbound back; without the library Unbound does not start with that file.
spec=$top/contrib/rpm/unbound-localroot.spec
equal "rpm: a newer Unbound is not kept back" "$(sed -n 's/^Requires: *unbound //p' "$spec")" ">= %{unbound_version}"
has "rpm: the example says what is to be done before the package is removed" "$(sed -n '/^cat >localroot.conf/,/^END/p' "$spec")" \
	"# Take both away again before the package is removed"
exit "$failed"
