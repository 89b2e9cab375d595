#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The ledger tells the truth: what a Linux guest says of its own use of Hyper-V (tracepoints and
# /proc/interrupts, from the boot's start to a moment before power-off) is what the shim counted.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
[ -z "$TW_NATIVE" ] || skip_all "there is no ledger natively"
guest=$("$tw_root/tests/initramfs.sh") || exit 1

# near WHAT LEDGER GUEST: the shim counted that many or somewhat more, from the end of the guest's
# account to power-off (and tracing begins after the first few).
near() {
	ok "$1: ledger $2, guest $3: not less" at_least "$2" "$3"
	ok "$1: ... nor much more" at_most "$2" $(($3 + $3 / 5 + 150))
}

tw_run hyperv-use --abi hyperv@1:full --smp 2 --mem 512M --initrd "$guest" \
	--append "tw.test=use trace_event=hyperv trace_buf_size=8M panic=-1"
ok "powers off" [ $? = 0 ] || tap_tail
ok "a healthy kernel log" healthy
ok "no trace is lost" [ "$(told GUEST-TRACE-LOST)" = 0 ]
one=$(told 'GUEST-TRACE hyperv_send_ipi_one')
mask=$(told 'GUEST-TRACE hyperv_send_ipi_mask')
near "IPIs" "$(ledger_count 'HvCallSendSyntheticClusterIpi.*')" $((${one:-0} + ${mask:-0}))
near "TLB flushes" "$(ledger_count 'HvCallFlush.*')" "$(told 'GUEST-TRACE hyperv_mmu_flush_tlb_multi')"
near "timer expiries" "$(ledger_count 'stimer expiry')" "$(told 'GUEST-IRQ HVS')"
done_testing
