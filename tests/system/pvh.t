#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The shim's PVH entry, in 32-bit mode with a start_info. QEMU prefers Multiboot where an image has both, so
# a copy without the Multiboot magic is started. QEMU hands over one module by PVH: the kernel, without
# initrd or command line. It therefore comes as far as looking for its root file system.
. "$(dirname "$0")/lib.sh"
[ -z "$TW_NATIVE" ] || { echo "1..0 # SKIP about the shim's own entry"; exit 0; }

copy=$tw_out/pvh.elf
magic=$(LC_ALL=C grep -obUaP '\x02\xb0\xad\x1b' "$tw_elf" | head -n 1 | cut -d: -f1)
cp "$tw_elf" "$copy" && printf '\0\0\0\0' | dd of="$copy" bs=1 seek="${magic:-0}" conv=notrunc status=none
kernel=$("$tw_root/tests/kernels.sh" cloud) || exit 1
tw_elf=$copy

for memory in 256M 5G; do
	tw_run "pvh-$memory" --smp 2 --mem "$memory" --modules "$kernel" --shim "ledger log=debug" \
		--expect 'Unable to mount root fs'
	ok "$memory: the kernel runs until it wants its root" [ $? = 0 ] || tap_tail
	ok "$memory: entered by PVH" grep -aq 'entered by pvh, 1 modules' "$tw_dir/debugcon"
	ok "$memory: sees Xen PV" said 'Hypervisor detected: Xen PV'
	ok "$memory: both CPUs are up" said 'smp: Brought up 1 node, 2 CPUs'
done
done_testing
