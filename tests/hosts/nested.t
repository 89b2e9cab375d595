#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Nested mode on a real KVM and a real Xen that offer SVM: an unmodified kernel with the Hyper-V ABI. The host side
# keeps its hands off the local APIC, which is the guest's.
. "$(dirname "$0")/lab.sh"

lab nested-kvm "Hyper-V guest on KVM" kvm-lab --abi hyperv
ok "the guest sees Hyper-V" said '^GUEST-HYPERVISOR Hypervisor detected: Microsoft Hyper-V'
ok "the guest is in x2APIC mode, which KVM's CPUs have" said '^GUEST-APIC .*x2apic'
ok "KVM is the host side, in nested mode" ledger '.host == "kvm" and .mode == "nested"'
ok "the frequency is kvmclock's" native "kvmclock page"
ok "no interrupt's end is saved behind the guest's back" eval '! native "kvm eoi saved"'

# Pokes, IPIs and flushes of the full profile between two CPUs in x2APIC mode.
lab nested-kvm-2 "2 CPUs, full profile" kvm-lab --abi hyperv@1:full --smp 2
ok "2 CPUs: both come up" said '^GUEST-UP kernel .* cpus 2 '
ok "2 CPUs: in x2APIC mode" said '^GUEST-APIC .*x2apic'

# A real Xen gives a PVH domain SVM, too. Such a guest has no console: that it reboots says that its FPU registers were its own
# all the time, while dom0 and it take the CPU from each other (with lazy switching in Xen they are not, docs/hosts.md).
TWOWAY_LAB_BUSY=1 lab_run nested-xen "Hyper-V guest on Xen" xen-lab --abi hyperv --append "tw.test=reboot tw.args=fpu reboot=t"
status=$?
[ "$status" = 4 ] || {
	ok "Hyper-V guest on Xen: comes up, keeps its registers and reboots" [ "$status" = 0 ] || tap_tail
	ok "the tool says so" grep -q 'guest rebooted' "$tw_dir/qemu.err"
	ok "Xen is the host side, in nested mode" ledger '.host == "xen" and .mode == "nested"'
	ok "the cost of an exit was measured by one" said 'an exit costs [1-9][0-9]* ns here'
	ok "the shim says what Xen's owner must do for FPU registers" said 'unless started with spec-ctrl=eager-fpu'
}
done_testing
