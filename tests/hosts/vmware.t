#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMware host side, as far as it can be seen without VMware: KVM shows its signature, QEMU its
# backdoor, which tells the TSC's frequency and has no steal clock.
. "$(dirname "$0")/lab.sh"

lab vmware "2 CPUs" vmware-like --smp 2
ok "VMware is the host side" ledger '.host == "vmware"'
ok "the backdoor tells the TSC's frequency" native "vmware frequency"
ok "it counts for the time" ledger 'any(.calls[]; .op == "time" and .host == "tsc by vmware")'
ok "no steal clock is pretended" ledger 'all(.calls[]; .host != "vmware steal clock")'
done_testing
