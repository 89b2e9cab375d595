#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# A guest that is paused and then moved to another QEMU of the same lab while it sleeps (move-init): it wakes, its
# clock has not gone back nor leapt, its kernel is healthy, and the shim has seen the page with the hypervisor's clock become
# another one (by its version or sequence). QEMU takes that clock along, and the TSC's value
# with it. Another TSC rate cannot be had here, since the emulated SVM does not scale the TSC: unit tests do that.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/cases.sh"

cases_begin
cp "$tw_root/tests/hosts/move-init" "$cases_tree/tw/"
for host in kvm kvm-hyperv; do
	cases_add "$host" --host "$host-lab" --shim "ledger log=debug" --mem 256M --smp 2 --append "tw.test=sleep quiet" || exit 1
done
ok "the lab runs all guests" cases_run move || tap_tail

# Uptime's difference over five sleeps of a second, of whole seconds: 5 or 6; a pause or the way counts at most once.
slept() {
	local seconds
	seconds=$(line '^GUEST-SLEEP-END' | tr -cd '0-9')
	[ -n "$seconds" ] && [ "$seconds" -ge 5 ] && [ "$seconds" -le $((30 * TW_SLOW)) ]
}

# What the shim said after the guest came to the other QEMU; the page may be written anew for other reasons, too.
after_move() {
	awk '/^MOVED/ { on = 1 } on' "$tw_dir/debugcon" | grep -aqE "$1"
}

all=$tw_dir
for host in kvm kvm-hyperv; do
	cases_has "$host" || continue
	tw_dir=$all
	case_pick "$host"
	ok "$host: it was really moved" said '^MOVED [1-9][0-9]{6}'
	ok "$host: the clock's page has become another, which the shim saw" after_move 'the host has written its clock anew'
	ok "$host: it slept on ($(line '^GUEST-SLEEP-END'))" slept
	ok "$host: powers off, is healthy" eval 'healthy && [ "$(ending)" = poweroff ]' || tap_tail
done
done_testing
