#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# abi=vmi: the shim puts the ROM into low memory and starts a bzImage by its 32-bit entry. The guest is the
# VMI test kernel with a setup header of 2007; then a Debian kernel, which knows no VMI but must not mind; then
# both deliveries by the tool.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vmi.sh"
printf 'THE VMI INITRD!\n' > "$tw_out/vmi-initrd"

# shim_run NAME MACHINE CPUS WORDS [QEMU-OPTION...]
shim_run() {
	local name=$1 machine=$2 cpus=$3 words=$4
	shift 4
	vmi_qemu "$name" "$machine" "$cpus" -kernel "$tw_elf" -append "abi=vmi console=debugcon log=debug" \
		-initrd "$vmi_bzimage $words,$tw_out/vmi-initrd" "$@"
}
shim_run shim-pc pc 1 "bzimage loaded initrd"
ok "shim-pc: the ROM is the shim's" grep -qE '^twoway [0-9.]+: VMI guest, ROM at 0xc[0-9a-f]{4}, 128 MB$' "$tw_dir/debugcon"
ok "shim-pc: the shim was out of the kernel's way" grep -q '^twoway: linux32 kernel at 0x100000, entry 0x100000' "$tw_dir/debugcon"
shim_run shim-q35-pae-smp q35 2 "pae smp bzimage loaded initrd"
# A VMI ROM that is there already comes first for guests: no second one.
shim_run shim-found pc 1 "bzimage initrd" -option-rom "$vmi_full"
ok "shim-found: the shim says so" grep -q 'ROM at .* (not ours: it was there)' "$tw_dir/debugcon"

# The same as ELF, by Multiboot.
vmi_qemu shim-multiboot pc 1 -kernel "$tw_elf" -append "abi=vmi@1 console=debugcon" -initrd "$vmi_elf loaded"

# A file that is no kernel, and memory that no kernel fits.
tw_run vmi-no-kernel --abi vmi --modules "$tw_out/vmi-initrd" --timeout 30 --shim abi=vmi
ok "a file that is no kernel is refused" shim_said 'twoway: the kernel cannot be started: .*neither a bzImage nor'

# A kernel of today, which the loader starts in 32-bit mode.
guest=$("$tw_root/tests/initramfs.sh") || exit 1
kernel=$("$tw_root/tests/kernels.sh" cloud) || exit 1
tw_run vmi-debian --abi vmi --smp 2 --modules "$kernel console=ttyS0 panic=-1 tw.test=hello,$guest" --shim abi=vmi --timeout 120
ok "a Debian kernel boots on by its 32-bit entry" said '^GUEST-END' || tap_tail
ok "and powers off" said 'reboot: Power down'
ok "the ROM's memory is reserved" said 'BIOS-e820: \[mem 0x00000000000[cd][0-9a-f]{4}-0x00000000000[cd][0-9a-f]{4}\] reserved'
ok "a healthy kernel log" healthy

# The tool, both ways. The guest's lines come on its serial port.
tool() {
	local name=$1 abi=$2
	tw_dir=$tw_out/vmi-$name
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	: > "$tw_dir/debugcon"
	take_slot
	timeout -k 5 "$((70 * TW_SLOW))" "$tw_root/build/twoway" run --abi "$abi" --cpu qemu64 --mem 128M --timeout "$((60 * TW_SLOW))" \
		--qemu -icount --qemu shift=5,sleep=off --append "serial $3" "$vmi_bzimage" \
		> "$tw_dir/console" 2> "$tw_dir/qemu.err" < /dev/null 8>&-
	status=$?
	exec 8>&-
	vmi_lines "$name" "$tw_dir/console"
	ok "$name: the guest powers off" [ "$status" = 0 ] || tap_tail
	ok "$name: and found nothing wrong" said '^GUEST-DONE good'
}
tool tool-rom vmi read-only
tool tool-shim vmi:shim "bzimage loaded"
done_testing
