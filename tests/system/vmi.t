#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMI ROM under a small kernel of 2006 (tests/guests/vmi): found as Linux finds it, relocated, every call,
# alarms, on both chipsets that QEMU has (their write protection differs), without and with PAE. Counted
# instructions are the time, so nothing depends on how busy the host is.
. "$(dirname "$0")/lib.sh"
[ -z "$TW_NATIVE" ] || { echo "1..0 # SKIP about the ROM itself"; exit 0; }
make -s -C "$tw_root" build/vmi/guest.elf build/vmi/full.rom build/twoway-vmi.rom > /dev/null || exit 1

# vmi_run NAME ROM MACHINE CPUS WORDS: boot the guest; each of its lines becomes one of ours.
vmi_run() {
	local name=$1 rom=$2 machine=$3 cpus=$4 words=$5 line status
	tw_dir=$tw_out/vmi-$name
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	take_slot
	timeout -k 5 "$((60 * TW_SLOW))" qemu-system-x86_64 -accel tcg -icount shift=5,sleep=off -machine "$machine" \
		-cpu qemu64 -smp "$cpus" -m 128M -nodefaults -display none -no-reboot -kernel "$tw_root/build/vmi/guest.elf" \
		-append "$words" -option-rom "$rom" -chardev "file,id=d,path=$tw_dir/debugcon" \
		-device isa-debugcon,iobase=0xe9,chardev=d -device isa-debug-exit,iobase=0xf4,iosize=1 \
		> "$tw_dir/console" 2> "$tw_dir/qemu.err" 8>&-
	status=$?
	exec 8>&-
	while read -r line; do
		case $line in
		"ok - "*) ok "$name: ${line#ok - }" true ;;
		"not ok - "*) ok "$name: ${line#not ok - }" false ;;
		"#"*) echo "$line" ;;
		esac
	done < "$tw_dir/debugcon"
	ok "$name: the guest came to its end" grep -q '^GUEST-DONE' "$tw_dir/debugcon" || tap_tail
	ok "$name: and found nothing wrong" [ "$status" = 1 ]
}

plain=$tw_root/build/twoway-vmi.rom full=$tw_root/build/vmi/full.rom
ok "the ROM has at most 32 KB" [ "$(stat -c %s "$plain")" -le 32768 ]
vmi_run pc "$plain" pc 1 ""
vmi_run pc-pae-full "$full" pc 1 "pae"
vmi_run q35-full "$full" q35 1 ""
vmi_run q35-pae "$plain" q35 1 "pae"
vmi_run pc-smp "$plain" pc 2 "smp"
vmi_run q35-pae-smp "$plain" q35 2 "pae smp"
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
