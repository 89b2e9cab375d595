# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# Nested mode on Bochs, whose SVM is another implementation than QEMU's: sourced after lib.sh. One CPU,
# booted by GRUB from an ISO. Needs the packages bochs, vgabios, grub-pc-bin, xorriso and mtools.
bios=/usr/share/bochs/BIOS-bochs-latest
vga=/usr/share/vgabios/vgabios.bin
ryzen="cpu: model=ryzen, count=1, ips=100000000, reset_on_triple_fault=0"
# The only model with both SVM and x2APIC. Its CPUID hides SVM, hence force=svm.
x2apic="cpu: model=bx_generic, count=1, ips=100000000, reset_on_triple_fault=0
cpuid: level=6, family=15, x86_64=1, 1g_pages=1, mmx=1, sep=1, apic=x2apic, svm=1, vmx=0, simd=avx2, xsave=1, mwait=1, vendor_string=AuthenticAMD"

needs_bochs() {
	local need
	for need in bochs-bin grub-mkrescue xorriso mformat; do
		command -v "$need" > /dev/null || skip_all "$need is missing: install bochs grub-common xorriso mtools"
	done
	for need in "$bios" "$vga" /usr/lib/grub/i386-pc/multiboot.mod; do
		[ -e "$need" ] || skip_all "$need is missing: install bochs vgabios grub-pc-bin"
	done
}

# bochs_run NAME CPU MEGABYTES SECONDS SHIM-OPTIONS MODULE [ARGUMENTS [MODULE2]]: boot those modules; with SHIM-OPTIONS "none" the
# first one, a bzImage, is started by GRUB itself. $bochs_rom, if set, is an option ROM at 0xd0000. The
# console is kept in $tw_dir/console, the shim's log in $tw_dir/debugcon. Bochs ends by a panic of its own
# when it is switched off, so its status means nothing. Fails when there is no bootable image.
bochs_run() {
	local name=$1 cpu=$2 megs=$3 limit=$4 shim=$5
	tw_dir=$tw_out/bochs-$name
	exec 6> "$tw_out/lock.bochs-$name"
	flock 6
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir/iso/boot/grub"
	cd "$tw_dir" || return 1
	shift 5
	cp "$tw_elf" "$1" ${3:+"$3"} iso/boot/
	{
		if [ "$shim" = none ]; then
			echo "linux16 /boot/$(basename "$1") ${2:-}"
		else
			echo "multiboot /boot/twoway.elf ledger console=debugcon $shim"
			echo "module /boot/$(basename "$1") ${2:-}"
		fi
		[ -z "${3:-}" ] || echo "module /boot/$(basename "$3")"
		echo boot
	} > iso/boot/grub/grub.cfg
	grub-mkrescue -d /usr/lib/grub/i386-pc -o cd.iso iso --install-modules="biosdisk iso9660 multiboot linux16 normal" \
		> grub.log 2>&1 || return 1
	cp -L "$bios" bios
	cp -L "$vga" vga
	# No sound, no network: their plugins overrun a buffer of Bochs. The display waits for nobody.
	cat > bochsrc <<CFG
config_interface: textconfig
display_library: rfb, options="timeout=0"
megs: $megs
romimage: file=bios
vgaromimage: file=vga
${bochs_rom:+optromimage1: file=$bochs_rom, address=0xd0000}
$cpu
clock: sync=none
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="cd.iso", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=console
port_e9_hack: enabled=1
log: bochs.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1, e1000=0, sb16=0, es1370=0, gameport=0, iodebug=0
CFG
	echo c > start # what the debugger that Debian builds in is told
	: > console
	take_slot
	timeout -k 5 "$((limit * TW_SLOW))" bochs-bin -q -f bochsrc -rc start < /dev/null > debugcon 2> qemu.err \
		6>&- 8>&-
	exec 8>&-
	rm -rf iso cd.iso
}
