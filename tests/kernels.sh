#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Fetch the unmodified Debian kernels that the system tests boot.
#
#   tests/kernels.sh cloud|generic [VERSION]    print the path of vmlinuz
#   tests/kernels.sh -m cloud|generic [VERSION] print the modules directory of that kernel
#
# The kernel is the one that this Debian release's metapackage names (6.1 on Debian 12, 6.12 on
# Debian 13), so that the tests follow what users have. VERSION (such as 6.1) demands a version: the
# exit status is 4 when the release has another one. The package is unpacked, not installed, below
# build/kernels, and moved there when complete: an interrupted run leaves nothing that looks done.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
store=$root/build/kernels

die() {
	echo "twoway: $1" >&2
	exit "${2:-1}"
}

usage() {
	die "usage: tests/kernels.sh [-m] cloud|generic [VERSION]" 2
}

# apt-get quietly; as root apt would warn that its sandbox user cannot write to our directory.
apt() {
	apt-get -qq -o APT::Sandbox::User=root "$@"
}

# The kernel package that the release's metapackage depends on, e.g. linux-image-6.1.0-56-amd64.
depends() {
	apt-cache depends "$1" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' |
		head -n 1
}

package() {
	local name
	name=$(depends "$1")
	if [ -z "$name" ]; then
		if [ "$(id -u)" = 0 ]; then
			apt update >&2 || true
		else
			sudo -n apt-get -qq update >&2 || true
		fi
		name=$(depends "$1")
	fi
	[ -n "$name" ] || die "apt does not know $1: run apt-get update with a Debian main archive enabled"
	echo "$name"
}

# Download and unpack the kernel of one metapackage into $store/$2.
fetch() {
	local meta=$1 target=$2 name work
	name=$(package "$meta")
	work=$(mktemp -d "$store/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	echo "fetching $name" >&2
	(cd "$work" && apt download "$name" >&2) || die "cannot download $name: is the Debian mirror reachable?"
	dpkg-deb -x "$work"/linux-image-*.deb "$work/tree"
	rm -f "$work"/linux-image-*.deb
	mv -T "$work/tree" "$target"
	rm -rf "$work"
	trap - EXIT
}

want=vmlinuz
if [ "${1:-}" = -m ]; then
	want=modules
	shift
fi
case "${1:-}" in
cloud) meta=linux-image-cloud-amd64 ;;
generic) meta=linux-image-amd64 ;;
*) usage ;;
esac
[ $# -le 2 ] || usage

tree=$store/$1
mkdir -p "$store"
exec 9> "$store/lock"
flock 9
[ -d "$tree" ] || fetch "$meta" "$tree"
exec 9>&-

kernel=$(echo "$tree"/boot/vmlinuz-*)
[ -f "$kernel" ] || die "$tree has no boot/vmlinuz: remove it and try again"
version=${kernel##*/vmlinuz-}
case "$version" in
"${2:-}"*) ;;
*) die "this Debian release has kernel $version, not $2" 4 ;;
esac
if [ "$want" = vmlinuz ]; then
	echo "$kernel"
	exit 0
fi
for modules in "$tree/lib/modules/$version" "$tree/usr/lib/modules/$version"; do
	[ ! -d "$modules" ] || { echo "$modules"; exit 0; }
done
die "$tree has no modules of $version: remove it and try again"
