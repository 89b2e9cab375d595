#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# NMIs from QEMU's monitor hit CPU 0 anywhere: user mode, kernel, the first instructions of an entry, the
# shim's own code and its idle loop. First by the hundred while programs fork and make system calls,
# then slowly while the machine is idle, when each must still reach the guest.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nmi.sh"

storm 2-cpus --smp 2
storm 4-cpus --smp 4
if [ -n "$TW_LONG" ] && [ -z "$TW_NATIVE" ]; then
	storm forced-pti --smp 2 --shim "ledger force=pti"
fi
done_testing
