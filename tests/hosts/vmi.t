#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMI ROM on real hypervisors, in a lab: by both deliveries, with each host side seen in use. Then what a timer tick
# costs there in exits, against a Debian kernel that runs natively with all that the hypervisor offers. Part of the latter
# alone, without booting labs for the former: TW_CASES=ticks.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/../system/vmi.sh"

# vmi_lab NAME HOST ABI CPUS WORDS
vmi_lab() {
	local status
	tw_dir=$tw_out/vmi-$1
	exec 6> "$tw_out/lock.vmi-$1"
	flock 6
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	: > "$tw_dir/debugcon"
	take_slot
	timeout -k 5 $((320 * TW_SLOW)) "$twoway" run --host "$2" --abi "$3" --smp "$4" --mem 128M --timeout $((300 * TW_SLOW)) \
		--append "$5 serial" "$vmi_bzimage" > "$tw_dir/console" 2> "$tw_dir/qemu.err" < /dev/null 8>&-
	status=$?
	exec 8>&-
	if [ "$status" = 4 ]; then
		[ "$tap_count" -gt 0 ] || skip_all "$(tail -n 1 "$tw_dir/qemu.err")"
		skip "$1" "$(tail -n 1 "$tw_dir/qemu.err")"
		return
	fi
	vmi_lines "$1" "$tw_dir/console"
	ok "$1: powers off" [ "$status" = 0 ] || tap_tail
	ok "$1: and found nothing wrong" said '^GUEST-DONE good'
}

# Not PAE with two processors: QEMU 7.2 sets the accessed bit in the four PAE pointers, which are reserved there, and KVM then refuses
# them when the second processor turns its paging on (docs/vmi.md).
if [ "${TW_CASES:-}" != ticks ]; then
	vmi_lab kvm kvm-lab vmi 1 "on-kvm"
	vmi_lab kvm-shim-smp kvm-lab vmi:shim 2 "smp bzimage loaded on-kvm"
	vmi_lab hyperv kvm-hyperv-lab vmi 1 "pae on-hyperv"
	vmi_lab hyperv-shim-smp kvm-hyperv-lab vmi:shim 2 "smp bzimage loaded on-hyperv"
	vmi_lab vmware vmware-like vmi 1 "on-vmware"
	# A PVH domain has nothing of a PC but its processors. Not PAE: there Xen refuses the same bit, even with one.
	vmi_lab xen-shim xen-lab vmi:shim 1 "bzimage loaded on-xen no-pc"
	vmi_lab xen-shim-smp xen-lab vmi:shim 2 "smp bzimage loaded on-xen no-pc"
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

# exits CASE THING: all but what is not the guest's doing (exits.t).
exits() {
	case_text "$1" console | awk -v thing="$2" '
		$1 == "EXITS" && $2 == thing && $3 !~ /^(interrupt|vintr)$/ { n += $4 } END { print n + 0 }'
}

reasons() {
	case_text "$1" console | awk -v thing="$2" -v rounds="$rounds" '
		$1 == "EXITS" && $2 == thing { printf "%.2f %s\n", $4 / rounds, $3 }' | sort -rn | head -n 6 |
		awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $2, $1 }'
}

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
