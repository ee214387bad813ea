#!/bin/sh
# The archive that contrib/debian/build leaves, in a copy of contrib/ with played packages; test/long/deb_update.py has real ones
# and apt. Prints TAP.
set -u
top=${LR_TOP:-$(cd "$(dirname "$0")/.." && pwd)}
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$top/test/tap.sh"
echo 1..19

# play NAME: a program of the machine's, from standard input.
play() {
	{ echo '#!/bin/sh' && cat; } >"$scratch/bin/$1"
	chmod 755 "$scratch/bin/$1"
}
clone=$scratch/clone
mkdir "$scratch/bin" "$clone"
cp -R "$top/contrib" "$top/configure.ac" "$clone"
sed -i "s|/usr/sbin/policy-rc.d|$scratch/policy-rc.d|" "$clone/contrib/setup.sh"
sed -i "s|^export PATH=|&$scratch/bin:|" "$clone/contrib/debian/build"
# A source package without a network.
cat >"$clone/contrib/source-package.sh" <<'EOT'
find_package() { full=1-1; }
fetch_listed() { touch "$1/unbound_1-1.dsc"; }
EOT
export machine="$scratch" LC_ALL=C # the build has a $scratch of its own

echo 'echo install ok installed' | play dpkg-query
for name in patch dpkg-checkbuilddeps apt-cache; do
	echo 'exit 0' | play "$name"
done
play dpkg-parsechangelog <<'EOT'
exec sed -n '1s/.*(\(.*\)).*/\1/p' "$2"
EOT
# No two builds in the same second.
play date <<'EOT'
[ "$1" = -u ] || exec /bin/date "$@"
echo >>"$machine/builds"
exec wc -l <"$machine/builds"
EOT
play dpkg-source <<'EOT'
case $* in
*-x*) mkdir -p unbound/debian/patches unbound/doc unbound/b/unbound && touch unbound/doc/unbound.conf.5.in ;;
esac
EOT
play dpkg-buildpackage <<'EOT'
version=$(dpkg-parsechangelog -l debian/changelog)
case $PWD in
*/module) echo "$version" >"../unbound-localroot_${version}_all.deb" ;;
*) echo "$version" | tee "../unbound_${version}_all.deb" >"../libunbound8_${version}_all.deb" ;;
esac
EOT
play apt-ftparchive <<'EOT'
case $* in
packages*) for deb in *.deb; do printf 'Package: %s\nFilename: ./%s\n\n' "${deb%%_*}" "$deb"; done ;;
*) printf 'SHA256:\n %s Packages\n' "$(sha256sum <Packages)" ;;
esac
EOT
play gpg <<'EOT'
[ ! -e "$machine/no-key" ] || exit 2
while [ "$1" != --output ]; do shift; done
case $* in
*--clearsign*) { echo signed && cat Release; } >"$2" ;;
*) echo key >"$2" ;;
esac
EOT
# Each of these leaves what its archive's lists name, and a signature where there was one; or what it did is noted.
for name in mv rm; do
	play "$name" <<EOT
/bin/$name "\$@" || exit
if [ -e "$scratch/watched" ]; then
	cd "$scratch/archive"
	$scratch/bin/faults >>"$scratch/gaps"
fi
EOT
done
play faults <<'EOT'
for file in Packages Release InRelease $(sed -n 's/^Filename: //p' Packages); do
	[ -e "$file" ] || echo "$file is not there"
done
EOT

archive=$scratch/archive
build() { sh "$clone/contrib/debian/build" --output "$archive" "$@" >"$scratch/said" 2>&1; }
# The module is another one from here on.
change() { echo "$1" >"$clone/contrib/new"; }

# state: what is wrong with the archive, and the packages in it.
state() (
	cd "$archive" || exit
	faults
	for list in Release InRelease; do
		grep -qF "$(sha256sum <Packages)" "$list" || echo "$list is not of these Packages"
	done
	[ "$(sed -n 's/^Filename: .\///p' Packages)" = "$(ls -- *.deb)" ] || echo "Packages does not name them all, or others"
	[ ! -e .new ] || echo "a folder is left"
	for deb in *.deb; do echo "${deb%%_*}"; done
)
whole="libunbound8
unbound-localroot
unbound"
PATH=$scratch/bin:$PATH

(umask 077 && build --sign us)
equal "an archive is made, and signed" "status $?, $(state)" "status 0, $whole"
check "whatever the umask, apt's own user can read it" "$(find -L "$archive" ! -perm -004)"
build --sign us
equal "another run makes nothing" "status $?, $(grep -c 'nothing is new' "$scratch/said")" "status 0, 1"

# stays NAME BREAK MEND: a build fails, and the archive is as it was.
stays() {
	build --sign us
	rm -rf "$scratch/before"
	cp -a "$archive" "$scratch/before"
	change "$1"
	eval "$2"
	build --sign us
	equal "$1 fails: what stood in the archive stays" "status $?, $(diff -r "$scratch/before" "$archive" 2>&1)" "status 1, "
	eval "$3"
}
# shellcheck disable=SC2016 # what is evaluated
{
	stays "signing" 'touch "$scratch/no-key"' 'rm "$scratch/no-key"'
	stays "copying" 'ln -s nothing "$clone/build/deb-work/1-1/unbound-away.deb"' 'rm "$clone/build/deb-work/1-1/unbound-away.deb"'
	stays "making the lists" 'echo "exit 1" >>"$scratch/bin/apt-ftparchive"' 'sed -i "\$d" "$scratch/bin/apt-ftparchive"'
}

echo theirs >"$archive/theirs_1_all.deb"
folder=$(stat -c %i "$archive")
rm -f "$scratch/gaps"
touch "$scratch/watched"
build --sign us
equal "the next one is made, with somebody else's package" "status $?, $(state)" "status 0, libunbound8
theirs
unbound-localroot
unbound"
check "meanwhile whatever the lists named was there, and the signature" "$(cat "$scratch/gaps")"
rm "$scratch/watched"
equal "in the same folder, which may be a mount point" "$(stat -c %i "$archive")" "$folder"
rm "$archive/theirs_1_all.deb"

mv "$archive" "$scratch/elsewhere"
ln -s "$scratch/elsewhere" "$archive"
change b
build --sign us
equal "a link to the folder stays one" "status $?, $(state), $(readlink "$archive")" "status 0, $whole, $scratch/elsewhere"

# anew NAME FILE...: those of the archive are lost.
anew() {
	name=$1
	shift
	rm "$@"
	build --sign us
	equal "made anew where $name" "status $?, $(state)" "status 0, $whole"
}
anew "only .made-of is left" "$archive"/[!.]*
anew "the lists are gone" "$archive/Packages"
anew "the signature is gone" "$archive/InRelease"
anew "its key is gone" "$archive/key.asc"
equal "and the key is there again" "$(cat "$archive/key.asc")" key
anew "a package is gone" "$archive"/unbound_*
anew "the packages are gone, and those that it is made of" "$archive"/*.deb "$clone"/build/deb-work/1-1/*.deb
anew "the module's package is gone, and the one it is made of" "$archive"/*.deb "$clone"/build/deb-work/1-1/unbound-localroot_*.deb

change c
build
equal "without a key no signature is left" "status $?, $(ls "$archive"/*Release* "$archive"/key* 2>/dev/null)" "status 0, $archive/Release"
exit "$failed"
