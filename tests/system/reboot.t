#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# A guest's reboot is reported as such, and restarts the machine: it boots again.
. "$(dirname "$0")/lib.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1

tw_run reboot --initrd "$guest" --append "tw.test=reboot panic=-1"
if [ -z "$TW_NATIVE" ]; then
	ok "the end is called a reboot" [ "$(ending)" = reboot ] || tap_tail
	ok "a valid ledger" ledger_valid 1
fi
ok "the guest asked for it" said '^GUEST-REBOOT'
ok "a healthy kernel log" healthy

# Really again: without -no-reboot, the second boot's line ends the run. On one CPU and on two.
for cpus in 1 2; do
	tw_run "reboot-again-$cpus" --initrd "$guest" --smp "$cpus" --again 2 \
		--append "tw.test=reboot panic=-1"
	ok "$cpus CPUs: boots a second time" [ "$(boots)" -ge 2 ] || tap_tail
done
done_testing
