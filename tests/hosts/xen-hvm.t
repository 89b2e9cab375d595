#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# HVM domains of a real Xen, with a device model: a PC, as clouds on Xen give it. SeaBIOS starts GRUB from a disc, and that the
# shim. An unmodified Debian kernel runs as a Xen PV guest with Xen's own calls below, and the VMI test kernel with the ROM that
# the shim brings, on a PC's interrupt controllers and PIT.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/xen-command.sh"
. "$(dirname "$0")/vmi.sh"
grub=/usr/lib/grub/i386-pc
for program in grub-mkrescue xorriso mformat; do
	command -v "$program" > /dev/null || skip_all "$program is missing: install grub-common xorriso mtools"
done
[ -e "$grub/multiboot.mod" ] || skip_all "$grub is missing: install grub-pc-bin"

# domain NAME MB SHIM-OPTIONS KERNEL KERNEL-OPTIONS [INITRD [CPUS]]: two CPUs if not told, and the disc from which it boots.
domain() {
	local disc=$tw_dir/disc
	rm -rf "$disc"
	mkdir -p "$disc/boot/grub"
	cp "$tw_elf" "$disc/boot/shim"
	cp "$4" "$disc/boot/kernel"
	[ -z "${6:-}" ] || cp "$6" "$disc/boot/initrd"
	{
		echo "multiboot /boot/shim $3 console=com1"
		echo "module /boot/kernel $5"
		[ -z "${6:-}" ] || echo "module /boot/initrd"
		echo boot
	} > "$disc/boot/grub/grub.cfg"
	grub-mkrescue -d "$grub" -o "$tree/tw/$1.iso" "$disc" --install-modules="biosdisk iso9660 multiboot normal" > "$tw_dir/grub.log" 2>&1
	printf '%s\n' "name=\"$1\"" 'type="hvm"' "vcpus=${7:-2}" "memory=$2" 'tsc_mode="native"' 'boot="d"' \
		"device_model_args=[\"-drive\",\"if=none,id=disc,format=raw,readonly=on,file=/tw/$1.iso\",\"-device\",\"ahci,id=ahci\",\"-device\",\"ide-cd,drive=disc,bus=ahci.0,bootindex=0\"]" \
		'serial="file:/tmp/serial"' \
		nographic=1 vnc=0 sdl=0 usb=0 'vga="none"' 'on_poweroff="preserve"' 'on_reboot="preserve"' 'on_crash="preserve"' \
		> "$tree/tw/$1.cfg"
	rm -rf "$disc"
}

xen_command_begin xen-hvm
hvm=$("$lab_here/build.sh" xen-hvm 2> "$tw_dir/build.log") || skip_all "the device model cannot be had: $(tail -n 1 "$tw_dir/build.log")"
install -m 755 "$lab_here/xen-hvm-init" "$tree/tw/command"
ok "a disc for the Xen PV guest" domain pv 300 "ledger abi=xen-pv" "$("$tw_root/tests/kernels.sh" cloud)" "console=hvc0 panic=-1 tw.test=hello quiet" "$lab_guest"
# One CPU: with several the TSC of this lab is not called reliable, and VMI has no time then.
ok "a disc for the VMI guest" domain vmi 128 "abi=vmi" "$vmi_bzimage" "serial loaded on-xen" "" 1
ok "the lab runs all guests" xen_command_run 900 900 "$hvm/archive" || tap_tail

all=$tw_dir
tw_dir=$all/pv
mkdir -p "$tw_dir"
(tw_dir=$all case_text pv console) > "$tw_dir/console"
line '^\{"twoway"' > "$tw_dir/ledger.json"
ok "Xen PV guest: switches off" said '^END 0'
ok "Xen PV guest: a healthy kernel log" healthy
ok "Xen PV guest: Xen is the host side" ledger '.host == "xen" and .mode == "resident" and .cpus == 2'
ok "Xen PV guest: the clock is Xen's" native "xen vcpu_time_info"
for call in "xen set_timer_op" "xen upcall" "xen evtchn send"; do
	ok "Xen PV guest: $call" native "$call" 10
done
tw_dir=$all
case_text vmi console > "$tw_dir/vmi"
vmi_lines "VMI guest" "$tw_dir/vmi"
ok "VMI guest: and found nothing wrong" grep -q '^GUEST-DONE good' "$tw_dir/vmi"
ok "VMI guest: switches off" grep -q '^END 0' "$tw_dir/vmi"
done_testing
