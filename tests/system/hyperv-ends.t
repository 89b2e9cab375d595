#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# How a guest on the Hyper-V ABI ends: a reboot goes through the shim, which says so before, and the machine
# boots again; a panic comes through the crash MSRs with the kernel's own words, and is a failure.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1

tw_run hyperv-reboot --abi hyperv@1:full --smp 2 --initrd "$guest" --append "tw.test=reboot panic=-1"
ok "the guest asked for a reboot" said '^GUEST-REBOOT' || tap_tail
ok "a healthy kernel log" healthy
if [ -z "$TW_NATIVE" ]; then
	ok "the end is called a reboot" [ "$(ending)" = reboot ] || tap_tail
	ok "a valid ledger" ledger_valid 2
fi
tw_run hyperv-reboot-again --abi hyperv@1:fast --machine q35 --initrd "$guest" --again 2 \
	--append "tw.test=reboot panic=-1"
ok "it boots a second time" [ "$(boots)" -ge 2 ] || tap_tail

if [ -z "$TW_NATIVE" ]; then
	tw_run hyperv-panic --abi hyperv@1:fast --smp 2 --initrd "$guest" --append "tw.test=panic panic=0" \
		--timeout 60
	status=$?
	ok "a panic: the console shows it" said 'Kernel panic - not syncing: sysrq triggered crash' || tap_tail
	ok "a panic: the run counts as failed" [ $status = 1 ]
	ok "a panic: the end is called a crash" [ "$(ending)" = crash ] || tap_tail
	ok "a panic: by the crash MSRs, with the kernel's words" \
		shim_said '^twoway: the guest crashed: .*Kernel panic - not syncing: sysrq triggered crash'
	# P0-P4 and CTL (hv_kmsg_dump() writes them with the message's address and length).
	ok "a panic: the ledger counts the crash MSRs" at_least "$(ledger_count msr/crash)" 5
	timeout -k 5 $((60 * TW_SLOW)) "$tw_root/build/twoway" run --abi hyperv --initrd "$guest" \
		--append "tw.test=panic panic=0 quiet" "$("$tw_root/tests/kernels.sh" cloud)" \
		> "$tw_dir/tool.out" 2> "$tw_dir/tool.err" < /dev/null
	ok "a panic: the tool's exit status is 1" [ $? = 1 ] || sed 's/^/# /' "$tw_dir/tool.err"
fi
done_testing
