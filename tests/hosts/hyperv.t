#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# An unmodified Debian kernel as a Xen PV guest on Hyper-V's interface, as KVM offers it (in a lab): the
# ledger shows that it served; without direct timers messages do, without the TSC page bare does.
. "$(dirname "$0")/lab.sh"
most=host,kvm=off,hv-relaxed,hv-vapic,hv-vpindex,hv-runtime,hv-frequencies

lab hyperv "2 CPUs" kvm-hyperv-lab --smp 2 --append "tw.test=stress tw.args=tlb"
ok "all TLB tests pass" said '^STRESS-DONE pass [1-9][0-9]* fail 0'
ok "Hyper-V's interface is the host side" ledger '.host == "hyperv"'
ok "the TSC's frequency is told" native "hyperv frequency"
ok "the clock is the TSC page" ledger 'any(.calls[]; .op == "time" and .host == "hyperv tsc page")'
ok "timers are synthetic" native "hyperv stimer" 100
ok "TLBs are flushed by hypercall" native "hyperv flush"
ok "ends of interrupts are saved" native "hyperv eoi saved" 100

lab hyperv-message "no direct timers" kvm-hyperv-lab --smp 2 --cpu "$most,hv-time,hv-synic,hv-stimer"
ok "timers send messages" ledger 'any(.calls[]; .op == "timer" and .host == "hyperv stimer message")'
ok "they are used" native "hyperv stimer" 100
ok "TLBs are flushed by interrupts" eval '! native "hyperv flush"'

lab hyperv-ipi "3 CPUs, IPIs and no flush calls" kvm-hyperv-lab --smp 3 \
	--cpu "$most,hv-time,hv-synic,hv-stimer,hv-stimer-direct,hv-ipi" --append "tw.test=stress tw.args=tlb"
ok "all TLB tests pass" said '^STRESS-DONE pass [1-9][0-9]* fail 0'
ok "IPIs to several CPUs are one call" native "hyperv send_ipi"
ok "TLBs are flushed by interrupts" eval '! native "hyperv flush"'

lab hyperv-notime "no reference time" kvm-hyperv-lab --smp 2 --cpu "$most"
ok "Hyper-V's interface is the host side" ledger '.host == "hyperv"'
ok "timers are the local APIC's" eval '! native "hyperv stimer"'
done_testing
