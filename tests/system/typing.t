#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What is typed on the console is echoed and executed by the guest's shell: console input, and
# interrupts for it while the guest is idle.
. "$(dirname "$0")/lib.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1

# Longer than any input buffer of a UART or of the shim.
long=$(printf '%0400d' 7)
for cpus in 1 2; do
	tw_run "typing-$cpus" --initrd "$guest" --smp "$cpus" --append "tw.test=shell panic=-1 loglevel=4" \
		--type 'echo typed-$((6 * 7))' --type "echo $long | wc -c" --type 'sleep 1; echo after-sleep' \
		--type 'exit'
	ok "$cpus CPUs: powers off after exit" [ $? = 0 ] || tap_tail
	ok "$cpus CPUs: the typed line is echoed" said 'echo typed-\$\(\(6 \* 7\)\)$'
	ok "$cpus CPUs: the shell executes it" said '^typed-42$'
	ok "$cpus CPUs: a long line arrives whole" said '^401$'
	ok "$cpus CPUs: input works after idling" said '^after-sleep$'
	ok "$cpus CPUs: a healthy kernel log" healthy
done
done_testing
