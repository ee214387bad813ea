#!/bin/sh
# contrib/upstream: the series for Unbound names no project, is what contrib/unbound-localroot.patch does for any dynlib module,
# and applies to an unpatched source of Unbound's, without fuzz. Prints TAP.
#
#     test/series.sh [--source DIR]
#
# DIR is a source of upstream's, 1.26 or newer. Without it, Debian's that contrib/get-unbound brought.
cd "${LR_TOP:-.}" || exit 1
series=contrib/upstream
ours=contrib/unbound-localroot.patch
source=
[ "${1:-}" != --source ] || source=$2
# shellcheck source-path=SCRIPTDIR source=tap.sh
. test/tap.sh

# added_code PATCH...: "FILE: line" of each line of code that is added, as many times as it is.
added_code() {
	awk '/^--- /{next} /^\+\+\+ /{file = substr($2, 3); next}
		/^\+/ && file ~ /^(daemon|dynlibmod|smallapp|util)\/[^\/]*\.(c|h|y|lex)$/{print file ": " substr($0, 2)}' "$@" | sort
}

# Debian's newest that knows the manual pages which the series changes.
find_source() {
	for tarball in $(find "${LR_BUILDS:-build}" -maxdepth 1 -name 'unbound_*.orig.tar.gz' 2>/dev/null | sort -Vr); do
		case $tarball in
		*_1.1*|*_1.2[0-5].*) ;;
		*) echo "$tarball"; return ;;
		esac
	done
}

# unpack: the files that the series changes, to scratch/tree.
unpack() {
	sed -n 's#^--- a/##p' "$series"/*.patch | sort -u >"$scratch/files"
	mkdir "$scratch/tree"
	if [ -n "$source" ]; then
		(cd "$source" && tar -cf - -T "$scratch/files") | tar -xf - -C "$scratch/tree"
	else
		tar -xzf "$(find_source)" -C "$scratch/tree" --strip-components=1 --wildcards --no-anchored -T "$scratch/files"
	fi
}

# What is wrong with it, if anything is.
apply_series() {
	unpack || return
	top=$PWD
	cd "$scratch/tree" || return
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME=us GIT_AUTHOR_EMAIL=us@example \
		GIT_COMMITTER_NAME=us GIT_COMMITTER_EMAIL=us@example
	git init -q . && git add -A && git commit -q -m base && git am -q --whitespace=nowarn "$top"/contrib/upstream/*.patch
}

echo 1..3
check "no piece names this project" "$(grep -inE 'local.?root' "$series"/*.patch)"
added_code "$series"/*.patch >"$scratch/theirs"
added_code "$ours" >"$scratch/ours"
# fast_reload came with 1.23; without these its +p keeps the options of before, which no module looks at any more.
grep -vxF -e "daemon/remote.c: 	m += getmem_config_str3list(cfg->dynlib_options);" \
	-e "daemon/remote.c: 	COPY_VAR_ptr(dynlib_options);" "$scratch/theirs" >"$scratch/wanted"
# A later piece may change what an earlier one adds: what is left at the end counts.
awk '/^--- /{next} /^\+\+\+ /{file = substr($2, 3); next} /^-/{print file ": " substr($0, 2)}' "$series"/*.patch | sort >"$scratch/gone"
check "$ours has the lines of the series" "$(comm -23 "$scratch/wanted" "$scratch/ours" | comm -23 - "$scratch/gone")"
echo "# $(comm -13 "$scratch/theirs" "$scratch/ours" | wc -l) lines are localroot's own, $(wc -l <"$scratch/wanted") the series'"
if [ -z "$source$(find_source)" ]; then
	skip "the series applies" "no source of Unbound 1.26 or newer: run contrib/get-unbound, or give --source DIR"
	exit $failed
fi
check "the series applies to ${source:-$(find_source)}, without fuzz" "$(apply_series 2>&1)"
exit $failed
