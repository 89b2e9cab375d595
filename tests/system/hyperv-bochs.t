#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The Hyper-V conformance guests (tests/guests/hv) on another implementation of SVM: Bochs, CPU model
# ryzen, one CPU. QEMU accepts many a wrong VMCB; Bochs checks them. Skipped where Bochs is not installed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bochs.sh"
[ -z "$TW_NATIVE" ] || skip_all "there is no Hyper-V without twoway"
needs_bochs
guests=$tw_root/build/guests/hv
make -s -C "$tw_root" hyperv-guests > "$tw_out/hyperv-bochs.log" 2>&1 || {
	sed 's/^/# /' "$tw_out/hyperv-bochs.log"
	echo "Bail out! the guests do not build"
	exit 1
}

# conformance GUEST PROFILE [CPU SHIM-OPTIONS]
conformance() {
	ok "$1: a bootable image" bochs_run "$1${4:+-generic}" "${3:-$ryzen}" 256 120 \
		"abi=hyperv@1:$2 force=hv-testdev ${4:-}" "$guests/$1" || return
	ok "$1: powers off" [ "$(ending)" = poweroff ] || tap_tail
	ok "$1: nothing is wrong" all_well || tap_tail
	tr -d '\r' < console | sed -n 's/^SKIP /# SKIP /p'
}

all_well() {
	said '^END [0-9]+ cases, 0 failures' && ! said '^(FAILURE|ERROR)'
}

# What leans on the CPU most; all of them with TW_LONG=1.
some="discovery hypercall_page stimer autoeoi shimmem invalid"
[ -z "$TW_LONG" ] || some="$some apic clock events idle ipi messages stimer_modes tlb"
for name in $some; do
	conformance "$name" full
done
conformance eoiassist full
conformance apic full "$x2apic" force=svm
ok "x2APIC mode was used" said '^SUCCESS x2APIC mode'
done_testing
