#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Many boots in a row on four CPUs: races of the start-up of CPUs show only now and then.
# TW_BOOTS=N sets their number: 20 with TW_LONG=1, else 3, for the time that they take. On a busy host
# about 2 boots in 100 hang (CAVEATS.md, "Four CPUs under emulation").
. "$(dirname "$0")/lib.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1
: "${TW_BOOTS:=$([ -n "$TW_LONG" ] && echo 20 || echo 3)}"

for n in $(seq "$TW_BOOTS"); do
	tw_run many-boots --initrd "$guest" --smp 4 --mem 512M --append "tw.test=hello panic=-1 quiet"
	status=$?
	good() {
		[ $status = 0 ] && said '^GUEST-UP kernel .* cpus 4 ' && healthy
	}
	if ! ok "boot $n of $TW_BOOTS" good; then
		tap_tail 40
		rm -rf "$tw_dir-failed-$n"
		mv "$tw_dir" "$tw_dir-failed-$n"
	fi
done
done_testing
