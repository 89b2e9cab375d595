#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMI ROM on a real Xen, in a lab: PVH domains, to which the shim brings the ROM, with Xen's host side seen in use. Then what a
# timer costs there in exits, against a Debian kernel that runs natively with all that Xen offers, by Xen's own trace. Not
# PAE: QEMU 7.2 sets a bit in the PAE pointers that is reserved there, and Xen, when it emulates an instruction, refuses it.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/xen-command.sh"
. "$(dirname "$0")/vmi.sh"

if [ "${TW_CASES:-}" != ticks ]; then
	vmi_lab xen-shim xen-lab vmi:shim 1 "bzimage loaded on-xen no-pc"
	vmi_lab xen-shim-smp xen-lab vmi:shim 2 "smp bzimage loaded on-xen no-pc"
fi

# domain NAME CPUS MB KERNEL RAMDISK COMMAND-LINE
domain() {
	printf '%s\n' "name=\"$1\"" 'type="pvh"' "vcpus=$2" "memory=$3" 'tsc_mode="native"' 'on_poweroff="preserve"' \
		"kernel=\"/tw/$4\"" "ramdisk=\"/tw/$5\"" "cmdline=\"$6\"" > "$tree/tw/$1.cfg"
}

rounds=50 # natively; the VMI guest does 200
xen_command_begin vmi-xen-exits
install -m 755 "$tw_root/tests/hosts/xen-ticks-init" "$tree/tw/command"
cp "$("$tw_root/tests/kernels.sh" cloud)" "$tree/tw/linux"
cp "$lab_guest" "$tree/tw/initramfs"
cp "$tw_elf" "$tree/tw/shim"
mkdir "$tw_dir/bundle"
cp "$vmi_bzimage" "$tw_dir/bundle/kernel"
printf 'loaded on-xen no-pc ticks' > "$tw_dir/bundle/kernel.cmdline"
(cd "$tw_dir/bundle" && printf '%s\n' kernel kernel.cmdline | cpio -o -H newc --quiet) > "$tree/tw/bundle"
domain native 2 256 linux initramfs "console=hvc0 panic=-1 quiet tw.test=marked tw.args=$rounds,none,timer,busy"
domain vmi 1 128 shim bundle "abi=vmi"
ok "the lab runs all guests" xen_command_run 640 300 || tap_tail
ok "vmi: the work is done" eval "case_text vmi console | grep -q '^GUEST-DONE good'"
ok "native: the work is done" eval "case_text native console | grep -q ^MARKED-DONE"
for case in vmi native; do
	ok "$case: no event was lost" eval "case_text $case console | grep -qx 'EXITS-LOST 0'"
done
native=$(exits native timer)
native=$((native * 200 / rounds))
vmi=$(exits vmi timer)
ok "200 timers with a halt: $vmi exits under VMI, $native natively" eval "[ $vmi -ge 200 ] && [ $vmi -le $((native * 11 / 10)) ]"
echo "# native $(reasons native timer)"
echo "# native, $((rounds / 10)) s of work: $(reasons native busy)"
rounds=200
echo "# vmi $(reasons vmi timer)"
# The timer and the end of the interrupt.
ticks=$(exits vmi busy)
ok "200 ticks of a busy processor: $ticks exits under VMI" eval "[ $ticks -ge 200 ] && [ $ticks -le 420 ]"
echo "# vmi, periodic and busy: $(reasons vmi busy)"
done_testing
