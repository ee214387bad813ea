# Sourced by tests that are shell scripts: numbers and prints their results as TAP; $failed is their exit code. $scratch is a
# folder for them, gone when they end.
# shellcheck shell=sh disable=SC2034 # failed is for who sources it

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' INT TERM

number=0
failed=0

# equal NAME GOT WANTED
equal() {
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		failed=1
		echo "not ok $number - $1"
		printf 'got:\n%s\nwanted:\n%s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

# check NAME OUTPUT: fine where the output is empty.
check() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		failed=1
		echo "not ok $number - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# skip NAME REASON
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}
