# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# A command of our own in the Xen lab's dom0, instead of a guest of the tool's: the lab's init runs /tw/command when
# there is one. Source it behind lab.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# xen_command_begin NAME: the lab in $lab, a folder for results in $tw_dir, and in $tree what comes on top of the
# lab's own files. Ends the script by SKIP where the lab cannot be built.
xen_command_begin() {
	tw_dir=$tw_out/$1
	tree=$tw_dir/tree
	rm -rf "$tw_dir"
	lab_links "$tree"
	mkdir -p "$tree/tw"
	lab=$("$lab_here/build.sh" xen 2> "$tw_dir/build.log") ||
		skip_all "the lab \"xen\" cannot be built: $(tail -n 1 "$tw_dir/build.log")"
}

# xen_command_run MB SECONDS ARCHIVE...: boot it with these further archives; dom0 has that much memory. What the command says
# is in $tw_dir/console.
xen_command_run() {
	local status mb=$1 seconds=$2
	shift 2
	archive_pack "$tree" "$tw_dir/command.cpio"
	cat "$lab/initramfs" "$@" "$tw_dir/command.cpio" > "$tw_dir/initramfs"
	rm -rf "$tree" "$tw_dir/command.cpio"
	take_slot
	# Processor and Xen's options are those of tool/lab_xen.c.
	(cd "$tw_dir" && timeout -k 5 $((seconds * TW_SLOW)) qemu-system-x86_64 -machine q35 -accel tcg \
		-cpu max,+svm,-smap,-xsave,la57=off -m $((mb + 512)) -nodefaults -display none -no-reboot \
		-serial file:lab -serial file:console -kernel "$lab/xen" \
		-append "console=none guest_loglvl=all dom0_mem=${mb}M,max:${mb}M dom0_max_vcpus=1 xpti=0 spec-ctrl=no" \
		-initrd "$lab/vmlinux quiet panic=-1 mitigations=off random.trust_cpu=on,initramfs" < /dev/null > qemu.err 2>&1)
	status=$?
	exec 8>&-
	rm -f "$tw_dir/initramfs"
	return $status
}
