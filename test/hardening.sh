#!/bin/sh
# How the module and localroot-check are linked and compiled, as readelf sees it: nothing that is writable runs, nothing of the linker's
# tables stays writable, overflows are noticed. Prints TAP.
set -u
top=${LR_TOP:-$(cd "$(dirname "$0")/.." && pwd)}
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$top/test/tap.sh"
cd "${LR_BUILD:-.}" || exit 99
if ! command -v readelf >/dev/null; then
	echo "1..0 # SKIP readelf is not installed"
	exit 0
fi
program=.libs/localroot-check
[ -e "$program" ] || program=localroot-check
module=.libs/localroot.so
echo 1..10

for object in "$module" "$program"; do
	equal "${object##*/}: the stack is not executable" "$(readelf -lW "$object" | awk '$1 == "GNU_STACK" { print $7 }')" RW
	equal "${object##*/}: RELRO, and all symbols bound at the start" \
		"$(readelf -lW "$object" | grep -c GNU_RELRO) $(readelf -dW "$object" | grep -oE 'BIND_NOW|Flags:.*NOW' | head -n 1 | grep -oE 'NOW')" "1 NOW"
	check "${object##*/}: no segment is writable and executable" "$(readelf -lW "$object" | awk '$1 == "LOAD" && /W/ && /E/')"
done
equal "localroot-check is position-independent" "$(readelf -hW "$program" | awk '$1 == "Type:" { print $2 }') \
$(readelf -dW "$program" | grep -c 'Flags:.*PIE')" "DYN 1"

# What its functions call tells how they were compiled; not so where the flags of configure were left out.
called=$(readelf --dyn-syms -W "$module" | awk '$7 == "UND" { sub(/@.*/, "", $8); print $8 }')
if grep -q '^lr_cflags = .*-fstack-protector-strong' Makefile; then
	equal "the stack is guarded" "$(echo "$called" | grep -c '^__stack_chk_fail$')" 1
else
	skip "the stack is guarded" "this compiler cannot"
fi
if grep -q '^lr_cflags = .*-D_FORTIFY_SOURCE' Makefile; then
	equal "libc's calls are checked" "$([ "$(echo "$called" | grep -c '_chk$')" -gt 3 ] && echo yes)" yes
else
	skip "libc's calls are checked" "this build is not for that: a sanitizer, no optimization, or flags of one's own"
fi

# Nothing is linked to libcurl, which is loaded where it is needed; a note of the ELF file names it for those who make packages.
libcurl=$(sed -n 's/^#define LR_LIBCURL "\(.*\)"/\1/p' lr_config.h)
if [ -n "$libcurl" ]; then
	equal "libcurl is named to packagers, and not linked to" \
		"$(for object in "$module" "$program"; do readelf -p .note.dlopen "$object" 2>&1 | grep -o '"soname":\[[^]]*\]'; readelf -dW "$object" | grep curl; done)" \
		"$(printf '"soname":["%s"]\n' "$libcurl" "$libcurl")"
else
	skip "libcurl is named to packagers" "this build is without it"
fi
exit $failed
