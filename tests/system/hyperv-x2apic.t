#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Nested mode in x2APIC mode with several CPUs, where the APIC's traps are MSRs. A Linux guest of Hyper-V
# goes there by itself when the CPU has it, so its boot is the test; the conformance guest switches later.
# QEMU emulates x2APIC from version 9.0 on. Elsewhere Bochs has it, with one CPU (hyperv-bochs.t,
# hyperv-bochs-linux.t), and KVM (tests/hosts/nested.t).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
. "$(dirname "$0")/stress.sh"
[ -z "$TW_NATIVE" ] || skip_all "Linux does not go there without Hyper-V"
version=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
[ "${version:-0}" -ge 9 ] || skip_all "the CPUs of QEMU $version have no x2APIC: 9.0 or newer"
cpu=$TW_CPU,+x2apic,-smap # without SMAP as in hyperv-stress.t

# linux ABI CPUS
linux() {
	local label="$1, $2 CPUs"
	tw_run "hyperv-x2apic-${1##*:}-$2" --abi "$1" --initrd "$guest" --smp "$2" --mem 512M --cpu "$cpu" \
		--append "tw.test=hello panic=-1 mitigations=off"
	ok "$label: powers off" [ $? = 0 ] || tap_tail
	ok "$label: in x2APIC mode" said '^GUEST-APIC .*x2apic'
	ok "$label: reaches user space with all CPUs" said "^GUEST-UP kernel .* cpus $2 "
	ok "$label: a healthy kernel log" healthy
	sees_hyperv "$label" "$1" "$2"
}

linux hyperv@1:full 1
linux hyperv@1:fast 2
stress hyperv-x2apic hotplug,interrupts,tlb,timers --abi hyperv@1:full --smp 2 --mem 512M --cpu "$cpu"
ok "under stress: in x2APIC mode" said '^GUEST-APIC .*x2apic'

for cpus in 1 4; do
	tw_run "hyperv-x2apic-guest-$cpus" --smp "$cpus" --mem 128M --timeout 60 --cpu "$cpu" \
		--modules "$tw_root/build/guests/hv/apic" \
		--shim "ledger console=debugcon abi=hyperv@1:full force=hv-testdev"
	ok "conformance, $cpus CPUs: it switches" said '^SUCCESS x2APIC mode'
	ok "conformance, $cpus CPUs: nothing is wrong" eval "said '^END .* 0 failures' && ! said '^(FAILURE|ERROR)'" ||
		tap_tail
done
done_testing
