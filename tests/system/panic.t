#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# A guest kernel's panic is reported as a crash, with the panic's text on the console.
. "$(dirname "$0")/lib.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1

panics="panic=-1 panic=0"
[ -z "$TW_NATIVE" ] || panics=panic=-1 # natively a kernel waits for ever with panic=0
for panic in $panics; do
	tw_run "panic" --initrd "$guest" --append "tw.test=panic $panic" --timeout 60
	status=$?
	ok "$panic: the console shows the panic" said 'Kernel panic - not syncing: sysrq triggered crash' || tap_tail
	[ -n "$TW_NATIVE" ] && continue
	ok "$panic: the end is called a crash" [ "$(ending)" = crash ] || tap_tail
	ok "$panic: the run counts as failed" [ $status = 1 ]
	ok "$panic: the shim says so in one line" shim_said '^twoway: the guest crashed'
done

# A kernel that finds no root file system panics by itself.
tw_run panic-no-root --append "panic=-1" --timeout 60
ok "no initrd: the console shows the panic" said 'Kernel panic - not syncing: VFS: Unable to mount root' || tap_tail
[ -n "$TW_NATIVE" ] || ok "no initrd: the end is called a crash" [ "$(ending)" = crash ]
done_testing
