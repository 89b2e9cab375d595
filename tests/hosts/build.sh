#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Build the host labs below build/hosts: real hypervisors, to be booted under QEMU's emulation.
#
#   tests/hosts/build.sh kvm      Debian's generic kernel with kvm_amd, and this machine's QEMU
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
	qemu=$(command -v qemu-system-x86_64) || lab_die "QEMU is missing: install qemu-system-x86"
	kernel=$("$lab_root/tests/kernels.sh" generic)
	modules=$("$lab_root/tests/kernels.sh" -m generic)
	mkdir -p "$out"
	lab_fresh "$out/vmlinux" "$kernel" || lab_vmlinux "$kernel" "$out/vmlinux"
	if ! lab_fresh "$out/initramfs" "$lab_here/kvm-init" "$lab_here/build.sh" "$lab_here/lib.sh" "$kernel" "$qemu"; then
		lab_tree "$tree"
		lab_programs "$tree" "$qemu"
		qemu_data "$tree"
		lab_modules "$tree" "$modules" kvm-amd
		install -m 755 "$lab_here/kvm-init" "$tree/init"
		lab_pack "$tree" "$out/initramfs"
		rm -rf "$tree"
	fi
	echo "$out"
}

mkdir -p "$lab_out"
exec 9> "$lab_out/lock"
flock 9
case "${1:-}" in
kvm) build_kvm ;;
*)
	echo "twoway: usage: tests/hosts/build.sh kvm" >&2
	exit 2
	;;
esac
