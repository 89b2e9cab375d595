#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Nested mode gives 1 MB, where it was loaded itself, to a kernel that is linked there: started by PVH
# and by Multiboot, loaded by QEMU and (as Multiboot 1 module) with little memory and with more.
. "$(dirname "$0")/lib.sh"
[ -z "$TW_NATIVE" ] || skip_all "this is about where twoway itself lies"
guests=$tw_root/build/guests/hv/low
make -s -C "$tw_root" hyperv-guests > "$tw_out/nested-low.log" 2>&1 || {
	sed 's/^/# /' "$tw_out/nested-low.log"
	echo "Bail out! the guests do not build"
	exit 1
}

# low GUEST KIND CPUS MEMORY
low() {
	tw_run "nested-low-$1-$4" --smp "$3" --mem "$4" --timeout 60 --modules "$guests/$1" \
		--shim "ledger log=debug console=debugcon abi=hyperv@1:fast"
	ok "$1, $4: ends by power-off" [ "$(ending)" = poweroff ] || tap_tail
	ok "$1, $4: started by $2 at 1 MB" shim_said "$2 kernel at 0x100000" || tap_tail
	ok "$1, $4: nothing is wrong" said '^END [0-9]+ cases, 0 failures' || tap_tail
}

low discovery pvh 1 32M
low clock multiboot 1 32M
low discovery pvh 2 256M
low clock multiboot 2 256M
done_testing
