#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# A guest's root reads and writes every page that the shim keeps, through /dev/mem: it reads nothing and
# changes nothing. A look from outside (QEMU's monitor) proves both: the shim's own words are in memory
# where the guest saw none, and what the guest wrote is in the one page that is there to take it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
[ -z "$TW_NATIVE" ] || skip_all "there is no shim natively"
guest=$("$tw_root/tests/initramfs.sh") || exit 1
magic=SHIMHERE

# Where the firmware's own reserved memory begins, by the same machine without twoway.
TW_NATIVE=1 tw_run hyperv-memory-native --initrd "$guest" --mem 512M --append "tw.test=iomem panic=-1 quiet"
firmware=$(tr -d '\r' < "$tw_dir/console" | sed -n 's/^GUEST-IOMEM \(1f[0-9a-f]*\)-1fffffff : Reserved/\1/p')
ok "the firmware's reserved memory is known" [ -n "$firmware" ]

# Dump each range the guest attacked, while it still runs.
dump() {
	local from size n=0
	while read -r _ from size; do
		n=$((n + 1))
		monitor "pmemsave $from $size \"$tw_dir/memory.$n\""
	done < <(tr -d '\r' < "$tw_dir/console" | grep -a '^SHIMMEM-RANGE')
}

tw_run hyperv-memory --abi hyperv@1:full --smp 2 --mem 512M --initrd "$guest" --monitor yes \
	--on '^SHIMMEM-DONE' dump --append "tw.test=shimmem tw.args=$magic,$firmware panic=-1 quiet"
ok "it goes on as if nothing was, and powers off" [ $? = 0 ] || tap_tail
ok "a healthy kernel log" healthy
ok "a valid ledger" ledger_valid 2
line '^SHIMMEM-DONE' | sed 's/^/# /'
pages=$(line '^SHIMMEM-DONE' | sed 's/.* pages \([0-9]*\) .*/\1/')
ok "all that the shim keeps was tried" at_least "$pages" 100
ok "nothing of the shim is seen" said '^SHIMMEM-DONE pages [0-9]* seen 0 changed 0$'
ok "from outside the same memory was seen" \
	[ "$(cat "$tw_dir"/memory.[0-9]* 2> /dev/null | wc -c)" = $((pages * 4096)) ]
words() {
	cat "$tw_dir"/memory.[0-9]* | grep -aq 'twoway-end: '
}
ok "... where the shim's words are" words
# All its pages show the guest one page, the sink: there, and only there, is what the guest wrote.
found=$(cat "$tw_dir"/memory.[0-9]* | grep -ao "$magic" | wc -l)
ok "... and what the guest wrote is in the sink alone ($found times)" [ "$found" = 64 ]
done_testing
