#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Many boots in a row on four CPUs: races of the start-up of CPUs show only now and then. All CPUs
# share one thread of a QEMU before 8.1 (docs/testing.md, "Stale translations"); TW_LONG=1 adds boots with a thread
# each, of which QEMU 7.2 may lose one on a busy machine. TW_BOOTS=N sets the number of each (20).
. "$(dirname "$0")/lib.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1
: "${TW_BOOTS:=20}"

boot_all() {
	local n status threads=$1
	for n in $(seq "$TW_BOOTS"); do
		tw_run many-boots --initrd "$guest" --smp 4 --mem 512M --threads "$threads" \
			--append "tw.test=hello panic=-1 quiet"
		status=$?
		good() {
			[ $status = 0 ] && said '^GUEST-UP kernel .* cpus 4 ' && healthy
		}
		if ! ok "boot $n of $TW_BOOTS, threads: $threads" good; then
			tap_tail 40
			rm -rf "$tw_dir-failed-$n"
			mv "$tw_dir" "$tw_dir-failed-$n"
		fi
	done
}

boot_all "$(safe_threads)"
[ -z "$TW_LONG" ] || boot_all multi
done_testing
