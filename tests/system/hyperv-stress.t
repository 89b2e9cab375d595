#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The guest programs (tests/guests), CPU off and on among them, on the Hyper-V guest ABI. Without SMAP,
# as in stress.t: nested mode hides from privileged.c that this is QEMU.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stress.sh"
cpu=$TW_CPU,-smap

if [ -z "$TW_LONG" ]; then
	# What interrupts, CPUs, time and TLBs have a part in; int80, SYSENTER and breakpoints.
	stress hyperv-full-2 compat,softint,syscalls,segbase,timers,tlb,pingpong,interrupts,hotplug,forks.storm \
		--abi hyperv@1:full --smp 2 --mem 512M --machine q35 --cpu "$cpu"
else
	stress hyperv-fast-2 "" --abi hyperv@1:fast --smp 2 --mem 512M --cpu "$cpu"
	stress hyperv-full-1 "" --abi hyperv@1:full --mem 512M --cpu "$cpu"
	stress hyperv-full-2 "" --abi hyperv@1:full --smp 2 --mem 512M --machine q35 --cpu "$cpu"
	stress hyperv-full-4 "" --abi hyperv@1:full --smp 4 --mem 1G --cpu "$cpu"
	stress hyperv-generic-2 "" --abi hyperv@1:full --smp 2 --mem 1G --cpu "$cpu" \
		--kernel "$("$tw_root/tests/kernels.sh" generic)"
fi
done_testing
