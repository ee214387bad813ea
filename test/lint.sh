#!/bin/sh
# What machines can say of the sources: layout, clang-tidy's findings (.clang-tidy), shell, Python and manuals. `make lint` runs it
# alone, with LR_LONG set: then clang's analyzer has its say as well, which takes minutes. Prints TAP. LR_CPPFLAGS are what the
# module is compiled with.
set -u
cd "${LR_TOP:-.}" || exit 99
number=0
failed=0
jobs=$(nproc)
[ -n "${LR_LONG:-}" ] && unchecked= || unchecked='-clang-analyzer-*'
export unchecked

# tool NAME: whether it is there; if not, what it would have looked at is skipped.
tool() {
	command -v "$1" >/dev/null && return
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $1 is not installed"
	return 1
}

# verdict STATUS NAME: fine where the command ended with 0; what it printed stands in $output.
verdict() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		failed=1
		echo "not ok $number - $2"
		sed 's/^/# /' "$output"
	fi
}

output=$(mktemp) || exit 99
trap 'rm -f "$output"' EXIT
c_files=$(find zone validate module test -name '*.[ch]')
scripts=$(find contrib test .ci -type f ! -name '*.[ch]' -exec awk 'FNR == 1 && /^#!\/bin\/(ba)?sh/ { print FILENAME }' {} +)
python=$(find test contrib -type f ! -name '*.[ch]' -exec awk 'FNR == 1 && /^#!.*python3/ { print FILENAME }' {} +
	find test -name '*.py')

# shellcheck disable=SC2086 # lists of files
{
	if tool clang-format; then
		clang-format --dry-run -Werror $c_files >"$output" 2>&1
		verdict $? "every C file has the layout of .clang-format"
	fi
	if tool clang-tidy; then
		# shellcheck disable=SC2016 # expanded by the inner shell
		find zone validate module -name '*.c' -print0 |
			xargs -0 -n 1 -P "$jobs" sh -c 'clang-tidy --quiet --checks="$unchecked" "$0" -- -std=gnu11 $LR_CPPFLAGS 2>/dev/null' >"$output"
		verdict $? "clang-tidy finds nothing in zone/, validate/ and module/"
	fi
	if tool shellcheck; then
		shellcheck -x $scripts contrib/setup.sh >"$output"
		verdict $? "shellcheck finds nothing in the scripts"
	fi
	if tool pyflakes3; then
		echo "$python" | sort -u | xargs pyflakes3 >"$output"
		verdict $? "pyflakes finds nothing in the tests"
	fi
	if tool mandoc; then
		# Other manuals are not everywhere where this runs.
		mandoc -T lint module/unbound-localroot.8 validate/localroot-check.1 2>/dev/null | grep -v 'referenced manual not found' >"$output"
		[ ! -s "$output" ]
		verdict $? "mandoc finds nothing in the manuals"
	fi
}
echo "1..$number"
exit $failed
