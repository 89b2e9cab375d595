#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# An idle guest sleeps and wakes in time: five sleeps of a second take five seconds by the guest's
# clock and by the host's, and meanwhile the virtual machine does not keep its CPU busy.
. "$(dirname "$0")/lib.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1

# Seconds between the two marks, by the host's clock.
elapsed() {
	awk '$1 == 0 { from = $2 } $1 == 1 { print $2 - from }' "$tw_dir/marks"
}

between() {
	awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(x != "" && x >= low && x <= high) }'
}

for cpus in 1 2; do
	tw_run "sleep-$cpus" --initrd "$guest" --smp "$cpus" --append "tw.test=sleep panic=-1" \
		--mark '^GUEST-SLEEP-START' --mark '^GUEST-SLEEP-END'
	ok "$cpus CPUs: powers off" [ $? = 0 ] || tap_tail
	took=$(elapsed)
	ok "$cpus CPUs: five seconds are five by the guest's clock" said '^GUEST-SLEEP-END [56]$'
	ok "$cpus CPUs: ... and by the host's ($took)" between "$took" 4.7 8
	ok "$cpus CPUs: a healthy kernel log" healthy
done

# The same under time that stands still unless the guest works or waits (-icount, sleep=off): a
# guest that polls instead of halting would execute millions of instructions per second slept.
tw_run sleep-icount --initrd "$guest" --append "tw.test=sleep panic=-1" \
	--mark '^GUEST-SLEEP-START' --mark '^GUEST-SLEEP-END' -- -icount shift=0,sleep=off
ok "virtual time: powers off" [ $? = 0 ] || tap_tail
took=$(elapsed)
ok "virtual time: an idle CPU halts (five virtual seconds in $took s)" between "$took" 0 2.5
done_testing
