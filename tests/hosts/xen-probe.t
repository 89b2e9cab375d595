#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# twoway probe in the dom0 of a real Xen: libxenctrl tells what CPUID cannot; and without that library it
# still runs, and says so.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/lib.sh"
tw_dir=$tw_out/xen-probe
mkdir -p "$tw_dir"
lab=$("$lab_here/build.sh" xen 2> "$tw_dir/build.log") || skip_all "the lab \"xen\" cannot be built: $(tail -n 1 "$tw_dir/build.log")"

# The lab's init runs /tw/command instead of a guest.
tree=$tw_dir/tree
rm -rf "$tree"
mkdir -p "$tree/tw" "$tree/usr/lib" "$tree/usr/bin"
for dir in lib bin; do
	ln -s "usr/$dir" "$tree/$dir"
done
lab_programs "$tree" "$(realpath "$twoway")"
mv "$tree$(realpath "$twoway")" "$tree/usr/bin/twoway"
cat > "$tree/tw/command" <<'END'
#!/bin/sh
exec > /dev/ttyS1 2>&1
twoway probe
twoway probe --json
rm /usr/lib/*/libxenctrl.so.*
twoway probe
poweroff -f
END
chmod +x "$tree/tw/command"
archive_pack "$tree" "$tw_dir/command.cpio"
cat "$lab/initramfs" "$tw_dir/command.cpio" > "$tw_dir/initramfs"
rm -rf "$tree"

take_slot
(cd "$tw_dir" && timeout -k 5 $((300 * TW_SLOW)) qemu-system-x86_64 -machine q35 -accel tcg \
	-cpu max,+svm,-smap,-xsave,la57=off -m 1G -nodefaults -display none -no-reboot \
	-serial file:lab -serial file:console -kernel "$lab/xen" -append "console=none dom0_mem=512M,max:512M" \
	-initrd "$lab/vmlinux quiet panic=-1 random.trust_cpu=on,initramfs" < /dev/null > qemu.err 2>&1)
exec 8>&-
rm -f "$tw_dir/initramfs" "$tw_dir/command.cpio"
ok "dom0 is seen" said '^Xen dom0, PV: ' || tap_tail
ok "the version is told" said '^Xen 4\.[0-9]+\.[0-9a-z.-]+ can start domains with'
ok "PV, HVM and PVH domains, with nested paging" said '^ +PV, HVM and PVH, nested paging'
ok "SVM can be given to them" said '^nested virtualisation for HVM and PVH domains: SVM'
ok "the same as JSON" eval "line '^\{' | jq -e '.xen.dom0 and .xen.control.nested == \"SVM\" and (.xen.control.version | startswith(\"4.\"))' > /dev/null"
ok "without the library it says so" said "^Xen's control interface: libxenctrl.so.4.[0-9]+ is not installed"
done_testing
