#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Build the host labs below build/hosts: real hypervisors, to be booted under QEMU's emulation.
#
#   tests/hosts/build.sh kvm      Debian's generic kernel with kvm_amd, and this machine's QEMU
#   tests/hosts/build.sh xen      Debian's Xen and its toolstack, the same kernel as dom0
#   tests/hosts/build.sh xen-hvm  what the Xen lab needs beside for HVM domains
#
# Quick when all is fresh. Prints the lab's folder.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The firmware and boot ROMs that QEMU opens for the machines that we start.
qemu_data() {
	local tree=$1 file
	mkdir -p "$tree/usr/share/qemu" "$tree/usr/share/seabios"
	for file in bios-256k.bin bios-microvm.bin vgabios-stdvga.bin; do
		cp -L "/usr/share/seabios/$file" "$tree/usr/share/seabios/"
	done
	for file in linuxboot_dma.bin linuxboot.bin multiboot_dma.bin multiboot.bin pvh.bin kvmvapic.bin qboot.rom; do
		[ ! -e "/usr/share/qemu/$file" ] || cp -L "/usr/share/qemu/$file" "$tree/usr/share/qemu/"
	done
}

build_kvm() {
	local out=$lab_out/kvm qemu kernel modules tree=$lab_out/kvm/tree
	qemu=$(command -v qemu-system-x86_64) || archive_die "QEMU is missing: install qemu-system-x86"
	kernel=$("$lab_root/tests/kernels.sh" generic)
	modules=$("$lab_root/tests/kernels.sh" -m generic)
	mkdir -p "$out"
	archive_fresh "$out/vmlinux" "$kernel" || lab_vmlinux "$kernel" "$out/vmlinux"
	if ! archive_fresh "$out/initramfs" "$lab_here/kvm-init" "$lab_here"/{build,lib}.sh "$lab_root/tests/archive.sh" "$kernel" "$qemu"; then
		lab_tree "$tree"
		lab_programs "$tree" "$qemu"
		qemu_data "$tree"
		lab_modules "$tree" "$modules" kvm-amd
		install -m 755 "$lab_here/kvm-init" "$tree/init"
		archive_pack "$tree" "$out/initramfs"
		rm -rf "$tree"
	fi
	echo "$out"
}


# Xen's packages are unpacked, not installed: the hypervisor would become this machine's boot default. Its
# libraries are there already, since libxen-dev needs them, and their version is the one that fits.
xen_version() {
	local file
	file=$(find /usr/lib -name 'libxenctrl.so.*' 2> /dev/null | grep -oE 'so\.[0-9]+\.[0-9]+' | sort -V | tail -n 1)
	[ -n "$file" ] || archive_die "libxenctrl is missing: install libxen-dev"
	echo "${file#so.}"
}

xen_packages() {
	local version=$1 work=$2 package
	[ ! -e "$work/complete" ] || [ ! -e "$work/usr/libexec/xen-qemu-system-i386" ] || return 0
	rm -rf "$work"
	mkdir -p "$work/deb"
	(cd "$work/deb" && apt-get -qq -o APT::Sandbox::User=root download \
		"xen-hypervisor-$version-amd64" "xen-utils-$version" qemu-system-xen >&2) ||
		archive_die "cannot download Xen $version's packages: is the Debian mirror reachable?"
	for package in "$work"/deb/*.deb; do
		dpkg-deb --fsys-tarfile "$package" |
			tar -x -C "$work" --wildcards --no-anchored "boot/xen-*" "usr/lib/xen-$version/bin/*" \
				"usr/lib/xen-$version/boot/hvmloader" "usr/libexec/xen-qemu-*" 2> /dev/null || true
	done
	rm -rf "$work/deb"
	touch "$work/complete"
}

build_xen() {
	local out=$lab_out/xen tree=$lab_out/xen/tree version packages kernel modules bin
	version=$(xen_version)
	packages=$lab_out/xen-packages-$version
	kernel=$("$lab_root/tests/kernels.sh" generic)
	modules=$("$lab_root/tests/kernels.sh" -m generic)
	mkdir -p "$out"
	xen_packages "$version" "$packages"
	archive_fresh "$out/vmlinux" "$kernel" || lab_vmlinux "$kernel" "$out/vmlinux"
	if ! archive_fresh "$out/xen" "$packages/complete"; then
		gzip -dc "$packages"/boot/xen-"$version"*.gz > "$out/xen.new"
		mv "$out/xen.new" "$out/xen"
	fi
	if ! archive_fresh "$out/initramfs" "$lab_here"/xen-init "$lab_here"/{build,lib}.sh "$lab_here/setviridian.c" "$lab_root/tests/archive.sh" \
		"$kernel" "$packages/complete"; then
		lab_tree "$tree"
		bin=/usr/lib/xen-$version/bin
		lab_programs -r "$packages" "$tree" "$bin"/{xl,xenstored,xenconsoled,xenconsole,xen-init-dom0,xentrace}
		gcc -Wall -Wextra -O2 -o "$out/setviridian" "$lab_here/setviridian.c" -lxenctrl ||
			archive_die "setviridian cannot be compiled: install gcc and libxen-dev"
		install -m 755 "$out/setviridian" "$tree/usr/sbin/" # its libraries are those of xl
		lab_modules "$tree" "$modules" xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xenfs
		mkdir -p "$tree/etc/xen"
		# What pthread_cancel() opens by itself.
		lab_programs "$tree" "$(gcc -print-file-name=libgcc_s.so.1)"
		echo 'autoballoon="off"' > "$tree/etc/xen/xl.conf"
		echo 'root:x:0:0:root:/root:/bin/sh' > "$tree/etc/passwd"
		install -m 755 "$lab_here/xen-init" "$tree/init"
		archive_pack "$tree" "$out/initramfs"
		rm -rf "$tree"
	fi
	echo "$out"
}

# What dom0 needs for HVM domains beside the Xen lab: hvmloader and a device model with its firmware. An archive to put
# behind the lab's.
build_xen_hvm() {
	local out=$lab_out/xen-hvm tree=$lab_out/xen-hvm/tree version packages loader keymap
	version=$(xen_version)
	packages=$lab_out/xen-packages-$version
	loader=/usr/lib/xen-$version/boot/hvmloader
	mkdir -p "$out"
	xen_packages "$version" "$packages"
	if ! archive_fresh "$out/archive" "$lab_here"/{build,lib}.sh "$packages/complete"; then
		rm -rf "$tree"
		lab_links "$tree"
		lab_programs -r "$packages" "$tree" /usr/libexec/xen-qemu-system-i386
		install -D "$packages$loader" "$tree$loader"
		qemu_data "$tree"
		keymap=/usr/share/qemu/keymaps/en-us # read even without any display
		install -D "$keymap" "$tree$keymap"
		archive_pack "$tree" "$out/archive"
		rm -rf "$tree"
	fi
	echo "$out"
}

mkdir -p "$lab_out"
exec 9> "$lab_out/lock"
flock 9
case "${1:-}" in
kvm) build_kvm ;;
xen) build_xen ;;
xen-hvm) build_xen_hvm ;;
*)
	echo "twoway: usage: tests/hosts/build.sh kvm|xen|xen-hvm" >&2
	exit 2
	;;
esac
