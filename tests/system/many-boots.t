#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Many boots in a row on four CPUs: races of the start-up of CPUs show only now and then.
# TW_BOOTS=N sets their number.
. "$(dirname "$0")/lib.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1
: "${TW_BOOTS:=20}"

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
