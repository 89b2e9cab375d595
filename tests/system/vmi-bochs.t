#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMI test kernel on Bochs, by the shim and with the ROM as an option ROM: another emulator, another BIOS, option ROMs in
# ROM chips that have to be copied to RAM, a TSC of 100 MHz. TW_LONG=1: two CPUs as well.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vmi.sh"
. "$(dirname "$0")/bochs.sh"
needs_bochs
printf 'THE VMI INITRD!\n' > "$tw_out/initrd"

# vmi_bochs NAME CPUS SHIM-OPTIONS KERNEL WORDS [INITRD]
vmi_bochs() {
	ok "$1: a bootable image" bochs_run "$1" "cpu: model=ryzen, count=$2, ips=100000000, reset_on_triple_fault=0" 64 120 \
		"$3" "$4" "$5" ${6:+"$6"} || return
	vmi_lines "$1" debugcon
	ok "$1: and found nothing wrong" grep -aq '^GUEST-DONE good' debugcon
}
# by_shim NAME CPUS WORDS
by_shim() {
	vmi_bochs "$1" "$2" "abi=vmi log=debug" "$vmi_bzimage" "$3 bzimage loaded initrd" "$tw_out/initrd"
	ok "$1: the ROM is the shim's" grep -aqE 'VMI guest, ROM at 0xc[0-9a-f]{4}, 64 MB' debugcon
}
by_shim vmi 1 "pae"
bochs_rom=$vmi_plain
vmi_bochs vmi-rom 1 none "$vmi_bzimage" "read-only"
[ -z "$TW_LONG" ] || vmi_bochs vmi-rom-smp 2 none "$vmi_bzimage" "pae smp read-only"
bochs_rom=
[ -z "$TW_LONG" ] || by_shim vmi-smp 2 "smp"
done_testing
