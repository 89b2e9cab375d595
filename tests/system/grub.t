#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# GRUB for Xen PV, as Debian builds it, runs as the guest kernel up to its prompt, takes a command and
# switches off. It is the other sort of guest: no Linux, it uses the hypercall page and a plain ELF.
. "$(dirname "$0")/lib.sh"
[ -z "$TW_NATIVE" ] || skip_all "GRUB for Xen cannot run natively"
modules=/usr/lib/grub/x86_64-xen
[ -d "$modules" ] || skip_all "$modules is missing: install grub-xen-bin"

cat > "$tw_out/grub.cfg" <<CFG
echo GRUB-CONFIG-RAN
CFG
ok "grub-mkimage makes an image" grub-mkimage -O x86_64-xen -d "$modules" -c "$tw_out/grub.cfg" \
	-p / -o "$tw_out/grub-x86_64-xen.bin" normal echo halt reboot minicmd help
for cpus in 1 2; do
	tw_run "grub-$cpus" --smp "$cpus" --modules "$tw_out/grub-x86_64-xen.bin" --expect 'grub( rescue)?>' \
		--timeout 60
	ok "$cpus CPUs: reaches its prompt" [ $? = 0 ] || tap_tail
	ok "$cpus CPUs: ran its embedded configuration" said GRUB-CONFIG-RAN
done
done_testing
