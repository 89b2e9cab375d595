#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# As on a machine of one's own: firmware, GRUB 2 from a disc, its multiboot and module commands, the
# memory map that GRUB passes on, and modules where GRUB puts them. Resident and nested mode.
. "$(dirname "$0")/lib.sh"
[ -z "$TW_NATIVE" ] || skip_all "about the shim's own start"
grub=/usr/lib/grub/i386-pc
for program in grub-mkrescue xorriso mformat; do
	command -v "$program" > /dev/null || skip_all "$program is missing: install grub-common xorriso mtools"
done
[ -e "$grub/multiboot.mod" ] || skip_all "$grub is missing: install grub-pc-bin"
kernel=$("$tw_root/tests/kernels.sh" cloud) || exit 1
guest=$("$tw_root/tests/initramfs.sh") || exit 1

# make_disc FILE ABI CONSOLE
make_disc() {
	local tree=$1.tree
	rm -rf "$tree"
	mkdir -p "$tree/boot/grub"
	cp "$tw_elf" "$kernel" "$tree/boot/"
	cp "$guest" "$tree/boot/initrd.cpio"
	cat > "$tree/boot/grub/grub.cfg" <<CFG
multiboot /boot/${tw_elf##*/} ledger abi=$2
module /boot/${kernel##*/} console=$3 panic=-1 tw.test=hello "tw.quoted=one two"
module /boot/initrd.cpio
boot
CFG
	grub-mkrescue -d "$grub" -o "$1" "$tree" --install-modules="biosdisk iso9660 multiboot normal" > "$1.log" 2>&1
	local status=$?
	rm -rf "$tree"
	return $status
}

for case in "xen-pv hvc0 2 512M" "hyperv@1:fast ttyS0 2 512M" "xen-pv hvc0 1 6G"; do
	read -r abi console cpus memory <<< "$case"
	name=grub-disc-${abi%@*}-$memory
	disc=$tw_out/$name.iso
	ok "$name: grub-mkrescue makes a disc" make_disc "$disc" "$abi" "$console" || continue
	tw_run "$name" --abi "$abi" --smp "$cpus" --mem "$memory" --disc "$disc" --timeout 120
	ok "$name: powers off" [ $? = 0 ] || tap_tail
	ok "$name: a healthy kernel log" healthy
	ok "$name: a valid ledger" ledger_valid "$cpus"
	ok "$name: the guest has its own command line" said "Command line: console=$console .*tw.quoted=one two"
	rm -f "$disc"
done
done_testing
