# Sourced after setup.sh by the commands that take Unbound's source from Debian's: out of the archives that apt knows on
# this machine, whose configuration is only read. The caller's folder $scratch holds sources.list, lists and downloads.
# shellcheck shell=sh

apt_helper=/usr/lib/apt/apt-helper

# apt_sources CODENAME: the machine's own repositories, as deb-src entries of that Debian release.
apt_sources() {
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	apt-get indextargets --format "deb-src [signed-by=$keyring] \$(REPO_URI) \$(RELEASE) main" \
		'Created-By: Packages' 'Component: main' 'Origin: Debian' | sort -u |
		sed "s/ $codename\\([-/ ]\\)/ $1\\1/"
}

# apt_in_scratch TOOL ARGUMENT...: apt with the sources.list, the lists and the cache of the folder $scratch, as if
# nothing were installed: of two versions that release's counts.
apt_in_scratch() {
	tool=$1
	shift
	mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
	"$tool" -q -o Dir::Etc::sourcelist="$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$scratch/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$scratch/cache" \
		-o APT::Sandbox::User=root "$@"
}

# find_package RELEASE [VERSION]: reads the release's lists; sets full to its newest source package, or to the newest of
# that version of Unbound.
find_package() {
	full=
	apt_sources "$1" >"$scratch/sources.list"
	quietly unbound-lists apt_in_scratch apt-get update || return 1
	full=$(apt_in_scratch apt-cache showsrc unbound 2>/dev/null | sed -n "s/^Version: \\(${2:+$2-}.*\\)/\\1/p" | sort -V | tail -n 1)
	[ -n "$full" ]
}

# fetch_listed FOLDER: puts the source package $full there. Apt verifies it by the release's signed lists.
fetch_listed() {
	start_download
	(cd "$scratch/package" && apt_in_scratch apt-get source --download-only "unbound=$full") && end_download "$1"
}

# fetch_unlisted FOLDER [VERSION]: where a list is ahead of what the archive has: puts the newest one there that does lie
# in the archive, of that version of Unbound or of any, and sets full to it. After find_package for a release.
#
# The names come from the changelog in the release's binary package, three at most are tried. What was found is refused
# unless its description is signed by one of Debian's developers, by the release's own keyring, and its files are as that
# says. One that lies in FOLDER already is not fetched again.
fetch_unlisted() {
	sed -i 's/^deb-src\(.*\)/deb\1\n&/' "$scratch/sources.list"
	quietly unbound-lists apt_in_scratch apt-get update || return 1
	quietly unbound-changelog unpack_binary unbound || return 1
	for full in $(zcat "$scratch/root/usr/share/doc/unbound/changelog.Debian.gz" |
		sed -n "s/^unbound (\\(${2:+$2-}[^)]*\\)).*/\\1/p" | grep -Fxv "$full" | head -n 3); do
		dsc=unbound_${full#*:}.dsc
		[ ! -e "$1/$dsc" ] || { say "unbound $full was fetched before"; return 0; }
		for pool in $(pool_folders); do
			start_download
			fetch "$pool/$dsc" >"$build/log/unbound-pool.log" 2>&1 || continue
			fetch_signed "$pool" || continue
			end_download "$1"
			return
		done
	done
	return 1
}

# All of a source package, or nothing, goes from $scratch/package to where it is wanted.
start_download() {
	rm -rf "$scratch/package"
	mkdir "$scratch/package"
}

# end_download FOLDER: the description goes last, by which the others are known to be there.
end_download() {
	find "$scratch/package" -mindepth 1 ! -name '*.dsc' -exec mv -t "$1" {} + && mv "$scratch/package"/*.dsc "$1"
}

# unpack_binary NAME: the release's binary package of that name, verified by apt, in $scratch/root.
unpack_binary() {
	(cd "$scratch" && apt_in_scratch apt-get download "$1" && dpkg-deb -x "$1"_*.deb root && rm "$1"_*.deb)
}

# The folders in which the archives keep Unbound's source packages, by their lists: a URI each.
pool_folders() {
	# shellcheck disable=SC2016 # apt's own variables
	apt_in_scratch apt-get indextargets --format '$(REPO_URI) $(FILENAME)' 'Created-By: Sources' |
		while read -r repository list; do
			"$apt_helper" cat-file "$list" | awk -v RS= -v ORS='\n\n' '/(^|\n)Package: unbound\n/' |
				sed -n "s|^Directory: |$repository|p"
		done | sort -u
}

# fetch URI [HASH]: puts the file in $scratch/package, if it has that hash.
fetch() {
	"$apt_helper" -o APT::Sandbox::User=root download-file "$1" "$scratch/package/${1##*/}" ${2:+"$2"}
}

# fetch_signed POOL: the other files of the source package $full, as its description in $scratch/package names them, once
# that is verified.
fetch_signed() {
	quietly debian-keyring unpack_binary debian-keyring || return 1
	if ! verify_description; then
		say "REFUSED: $dsc is not signed by a key of Debian's developers:"
		cat "$scratch/gpgv" >&2
		return 1
	fi
	if ! grep -qx 'Source: unbound' "$scratch/signed" || ! grep -Fqx "Version: $full" "$scratch/signed"; then
		say "REFUSED: $dsc describes another package"
		return 1
	fi
	sed -n '/^Checksums-Sha256:/,/^[^ C]/s/^ //p' "$scratch/signed" >"$scratch/files"
	while read -r hash _ name; do
		quietly "unbound-$full" fetch "$1/$name" "SHA256:$hash" || return 1
	done <"$scratch/files"
	say "unbound $full is named by no list any more; it was taken by its name from the same archives. Verified: the"
	say "signature of its description, by $(sed -n 's/.*Good signature from //p' "$scratch/gpgv"), and its files by that."
	say "Not verified: that Debian would still give it out."
}

# What was signed of $dsc goes to $scratch/signed, and who did to $scratch/gpgv.
verify_description() {
	set --
	for keyring in "$scratch"/root/usr/share/keyrings/debian-keyring.* "$scratch"/root/usr/share/keyrings/debian-maintainers.*; do
		[ ! -e "$keyring" ] || set -- "$@" --keyring "$keyring"
	done
	rm -f "$scratch/signed"
	LC_ALL=C gpgv "$@" --output "$scratch/signed" "$scratch/package/$dsc" 2>"$scratch/gpgv"
}
