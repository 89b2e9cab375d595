#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# All guest programs (tests/guests) under the cloud kernel with one and two CPUs, and those that the
# generic kernel or another CPU model makes different. Each verdict of the guest is a test here.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stress.sh"

traps=iret,ldt,compat,privileged,signals,syscalls,faults,segbase
stress 1-cpu "" --mem 512M
stress 2-cpus "" --smp 2 --mem 512M
# No SMAP: then QEMU can run far returns (see privileged.c). The 16-bit segments of the generic kernel.
stress generic "$traps" --mem 512M --cpu "$TW_CPU,-smap" --kernel "$("$tw_root/tests/kernels.sh" generic)"
# Text patching with all CPUs busy.
stress patching patching --smp 4 --mem 512M --threads "$(safe_threads)"
# The separate user page table of CPUs that are affected by Meltdown.
[ -n "$TW_NATIVE" ] ||
	stress forced-pti "$traps,addrspace,forks,tlb,vsyscall" --smp 2 --mem 512M --shim "ledger force=pti"
if [ -n "$TW_LONG" ]; then
	stress 4-cpus "" --smp 4 --mem 5G --machine q35
	stress generic-all "" --smp 2 --mem 1G --kernel "$("$tw_root/tests/kernels.sh" generic)"
	stress qemu64 "" --cpu qemu64 --mem 512M
fi
done_testing
