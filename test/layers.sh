#!/bin/sh
# Who may include whom, and what the plug-in exports: the layers of the house.
top=${LR_TOP:-.}
cd "$top" || exit 1
# shellcheck source-path=SCRIPTDIR source=tap.sh
. test/tap.sh

# includes FOLDER NAMES: the includes in a folder of any of the headers.
includes() {
	grep -nE "^# *include \"($2)\"" "$1"/*.[ch]
}
headers() {
	for header in "$1"/*.h; do basename "$header" | sed "s|\.|\\\\.|"; done | paste -sd "|"
}

echo 1..13
check "zone/ includes neither validate/ nor module/" \
	"$(includes zone "$(headers validate)|$(headers module)"; includes zone/fetch "$(headers validate)|$(headers module)")"
check "validate/ does not include module/" "$(includes validate "$(headers module)")"
# What is in quotes and none of ours is Unbound's: its folder is on the module's path.
check "only module/unbound.h includes Unbound's headers" \
	"$(grep -nE '^[[:space:]]*#[[:space:]]*include' zone/*.[ch] zone/fetch/*.[ch] validate/*.[ch] module/*.[ch] |
		grep -vE '"('"$(for folder in zone zone/fetch validate module; do headers $folder; done | paste -sd '|')|lr_config\.h"')"' |
		grep -E 'include[[:space:]]*("|<(util|services|sldns|iterator|validator|dynlibmod|daemon|respip|dns64|cachedb|libunbound|config\.h))' |
		grep -v '^module/unbound\.h:')"
check "zone/ has neither network nor cryptography, and knows nothing of zone/fetch/" \
	"$(includes zone "$(headers zone/fetch)"
	   grep -nE '^# *include <(openssl|curl|ares|sys/socket|netinet|poll|netdb)' zone/*.[ch])"
check "each library of zone/fetch/ has its one place" \
	"$(grep -nE '^# *include <(openssl|curl|ares)' zone/fetch/*.[ch] | grep -vE 'zone/fetch/(https_parts\.h|libcurl\.c|tls\.c|tsig\.c|resolve\.c)')"
check "only validate/ seals a zone" "$(includes zone 'seal\.h' | grep -v '^zone/seal\.c'; includes zone/fetch 'seal\.h'; includes module 'seal\.h'
	includes validate 'seal\.h' | grep -v '^validate/validate\.c')"
check "module/ never mixes ldns with Unbound" "$(grep -nE '^# *include <ldns' module/*.[ch] | grep -v '<ldns/sha2\.h>')"
check "below module/ nobody asks the clock, chance or the environment" \
	"$(grep -nE '\b(time|gettimeofday|clock_gettime|rand|random|getrandom|getenv|RAND_bytes) *\(' zone/*.c zone/fetch/*.c validate/*.c |
		grep -v '^validate/localroot-check\.c')"
# stats and control are looked for by a patched Unbound only.
check "the plug-in exports its entry points and nothing else" \
	"$(nm -D --defined-only "${LR_BUILD:-.}/.libs/localroot.so" 2>&1 | awk '{ print $NF }' |
		grep -vxE 'init|deinit|operate|inform_super|clear|get_mem|dynlib_(stats|control|check)')"
check "each field of Unbound's config_file that is read is known to be where it is (module/host_structs.c)" \
	"$(grep -ohE '\bcfg->[a-z0-9_]+|LR_CFG\([^()]*, [a-z0-9_]+\)' module/*.c | sed 's/)$//; s/.*[> ]//' | sort -u |
		while read -r field; do grep -qw "$field" module/host_structs.c || echo "$field"; done)"
# options FILE...: the options that they name.
options() {
	sed 's/\\-/-/g; s/ :/:/' "$@" | grep -oE '\blocalroot(-[a-z]+)*:' | tr -d : | sort -u
}
known=$(grep -oE '^    \{"localroot[a-z-]*"' zone/fetch/option.c | tr -d ' {"' | sort -u)
check "the table of options (zone/fetch/option.c) is what manual, README and patch have" \
	"$(for file in module/unbound-localroot.8 README.md contrib/unbound-localroot*.patch; do
		options "$file" >"${TMPDIR:-/tmp}/options.$$"
		printf '%s\n' "$known" | diff - "${TMPDIR:-/tmp}/options.$$" | sed -n "s#^< #$file lacks #p; s#^> #$file has #p"
		rm -f "${TMPDIR:-/tmp}/options.$$"
	done)"
# Reasons and errors have a word each, and an item in the manual's two sections about them.
words=$(sed -nE 's/^\t *\[LR_[A-Z_]+\] = "([a-z_]+)",$/\1/p' zone/lr_error.c module/reason.c | grep -vx ok | sort)
check "the manual says of each reason and each failure what to do, and of nothing else" \
	"$(awk '/^\.Sh / { in_it = /WHEN IT DOES NOT SERVE|FAILURES OF SOURCES/ } in_it && sub(/^\.It Li /, "")' module/unbound-localroot.8 | tr -d ',' | tr -s ' ' '\n' | sort >"${TMPDIR:-/tmp}/words.$$"
	printf '%s\n' "$words" | diff - "${TMPDIR:-/tmp}/words.$$" | sed -n 's/^< /the manual lacks /p; s/^> /the manual has /p'
	rm -f "${TMPDIR:-/tmp}/words.$$")"
check "each text that test/long/mutants.py replaces stands where it says, once" \
	"$(test/run test/long/mutants.py --texts 2>&1 | sed -n '/^not ok/,$p')"
exit $failed
