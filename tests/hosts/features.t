#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Each feature of a hypervisor taken away alone: the guest still boots, the ledger names what served instead,
# and nothing uses what is not there. One boot of the lab for all, since only the inner machine differs.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/cases.sh"

# Hyper-V's interface complete, as the tool shows it; without NAME and what QEMU does not offer without it.
hyperv_cpu() {
	local words word out="" all gone=" $* "
	all=$("$twoway" run --dry-run --host kvm-hyperv-lab --initrd "$lab_guest" "$("$tw_root/tests/kernels.sh" cloud)" |
		sed -n 's/.* -cpu \([^ ]*\) .*/\1/p')
	IFS=, read -r -a words <<< "$all"
	for word in "${words[@]}"; do
		case "$gone" in
		*" $word "*) ;;
		*) out=$out,$word ;;
		esac
	done
	echo "${out#,}"
}

cases_begin
kvm_without="kvmclock kvmclock-stable-bit kvm-steal-time kvm-pv-eoi kvm-pv-ipi kvm-pv-unhalt kvm-pv-tlb-flush
	kvm-pv-sched-yield x2apic tsc-deadline"
for feature in $kvm_without; do
	cases_add "kvm-$feature" --host kvm-lab --smp 2 --cpu "host,-$feature" --append "tw.test=hello quiet" || exit 1
done
cases_add kvm-hint --host kvm-lab --smp 2 --cpu host,kvm-hint-dedicated=on --append "tw.test=hello quiet" || exit 1
cases_add kvm-steal --host kvm-lab --smp 2 --append "tw.test=steal quiet" || exit 1
hyperv_without() {
	cases_add "$1" --host kvm-hyperv-lab --smp 2 --cpu "$(hyperv_cpu "$@")" --append "tw.test=hello quiet" || exit 1
}
for feature in hv-relaxed hv-vapic hv-crash hv-reset hv-runtime hv-frequencies hv-tlbflush hv-ipi hv-stimer-direct; do
	hyperv_without "$feature"
done
hyperv_without hv-stimer hv-stimer-direct
hyperv_without hv-synic hv-stimer hv-stimer-direct
hyperv_without hv-time hv-stimer hv-stimer-direct
hyperv_without hv-vpindex hv-synic hv-stimer hv-stimer-direct hv-ipi hv-tlbflush

# More virtual CPUs than real ones, and they wait for each other: what a spinning CPU tells, where no call flushes for it.
cases_add crowd-kvm --host kvm-lab --smp 3 --append "tw.test=stress tw.args=tlb,forks quiet" || exit 1
cases_add crowd-kvm-yield --host kvm-lab --smp 3 --cpu host,-kvm-pv-tlb-flush --append "tw.test=stress tw.args=tlb quiet" || exit 1
cases_add crowd-hv-spin --host kvm-hyperv-lab --smp 3 --cpu "$(hyperv_cpu hv-tlbflush),hv-spinlocks=0xfff" \
	--append "tw.test=stress tw.args=tlb quiet" || exit 1

ok "the lab runs all guests" cases_run features || tap_tail

# made CALL: the ledger counts that native call; names are compared with spaces for underscores, as the words below.
made() {
	jq -e --arg call "$1" 'any(.native[]; (.call | gsub("_"; " ")) == $call)' "$tw_dir/ledger.json" > /dev/null
}

# feature NAME WORDS...: that case was healthy; each word is a claim about its ledger: +CALL a native call that was
# made, -CALL one that was not, OP=HOST who served an operation ("_" for a space).
feature() {
	local name=$1 all=$tw_dir word
	shift
	cases_has "$name" || return 0
	case_pick "$name"
	ok "$name: boots, powers off, is healthy" eval 'healthy && [ "$(ending)" = poweroff ]' || tap_tail
	for word; do
		word=${word//_/ }
		case "$word" in
		+*) ok "$name: ${word#+} is used" made "${word#+}" ;;
		-*) ok "$name: ${word#-} is not used" eval '[ -s "$tw_dir/ledger.json" ] && ! made "${word#-}"' ;;
		*=*) ok "$name: $word" ledger "any(.calls[]; .op == \"${word%%=*}\" and .host == \"${word#*=}\")" ;;
		esac
	done
	tw_dir=$all
}

feature kvm-kvmclock time=tsc -kvmclock_page -kvm_wall_clock +kvm_steal_time +kvm_eoi_saved
# The clock is KVM's, but the guest is told not to believe it without a call: it asks for no page for user space then.
feature kvm-kvmclock-stable-bit +kvmclock_page
! cases_has kvm-kvmclock-stable-bit || ok "kvm-kvmclock-stable-bit: user space has no clock page" \
	eval "(tw_dir=$tw_dir/kvm-kvmclock-stable-bit; ! ledger 'any(.calls[]; .guest == \"vcpu_op/register_time_area\")')"
feature kvm-kvm-steal-time -kvm_steal_time -kvm_flush_hint -kvm_sched_yield time=kvmclock
feature kvm-kvm-pv-eoi -kvm_eoi_saved +kvm_steal_time
feature kvm-kvm-pv-ipi -kvm_send_ipi +kvm_eoi_saved
feature kvm-kvm-pv-unhalt -kvm_kick_cpu +kvm_eoi_saved
feature kvm-kvm-pv-tlb-flush -kvm_flush_hint +kvm_eoi_saved
feature kvm-kvm-pv-sched-yield -kvm_sched_yield +kvm_eoi_saved
feature kvm-x2apic ipi=xapic_icr +kvm_eoi_saved
feature kvm-tsc-deadline timer=lapic_one-shot +kvm_eoi_saved
feature kvm-hint -kvm_flush_hint -kvm_sched_yield +kvm_eoi_saved

# Two busy CPUs on one: half of their time is gone, and the guest is told.
feature kvm-steal +kvm_steal_time
! cases_has kvm-steal || ok "kvm-steal: it grows under load" eval "(tw_dir=$tw_dir/kvm-steal; stolen)"

feature crowd-kvm +kvm_flush_hint +kvm_kick_cpu +kvm_steal_time
feature crowd-kvm-yield -kvm_flush_hint +kvm_send_ipi +kvm_sched_yield
feature crowd-hv-spin +hyperv_send_ipi +hyperv_spin_wait

feature hv-relaxed +hyperv_stimer
feature hv-vapic +hyperv_stimer -hyperv_eoi_saved
feature hv-crash +hyperv_stimer
feature hv-reset +hyperv_stimer
feature hv-runtime +hyperv_stimer
feature hv-frequencies +hyperv_stimer -hyperv_frequency
feature hv-tlbflush +hyperv_stimer -hyperv_flush
feature hv-ipi +hyperv_stimer -hyperv_send_ipi
feature hv-stimer-direct "timer=hyperv_stimer_message" +hyperv_stimer
feature hv-stimer -hyperv_stimer timer=tsc_deadline
feature hv-synic -hyperv_stimer timer=tsc_deadline
feature hv-time -hyperv_stimer time=tsc
feature hv-vpindex -hyperv_send_ipi -hyperv_flush +hyperv_frequency
done_testing
