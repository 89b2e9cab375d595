# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# What the VMI tests share: the small kernel of tests/guests/vmi, whose lines on the debug port are checks, and
# how QEMU starts it. Source it behind lib.sh.
[ -z "$TW_NATIVE" ] || skip_all "about the ROM itself"
vmi_elf=$tw_root/build/vmi/guest.elf
vmi_bzimage=$tw_root/build/vmi/guest.bzImage
vmi_plain=$tw_root/build/twoway-vmi.rom
vmi_full=$tw_root/build/vmi/full.rom
# One at a time: another test may be about to make the same.
flock "$tw_out/lock.vmi-make" make -s -C "$tw_root" build/vmi/guest.elf build/vmi/guest.bzImage build/vmi/full.rom build/twoway-vmi.rom > /dev/null || exit 1

# vmi_lines NAME FILE: each line of the guest in FILE becomes one of ours.
vmi_lines() {
	local line
	while read -r line; do
		case $line in
		"ok - "*) ok "$1: ${line#ok - }" true ;;
		"not ok - "*) ok "$1: ${line#not ok - }" false ;;
		"#"*) echo "$line" ;;
		esac
	done < <(tr -d '\r' < "$2")
	ok "$1: the guest came to its end" grep -q '^GUEST-DONE' "$2" || tap_tail
}

# vmi_qemu NAME MACHINE CPUS QEMU-OPTION...: one guest. Counted instructions are the time, so nothing depends on how
# busy this machine is.
vmi_qemu() {
	local name=$1 machine=$2 cpus=$3 status
	shift 3
	tw_dir=$tw_out/vmi-$name
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	take_slot
	timeout -k 5 "$((60 * TW_SLOW))" qemu-system-x86_64 -accel tcg -icount shift=5,sleep=off -machine "$machine" \
		-cpu qemu64 -smp "$cpus" -m 128M -nodefaults -display none -no-reboot \
		-chardev "file,id=d,path=$tw_dir/debugcon" -device isa-debugcon,iobase=0xe9,chardev=d \
		-device isa-debug-exit,iobase=0xf4,iosize=1 "$@" > "$tw_dir/console" 2> "$tw_dir/qemu.err" 8>&-
	status=$?
	exec 8>&-
	vmi_lines "$name" "$tw_dir/debugcon"
	ok "$name: and found nothing wrong" [ "$status" = 1 ]
}
