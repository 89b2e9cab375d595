#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# An unmodified Debian kernel in nested mode on Bochs' SVM, one CPU: in xAPIC mode (model ryzen), and in
# x2APIC mode (bx_generic; QEMU has it only from 9.0 on). Minutes each, hence TW_LONG=1 only.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
. "$(dirname "$0")/bochs.sh"
[ -z "$TW_NATIVE" ] || skip_all "there is no Hyper-V without twoway"
[ -n "$TW_LONG" ] || skip_all "takes minutes: TW_LONG=1 runs it"
needs_bochs
guest=$("$tw_root/tests/initramfs.sh") || exit 1
kernel=$("$tw_root/tests/kernels.sh" cloud) || exit 1
tw_mode=nested
tw_abi=hyperv

# linux NAME CPU PROFILE SHIM-OPTIONS. Bochs may stall a timed MWAITX, which Linux uses to wait; its models
# lack what mitigations need, and the kernel warns of that.
linux() {
	local label="$1, $3"
	ok "$label: a bootable image" bochs_run "linux-$1" "$2" 512 1200 "abi=hyperv@1:$3 $4" "$kernel" \
		"quiet console=ttyS0 tw.test=hello panic=-1 mitigations=off clearcpuid=mwaitx" "$guest" || return
	ok "$label: powers off" [ "$(ending)" = poweroff ] || tap_tail
	ok "$label: reaches user space" said "^GUEST-UP kernel .* cpus 1 "
	ok "$label: a healthy kernel log" healthy
	sees_hyperv "$label" "hyperv@1:$3" 1
}

linux ryzen "$ryzen" full ""
linux x2apic "$x2apic" full force=svm
ok "x2APIC mode was used" said '^GUEST-APIC .*x2apic'
done_testing
