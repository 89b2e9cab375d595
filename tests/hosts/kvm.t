#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# An unmodified Debian kernel as a Xen PV guest on a real KVM (in a lab): it boots, and the ledger
# shows that KVM's own interface served it; with single features taken away the rest still serves.
. "$(dirname "$0")/lab.sh"

lab kvm "1 CPU" kvm-lab --smp 1
ok "KVM is the host side" ledger '.host == "kvm"'
ok "the clock is kvmclock" ledger 'any(.calls[]; .op == "time" and .host == "kvmclock")'
ok "kvmclock's pages were read" native "kvmclock page"
ok "the wall clock is KVM's" native "kvm wall clock"
ok "steal time is told" native "kvm steal time"
ok "ends of interrupts are saved" native "kvm eoi saved" 100

# Three CPUs share one of the lab's: they wait for each other and are put aside.
lab kvm-smp "3 CPUs, TLB flushes" kvm-lab --smp 3 --append "tw.test=stress tw.args=tlb"
ok "all TLB tests pass" said '^STRESS-DONE pass [1-9][0-9]* fail 0'
ok "IPIs to several CPUs are one call" native "kvm send_ipi"
ok "CPUs that do not run are not interrupted" native "kvm flush hint"

lab kvm-noclock "without kvmclock" kvm-lab --smp 2 --cpu host,-kvmclock,-kvm-pv-eoi
ok "KVM is the host side" ledger '.host == "kvm"'
ok "the clock falls back" ledger 'any(.calls[]; .op == "time" and .host == "tsc")'
ok "no page was used" eval '! native "kvmclock page"'
ok "nor an EOI saved" eval '! native "kvm eoi saved"'

lab kvm-bare "forced to bare" kvm-lab --smp 2 --shim force=host:bare
ok "bare is the host side" ledger '.host == "bare" and .native == []'
done_testing
