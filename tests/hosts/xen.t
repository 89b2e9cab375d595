#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# An unmodified Debian kernel as a Xen PV guest in a PVH domain of a real Xen (in a lab): the round trip, and
# Xen's own calls serve it. How a guest ends arrives, too: switched off, reboot, crash.
#
# Xen without upcall vectors cannot be had: every Xen that starts PVH domains offers them to each
# (XENFEAT_hvm_callback_vector), and no setting of a domain takes them away. What remains without them is tried by
# the host side bare, and the choice among them in the unit tests.
. "$(dirname "$0")/lab.sh"

lab xen "1 CPU" xen-lab --smp 1
ok "Xen is the host side" ledger '.host == "xen" and .mode == "resident"'
ok "the clock is Xen's" ledger 'any(.calls[]; .op == "time" and .host == "xen vcpu_time_info")'
ok "the wall clock is Xen's" native "xen wall clock"
ok "timers are calls" native "xen set_timer_op" 100
ok "events come by the upcall vector" native "xen upcall" 100
ok "steal time is told" native "xen runstate"
ok "the console is Xen's" native "xen console ring"
ok "the ledger does not reach the screen" eval "! said '\"twoway\":|twoway-end'"

lab xen-smp "2 CPUs, TLB flushes" xen-lab --smp 2 --append "tw.test=stress tw.args=tlb"
ok "all TLB tests pass" said '^STRESS-DONE pass [1-9][0-9]* fail 0'
ok "IPIs are event channels" native "xen evtchn send" 100
ok "TLBs are flushed by one call" native "xen flush_tlbs"

# Nothing of Xen's but its console and the frequency that its CPUID tells: no event channel, no upcall vector. The
# local APIC has timers and IPIs. The domain is off when all its CPUs have halted for good.
lab xen-bare "forced to bare, 2 CPUs" xen-lab --smp 2 --shim force=host:bare
ok "bare is the host side" ledger '.host == "bare" and .native == []'
ok "IPIs are the local APIC's" ledger 'any(.calls[]; .op == "ipi" and (.host | endswith("icr")))'

lab_end 0 "guest rebooted" xen-reboot "a reboot" xen-lab --append "tw.test=reboot"
lab_end 1 "guest crashed .kernel panic" xen-panic "a panic" xen-lab --append "tw.test=panic panic=-1"
done_testing
