#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Xen that also shows Hyper-V's interface (viridian), at the lower CPUID base: Xen's serves by default, and
# Hyper-V's when asked for. Under emulation the TSC is not invariant, and Xen then neither fills the TSC page nor,
# without it, are synthetic timers of use: what remains is the assist page.
. "$(dirname "$0")/lab.sh"

lab xen-viridian "2 CPUs" xen-viridian-lab --smp 2 --append "tw.test=steal"
ok "Xen is the host side" ledger '.host == "xen"'
ok "timers are Xen's" native "xen set_timer_op" 100
# Two busy CPUs on one: half of the time is gone.
ok "steal time grows under load ($(line ^GUEST-STEAL))" stolen

lab xen-viridian-hyperv "Hyper-V's interface, 2 CPUs" xen-viridian-lab --smp 2 --shim force=host:hyperv
ok "Hyper-V's interface is the host side" ledger '.host == "hyperv"'
ok "the TSC page, which Xen calls invalid here, is not used" eval '! native "hyperv tsc page" && ! native "hyperv stimer"'
ok "timers are the local APIC's" ledger 'any(.calls[]; .op == "timer" and (.host | test("lapic|deadline")))'
ok "IPIs are the local APIC's" ledger 'any(.calls[]; .op == "ipi" and (.host | endswith("icr")))'
ok "ends of interrupts are saved" native "hyperv eoi saved" 100
done_testing
