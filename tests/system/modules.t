#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Kernel modules are loaded, used and unloaded: code that the kernel writes into its own address
# space at run time, relocates, makes read-only and executable, and gives back.
. "$(dirname "$0")/lib.sh"

flavours="cloud"
[ -z "$TW_LONG" ] || flavours="cloud generic"
for flavour in $flavours; do
	initrd=$("$tw_root/tests/initramfs.sh" "$flavour") || exit 1
	tw_run "modules-$flavour" --kernel "$("$tw_root/tests/kernels.sh" "$flavour")" --initrd "$initrd" \
		--smp 2 --mem 512M --append "tw.test=modules panic=-1 loglevel=5"
	ok "$flavour: powers off" [ $? = 0 ] || tap_tail
	for module in loop squashfs dummy veth tun; do
		for round in 1 2; do
			ok "$flavour: load and unload $module, round $round" \
				said "^SUCCESS modules.$module.$round"
		done
	done
	ok "$flavour: a filesystem on a loop device" said '^SUCCESS modules.ext4-on-loop'
	ok "$flavour: a network device answers" said '^SUCCESS modules.dummy-ping'
	ok "$flavour: a healthy kernel log" healthy
done
done_testing
