#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Xen that also shows Hyper-V's interface (viridian), at the lower CPUID base: Xen's serves by default, and
# Hyper-V's when asked for. Under emulation the TSC is not invariant, and Xen then neither fills the TSC page nor,
# without it, are synthetic timers of use: what remains is the assist page.
. "$(dirname "$0")/lab.sh"

lab xen-viridian "2 CPUs" xen-viridian-lab --smp 2
ok "Xen is the host side" ledger '.host == "xen"'
ok "timers are Xen's" native "xen set_timer_op" 100

lab xen-viridian-hyperv "Hyper-V's interface" xen-viridian-lab --smp 1 --shim force=host:hyperv
ok "Hyper-V's interface is the host side" ledger '.host == "hyperv"'
ok "the clock is the TSC, since Xen calls the TSC page invalid here" \
	ledger 'any(.calls[]; .op == "time" and (.host | startswith("tsc")))'
ok "ends of interrupts are saved" native "hyperv eoi saved" 100
done_testing
