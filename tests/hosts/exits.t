#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The yardstick of a host side: how often a guest makes the hypervisor work. The same Debian kernel runs natively
# on KVM with all that KVM offers, and under twoway as a Xen PV guest; then the same on Hyper-V's interface, against
# Linux's own Hyper-V drivers. KVM's trace counts the exits of each operation (tests/guests/lab/marked.c). Every
# row must be at most a tenth above native.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/../system/hyperv.sh"
rounds=50
things="idle timer busy ipi barrier flush" # "none" goes before: the mark that switches the trace on is not in it
spare=5 # exits that a tick or two more or less in one of the runs may bring
# The lab of the first pair runs under virtual time: only then this machine's load has no say in who waits, halts and
# wakes whom. Hyper-V's own drivers take very long under it, but there the ratios are far from the limit.
declare -A virtual=([kvm]=1 [kvm-hyperv]=)


# exits CASE THING [REGEX]: counted, all reasons or those that match.
exits() {
	case_text "$1" console | awk -v thing="$2" -v regex="${3:-.}" '
		$1 == "EXITS" && $2 == thing && $3 ~ regex { n += $4 } END { print n + 0 }'
}

# reasons CASE THING: the most frequent ones, each per round.
reasons() {
	case_text "$1" console | awk -v thing="$2" -v rounds="$rounds" '
		$1 == "EXITS" && $2 == thing { printf "%.2f %s\n", $4 / rounds, $3 }' | sort -rn | head -n 6 |
		awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $2, $1 }'
}

# Not the guest's doing: interrupts of the lab's own CPU that hit the guest, and waiting until it takes them
# in; they and ticks come with time, and a busy machine stretches it. With CASES_ICOUNT=1 all may be compared (on KVM).
timers='^msr_write:(6e0|400000b1)$'
others='^(interrupt|vintr)$'

# work CASE THING: what is compared; of busy, for each thousand of its timers.
work() {
	local case=$1 n
	n=$(($(exits "$case" "$2") - $(exits "$case" "$2" "$others")))
	case "$2" in
	busy) echo $((n * 1000 / $(exits "$case" busy "$timers"))) ;;
	ipi | barrier | flush) echo $((n - $(exits "$case" "$2" "$timers"))) ;;
	*) echo "$n" ;;
	esac
}

# no_more THING NATIVE TWOWAY: at most a tenth more.
no_more() {
	{ [ "$1" = flush ] || [ "$3" -gt 0 ]; } && [ $(($3 * 10)) -le $(($2 * 11 + spare * 10)) ]
}

for host in kvm kvm-hyperv; do
	cases_begin
	for abi in native xen-pv; do
		cases_add "$host-$abi" --host "$host-lab" --abi "$abi" --smp 2 \
			--append "tw.test=marked tw.args=$rounds,none,${things// /,} quiet" || exit 1
	done
	cases_has "$host-native" && cases_has "$host-xen-pv" || continue
	CASES_ICOUNT=${virtual[$host]}
	ok "$host: the lab runs both guests" cases_run "exits-$host" --trace || tap_tail
	for abi in native xen-pv; do
		ok "$host, $abi: the work is done" eval "case_text $host-$abi console | grep -q ^MARKED-DONE"
		ok "$host, $abi: no event was lost" eval "case_text $host-$abi console | grep -qx 'EXITS-LOST 0'"
	done
	for thing in $things; do
		native=$(work "$host-native" "$thing")
		twoway=$(work "$host-xen-pv" "$thing")
		ok "$host: $thing: $twoway exits under twoway, $native natively" no_more "$thing" "$native" "$twoway"
		echo "# native $(reasons "$host-native" "$thing")"
		echo "# twoway $(reasons "$host-xen-pv" "$thing")"
	done
	# The count is of real work.
	ok "$host: each sleep sets a timer" at_least "$(exits "$host-xen-pv" timer "$timers")" "$rounds"
	ok "$host: each round trip halts" at_least "$(exits "$host-xen-pv" ipi '^hlt')" "$rounds"
done
done_testing
