#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Install the Debian packages that building, running and testing need. Quick and silent when all are
# there; else uses sudo when not root, and apt-get update only when something is missing. Works on
# Debian 12 and 13: names that differ between releases are alternatives, A|B, the first that exists.
set -euo pipefail

packages=(
	# building the shim and the tool; static libraries of the decompressors
	gcc make binutils pkg-config\|pkgconf libc6-dev linux-libc-dev libxen-dev
	libjansson-dev libelf-dev zlib1g-dev liblzma-dev liblz4-dev libzstd-dev
	# the manual pages
	mandoc
	# running: virtual machine, and an initramfs for the guest
	qemu-system-x86 busybox-static cpio xz-utils zstd
	# unit tests, fuzzers
	check clang libclang-rt-dev\|libclang-rt-19-dev\|libclang-rt-14-dev
	# system tests: prove, JSON, flock and script, GRUB for Xen and the tool that makes its image
	perl jq util-linux bsdutils grub-xen-bin grub-common
	# nested mode on Bochs, which forgives less than QEMU; the image it boots
	bochs bochsbios vgabios grub-pc-bin xorriso mtools
	# the kernels come as packages that are unpacked, not installed
	dpkg apt ca-certificates
)

# What is installed, asked once: " NAME NAME ... ".
have=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | tr '\n' ' ')"

# The alternatives of $1, one a line.
alternatives() {
	tr '|' '\n' <<< "$1"
}

satisfied() {
	local name
	for name in $(alternatives "$1"); do
		case $have in
		*" $name "*) return 0 ;;
		esac
	done
	return 1
}

# True when apt can install the package. (Not by a pipe into grep -q: with pipefail, apt-cache's
# SIGPIPE would now and then say no.)
available() {
	[[ $(apt-cache policy "$1" 2>/dev/null) == *"Candidate: "[^\(]* ]]
}

choose() {
	local name
	for name in $(alternatives "$1"); do
		if available "$name"; then
			echo "$name"
			return 0
		fi
	done
	echo "twoway: apt has no package $1: add a Debian (12 or newer) main archive to its sources" >&2
	return 1
}

missing=()
for entry in "${packages[@]}"; do
	satisfied "$entry" || missing+=("$entry")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo > /dev/null || {
		echo "twoway: missing packages (${missing[*]}): run as root, or install sudo" >&2
		exit 1
	}
	as_root=(sudo)
fi
"${as_root[@]}" apt-get -qq update
wanted=()
for entry in "${missing[@]}"; do
	wanted+=("$(choose "$entry")")
done
echo "installing ${wanted[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
	-o Dpkg::Use-Pty=0 install "${wanted[@]}" > /dev/null
