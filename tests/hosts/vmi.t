#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMI ROM on real hypervisors, in a lab: by both deliveries, with each host side seen in use. Then what a timer tick
# costs there in exits, against a Debian kernel that runs natively with all that the hypervisor offers. Part of the latter
# alone, without booting labs for the former: TW_CASES=ticks.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/vmi.sh"

# Not PAE with two processors: QEMU 7.2 sets the accessed bit in the four PAE pointers, which are reserved there, and KVM then refuses
# them when the second processor turns its paging on (docs/vmi.md).
if [ "${TW_CASES:-}" != ticks ]; then
	vmi_lab kvm kvm-lab vmi 1 "on-kvm"
	vmi_lab kvm-shim-smp kvm-lab vmi:shim 2 "smp bzimage loaded on-kvm"
	vmi_lab hyperv kvm-hyperv-lab vmi 1 "pae on-hyperv"
	vmi_lab hyperv-shim-smp kvm-hyperv-lab vmi:shim 2 "smp bzimage loaded on-hyperv"
	vmi_lab vmware vmware-like vmi 1 "on-vmware"
fi
unset TW_CASES

# Exits, by KVM's trace.
rounds=200
cases_begin
cp "$vmi_bzimage" "$cases_tree/tw/guest"
for host in kvm kvm-hyperv; do
	cases_add "$host-native" --host "$host-lab" --abi native --smp 2 --append "tw.test=marked tw.args=$rounds,none,timer quiet" || exit 1
	command=$("$twoway" run --dry-run --host "$host-lab" --abi vmi:shim --mem 128M --append "serial loaded ticks" "$vmi_bzimage") || exit 1
	command=${command//"$vmi_bzimage"//tw/guest}
	command=${command//"$tw_elf"//tw/shim}
	eval "words=($command)"
	words[0]=qemu-system-x86_64
	printf '%s\n' "${words[@]}" > "$cases_tree/tw/case.$host-vmi"
done
ok "the lab runs all guests" cases_run vmi-exits --trace || tap_tail

for host in kvm kvm-hyperv; do
	most=11 # tenths: the timer, and on Hyper-V the end of the interrupt
	[ "$host" = kvm ] || most=21
	ok "$host, vmi: the work is done" eval "case_text $host-vmi console | grep -q '^GUEST-DONE good'"
	ok "$host, native: the work is done" eval "case_text $host-native console | grep -q ^MARKED-DONE"
	for case in "$host-vmi" "$host-native"; do
		ok "$case: no event was lost" eval "case_text $case console | grep -qx 'EXITS-LOST 0'"
	done
	native=$(exits "$host-native" timer)
	vmi=$(exits "$host-vmi" timer)
	ok "$host: $rounds timers with a halt: $vmi exits under VMI, $native natively" eval "[ $vmi -ge $rounds ] && [ $vmi -le $((native * 11 / 10)) ]"
	echo "# native $(reasons "$host-native" timer)"
	echo "# vmi $(reasons "$host-vmi" timer)"
	ticks=$(exits "$host-vmi" busy)
	ok "$host: $rounds ticks of a busy processor: $ticks exits under VMI" eval "[ $ticks -ge $rounds ] && [ $ticks -le $((rounds * most / 10)) ]"
	echo "# vmi, periodic and busy: $(reasons "$host-vmi" busy)"
done
done_testing
