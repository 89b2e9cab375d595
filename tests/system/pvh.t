#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The shim's PVH entry, in 32-bit mode with a start_info. QEMU prefers Multiboot where an image has both, so
# a copy without the Multiboot magic is started. QEMU hands over one module by PVH: a bundle (a cpio archive of
# kernel, command line and initrd), or the kernel alone, which comes as far as looking for its root.
. "$(dirname "$0")/lib.sh"
[ -z "$TW_NATIVE" ] || { echo "1..0 # SKIP about the shim's own entry"; exit 0; }

copy=$tw_out/pvh.elf
magic=$(LC_ALL=C grep -obUaP '\x02\xb0\xad\x1b' "$tw_elf" | head -n 1 | cut -d: -f1)
cp "$tw_elf" "$copy" && printf '\0\0\0\0' | dd of="$copy" bs=1 seek="${magic:-0}" conv=notrunc status=none
kernel=$("$tw_root/tests/kernels.sh" cloud) && initrd=$("$tw_root/tests/initramfs.sh") || exit 1
tw_elf=$copy

# The initrd comes first, and so does not begin on a page; the kernel's file is a link.
parts=$tw_out/pvh.parts
rm -rf "$parts"
mkdir -p "$parts"
ln -s "$initrd" "$parts/initrd"
ln -s "$kernel" "$parts/kernel"
echo "console=hvc0 tw.test=hello quiet panic=-1" > "$parts/kernel.cmdline"
(cd "$parts" && printf '%s\n' initrd kernel kernel.cmdline | cpio -o -L -H newc --quiet > ../pvh.bundle)

tw_run pvh-bundle --smp 2 --mem 256M --modules "$tw_out/pvh.bundle" --shim "ledger log=debug"
ok "a bundle: the guest powers off" [ $? = 0 ] || tap_tail
ok "entered by PVH, two modules are found inside" grep -aq 'entered by pvh, 2 modules' "$tw_dir/debugcon"
ok "a healthy kernel log" healthy

tw_run pvh-5G --smp 2 --mem 5G --modules "$kernel" --shim "ledger log=debug" \
	--expect 'Unable to mount root fs'
ok "5G: the kernel runs until it wants its root" [ $? = 0 ] || tap_tail
ok "5G: entered by PVH" grep -aq 'entered by pvh, 1 modules' "$tw_dir/debugcon"
ok "5G: sees Xen PV" said 'Hypervisor detected: Xen PV'
ok "5G: both CPUs are up" said 'smp: Brought up 1 node, 2 CPUs'
done_testing
