#!/bin/sh
# Puts a clamd for the tests into the folder $1 where the machine has none: Debian's or Ubuntu's packages are
# unpacked there, with the libraries that the machine lacks. Needs no root and installs nothing. Never fails:
# without a clamd its tests are skipped, and say what to install.
set -u

{ command -v clamd || [ -x /usr/sbin/clamd ] || [ -x "$1/clamd" ]; } >/dev/null && exit 0
for needed in apt-get apt-cache dpkg-query dpkg; do command -v $needed >/dev/null || exit 0; done
echo 'Fetching clamd for the tests (once) …' >&2
rm -rf "$1"
mkdir -p "$1/debs" "$1/lists/partial" "$1/cache/archives/partial" && folder=$(cd "$1" && pwd) || exit 0
own= # options that keep apt's lists in the folder

apt() { # apt- with its name: root would fetch as the user _apt, who may not write here
	name=$1
	shift
	# shellcheck disable=SC2086 # several words
	"apt-$name" -qq -o APT::Sandbox::User=root -o Acquire::Retries=0 $own "$@" 2>/dev/null
}

libraries() { # that clamd depends on and the machine lacks
	# shellcheck disable=SC2046 # several words
	apt cache depends --recurse --no-pre-depends --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances $(apt cache depends clamav-daemon | sed -n 's/^[ |]*Depends: \(lib.*\)/\1/p') |
		grep '^lib' | sort -u | while read -r library; do
		dpkg-query -W -f '${Status}' "$library" 2>/dev/null | grep -q '^install ok installed' || echo "$library"
	done
}

fetch() {
	(cd "$folder/debs" && apt get download "$1")
}

unpack() { # whether clamd starts with what was fetched and unpacked
	fetch clamav-daemon || return 1
	for library in $(libraries); do
		fetch "$library" # not all: some names are virtual
	done
	for package in "$folder"/debs/*.deb; do
		dpkg -x "$package" "$folder" 2>/dev/null
	done
	{
		echo '#!/bin/sh'
		echo 'here=$(cd "$(dirname "$0")" && pwd)' # a checkout may be moved
		(cd "$folder" && find . -name '*.so.*' -exec dirname {} \; | sort -u | cut -c 2-) |
			sed 's|.*|LD_LIBRARY_PATH=$here&${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}|'
		echo 'export LD_LIBRARY_PATH'
		echo 'exec "$here/usr/sbin/clamd" "$@"'
	} >"$folder/clamd"
	chmod +x "$folder/clamd"
	"$folder/clamd" --help >/dev/null 2>&1
}

unpack || {
	# The machine's lists may be missing, or older than the packages that the mirror still has.
	own="-o Dir::State::lists=$folder/lists -o Dir::Cache=$folder/cache"
	apt get update && unpack
} || rm -f "$folder/clamd"
rm -rf "$folder/debs" "$folder/lists" "$folder/cache"
exit 0
