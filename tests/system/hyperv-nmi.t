#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# NMIs of the guest's own in nested mode, where the shim's requests between CPUs are NMIs, too: the TLB
# and IPI hypercalls of the full profile send them all the time. None may be lost or mixed up.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nmi.sh"

storm hyperv-full-2 --abi hyperv@1:full --smp 2
[ -z "$TW_LONG" ] || storm hyperv-fast-4 --abi hyperv@1:fast --smp 4
done_testing
