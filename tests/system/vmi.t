#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMI ROM under a small kernel of 2006 (tests/guests/vmi): found as Linux finds it, relocated, every call,
# alarms, on both chipsets that QEMU has (their write protection differs), without and with PAE.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vmi.sh"

# vmi_run NAME ROM MACHINE CPUS WORDS: with the ROM as an option ROM.
vmi_run() {
	vmi_qemu "$1" "$3" "$4" -kernel "$vmi_elf" -append "${5:+$5 }read-only" -option-rom "$2"
}

plain=$vmi_plain full=$vmi_full
ok "the ROM has at most 32 KB" [ "$(stat -c %s "$plain")" -le 32768 ]
vmi_run pc "$plain" pc 1 ""
vmi_run pc-pae-full "$full" pc 1 "pae"
vmi_run q35-full "$full" q35 1 ""
vmi_run q35-pae "$plain" q35 1 "pae"
vmi_run pc-smp "$plain" pc 2 "smp"
vmi_run pc-switch-smp "$plain" pc 2 "switch smp"
vmi_run q35-pae-smp "$plain" q35 2 "pae smp"
# As the ROM of a PCI device, whose ids it must have; and by the name under which the BIOS looks for one, with any ids.
ok "the ROM for a PCI device is made" flock "$tw_out/lock.vmi-make" make -s -C "$tw_root" build/vmi/pci-1234-11e8.rom
vmi_qemu pci pc 1 -kernel "$vmi_elf" -append read-only -device edu,romfile="$tw_root/build/vmi/pci-1234-11e8.rom"
vmi_qemu pci-name q35 1 -kernel "$vmi_elf" -append read-only -device edu -fw_cfg name=pci1234,,11e8.rom,file="$plain"
# What the ROM cannot serve: more processors than it has room for; and itself, behind a ROM of 72 KB (with its checksum).
vmi_qemu cpus pc 17 -kernel "$vmi_elf" -append refused -option-rom "$plain"
{ printf "\x55\xaa\x90\xcb\xa6" && head -c $((72 * 1024 - 5)) /dev/zero; } > "$tw_out/vmi-large.rom"
vmi_qemu room pc 1 -kernel "$vmi_elf" -append refused -option-rom "$tw_out/vmi-large.rom" -option-rom "$plain"
# A byte wrong in the header: the checker refuses the ROM, and a guest does not find it (the BIOS
# does not even copy it). Each reason alone is in the unit tests of the tool.
# bad NAME OFFSET BYTE
bad() {
	local copy=$tw_out/vmi-bad.rom
	cp "$plain" "$copy"
	printf "$3" | dd of="$copy" bs=1 seek="$2" conv=notrunc status=none
	ok "$1: inspect refuses it" [ "$("$tw_root/build/twoway" inspect "$copy" > /dev/null; echo $?)" = 1 ]
	[ -z "${4:-}" ] || vmi_run "bad-$4" "$copy" pc 1 "native"
}
ok "inspect takes the ROM" [ "$("$tw_root/build/twoway" inspect "$plain" > /dev/null; echo $?)" = 0 ]
bad "wrong VMI signature" 8 X
bad "API version 2" 13 "\\002"
bad "no licence" 22 "\\000\\000" licence
bad "no PCIR" 24 "\\000\\000"
bad "wrong option ROM signature" 0 X
bad "wrong length" 2 "\\001"
bad "wrong checksum" 33 "\\377"
done_testing
