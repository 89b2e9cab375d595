#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The Hyper-V conformance guests (tests/guests/hv) on another implementation of SVM: Bochs, CPU model
# ryzen, one CPU, booted by GRUB from an ISO. QEMU accepts many a wrong VMCB; Bochs checks them. Needs the
# packages bochs, vgabios, grub-pc-bin, xorriso and mtools, which make deps does not install.
. "$(dirname "$0")/lib.sh"
[ -z "$TW_NATIVE" ] || skip_all "there is no Hyper-V without twoway"
guests=$tw_root/build/guests/hv
bios=/usr/share/bochs/BIOS-bochs-latest
vga=/usr/share/vgabios/vgabios.bin
for program in bochs-bin grub-mkrescue xorriso mformat; do
	command -v "$program" > /dev/null || skip_all "$program is missing: install bochs grub-common xorriso mtools"
done
for file in "$bios" "$vga" /usr/lib/grub/i386-pc/multiboot.mod; do
	[ -e "$file" ] || skip_all "$file is missing: install bochs vgabios grub-pc-bin"
done
make -s -C "$tw_root" hyperv-guests > "$tw_out/hyperv-bochs.log" 2>&1 || {
	sed 's/^/# /' "$tw_out/hyperv-bochs.log"
	echo "Bail out! the guests do not build"
	exit 1
}

# make_machine GUEST PROFILE CPU SHIM-OPTIONS, in the current directory.
make_machine() {
	mkdir -p iso/boot/grub
	cp "$tw_elf" "$guests/$1" iso/boot/
	cat > iso/boot/grub/grub.cfg <<CFG
multiboot /boot/twoway.elf ledger console=debugcon abi=hyperv@1:$2 force=hv-testdev $4
module /boot/$1
boot
CFG
	grub-mkrescue -d /usr/lib/grub/i386-pc -o cd.iso iso --install-modules="biosdisk iso9660 multiboot normal" \
		> grub.log 2>&1 || return 1
	cp -L "$bios" bios
	cp -L "$vga" vga
	# No sound, no network: their plugins overrun a buffer of Bochs. The display waits for nobody.
	cat > bochsrc <<CFG
config_interface: textconfig
display_library: rfb, options="timeout=0"
megs: 256
romimage: file=bios
vgaromimage: file=vga
$3
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
}

ryzen="cpu: model=ryzen, count=1, ips=100000000, reset_on_triple_fault=0"
# The only model with both SVM and x2APIC. Its CPUID hides SVM, hence force=svm.
x2apic="cpu: model=bx_generic, count=1, ips=100000000, reset_on_triple_fault=0
cpuid: level=6, family=15, x86_64=1, 1g_pages=1, mmx=1, sep=1, apic=x2apic, svm=1, vmx=0, simd=avx2, xsave=1, mwait=1, vendor_string=AuthenticAMD"

# conformance GUEST PROFILE [CPU SHIM-OPTIONS]: Bochs ends by a panic of its own when it is switched off.
conformance() {
	tw_dir=$tw_out/bochs-$1${4:+-generic}
	exec 6> "$tw_out/lock.bochs-$1"
	flock 6
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	cd "$tw_dir" || exit 1
	ok "$1: a bootable image" make_machine "$1" "$2" "${3:-$ryzen}" "${4:-}" || return
	: > console
	take_slot
	timeout -k 5 "$((120 * TW_SLOW))" bochs-bin -q -f bochsrc -rc start < /dev/null > debugcon 2> qemu.err 6>&- 8>&-
	exec 8>&-
	ok "$1: powers off" [ "$(ending)" = poweroff ] || tap_tail
	ok "$1: nothing is wrong" all_well || tap_tail
	tr -d '\r' < console | sed -n 's/^SKIP /# SKIP /p'
	rm -rf iso cd.iso
}

all_well() {
	said '^END [0-9]+ cases, 0 failures' && ! said '^(FAILURE|ERROR)'
}

# What leans on the CPU most; all of them with TW_LONG=1.
some="discovery hypercall_page stimer autoeoi shimmem invalid"
[ -z "$TW_LONG" ] || some="$some apic clock events idle ipi messages tlb"
for name in $some; do
	conformance "$name" full
done
conformance eoiassist full
conformance apic full "$x2apic" force=svm
ok "x2APIC mode was used" said '^SUCCESS x2APIC mode'
done_testing
