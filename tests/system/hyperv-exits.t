#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What leaves guest mode, counted under virtual time. The same program runs twice, once with its work left
# out (tests/guests/nested/loops.c), and the ledgers' exits are compared.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
[ -z "$TW_NATIVE" ] || skip_all "there are no exits natively"
guest=$("$tw_root/tests/initramfs.sh") || exit 1

# run NAME ABI CPUS ARGUMENTS
run() {
	tw_run "hyperv-exits-$1" --abi "$2" --smp "$3" --mem 512M --initrd "$guest" --timeout 200 \
		--append "tw.test=loops tw.args=$4 panic=-1 quiet" -- -icount shift=0,sleep=off
	ok "$1: runs and powers off" [ "$? $(said '^LOOPS-DONE'; echo $?)" = "0 0" ] || tap_tail
}

# pair ABI CPUS WHAT: both runs; then "more exits REGEX" and "more calls REGEX" say what the work added.
pair() {
	local name=${1##*:}
	run "$name-without" "$1" "$2" "0,$3"
	without=$(shim_ledger)
	run "$name-with" "$1" "$2" "1,$3"
	with=$(shim_ledger)
}

more() {
	local key=guest
	[ "$1" = calls ] || key=reason
	jq -n --argjson a "$without" --argjson b "$with" --arg list "$1" --arg key "$key" --arg re "^($2)\$" '
		def sum(l): [l[$list][] | select(.[$key] | test($re)) | .count] | add // 0;
		sum($b) - sum($a)'
}

pair hyperv@1:fast 1 idle,calls,forks,faults
ok "fast: booting exits for CPUID and $(ledger_count 'rdmsr|wrmsr' exits) set-up MSRs" \
	[ "$(ledger_count '.*' exits)" = $(($(ledger_count 'cpuid|rdmsr|wrmsr|io' exits))) ]
ok "fast: few MSRs" at_most "$(ledger_count 'rdmsr|wrmsr' exits)" 20
ok "fast: no exit idle, in system calls, forks, page faults ($(more exits '.*'))" [ "$(more exits '.*')" = 0 ]

pair hyperv@1:full 2 idle,flush
ticks=$(more calls 'stimer expiry')
flushes=$(more calls 'HvCallFlush.*')
ipis=$(more calls 'HvCallSendSyntheticClusterIpi.*')
echo "# $ticks ticks, $flushes flushes, $ipis IPIs; exits: $(more exits '.*'), of them hypercall" \
	"$(more exits hypercall), nmi $(more exits nmi), interrupt $(more exits interrupt), wrmsr $(more exits wrmsr)"
ok "full: the work flushes the other CPU" at_least "$flushes" 1000
ok "full: ... and takes ticks meanwhile" at_least "$ticks" 100
ok "full: a hypercall exit for each flush and IPI" [ "$(more exits hypercall)" = $((flushes + ipis)) ]
ok "full: and one to deliver a flush" at_most "$(more exits nmi)" $((flushes + flushes / 50))
# A tick: its expiry and STIMER_COUNT, since it needs no EOI; an IPI: it comes, and EOI.
ok "full: two exits for a tick, two to deliver an IPI" \
	at_most "$(more exits 'interrupt|wrmsr|rdmsr|window')" $(((ticks + ipis) * 2 * 102 / 100))
done_testing
