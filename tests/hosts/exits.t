#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The yardstick of a host side: how often a guest makes the hypervisor work. The same Debian kernel runs natively
# on KVM with all that KVM offers, and under twoway as a Xen PV guest; then the same on Hyper-V's interface, against
# Linux's own Hyper-V drivers. KVM's trace counts the exits of each operation (tests/guests/lab/marked.c). Every
# row must be at most a tenth above native.
#
# Work has a least number of exits; a busy machine adds to it, as who waits for whom, halts and is woken then depends on
# chance. So of up to three tries the best of twoway's counts, and the middle one of the native guest's, since chance can
# also take work away (a partner that does not run need not be interrupted: 12 exits for 50 membarriers instead of 100).
# Further tries are made only while a row is above.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/../system/hyperv.sh"
rounds=50
things="idle timer busy ipi barrier flush" # "none" goes before: the mark that switches the trace on is not in it
spare=5 # exits that a tick or two more or less in one of the runs may bring
tries=3
declare -A tried # by "CASE THING"

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

# ticks CASE THING: interrupts of its timers that the guest's kernel counted meanwhile.
ticks() {
	case_text "$1" console | tr -d '\r' | awk -v thing="$2" '$1 == "MARKED-TICKS" && $2 == thing { n = $3 } END { print n + 0 }'
}

# work CASE THING: what is compared; of busy, for each thousand of its timers; of idle, for each hundred interrupts of the
# guest's timers: a kernel that sleeps wakes by itself, and how often, the machine's load decides (37 or 57 times in 5 s).
work() {
	local case=$1 n
	n=$(($(exits "$case" "$2") - $(exits "$case" "$2" "$others")))
	case "$2" in
	busy) echo $((n * 1000 / $(exits "$case" busy "$timers"))) ;;
	idle) echo $((n * 100 / $(ticks "$case" idle))) ;;
	ipi | barrier | flush) echo $((n - $(exits "$case" "$2" "$timers"))) ;;
	*) echo "$n" ;;
	esac
}

# complete CASE: its guest did all, and its count has no hole; else none of its numbers means anything.
complete() {
	case_text "$1" console | grep -q ^MARKED-DONE && case_text "$1" console | grep -qx 'EXITS-LOST 0' &&
		[ "$(ticks "$1" idle)" -gt 0 ]
}

# keep CASE: remember what each thing took, all tries in ascending order.
keep() {
	local thing
	for thing in $things; do
		tried[$1 $thing]=$(printf '%s\n' ${tried[$1 $thing]:-} "$(work "$1" "$thing")" | sort -n | tr '\n' ' ')
	done
}

# least HOST THING, usual HOST THING: what twoway took in its best try, the native guest in the middle one.
least() {
	set -- ${tried[$1-xen-pv $2]:-}
	echo "${1:-}"
}

usual() {
	set -- ${tried[$1-native $2]:-}
	shift $(($# / 2))
	echo "${1:-}"
}

# no_more HOST THING: under twoway at most a tenth more than natively.
no_more() {
	local native twoway
	native=$(usual "$1" "$2")
	twoway=$(least "$1" "$2")
	[ -n "$native" ] && [ -n "$twoway" ] || return 1
	{ [ "$2" = flush ] || [ "$twoway" -gt 0 ]; } && [ $((twoway * 10)) -le $((native * 11 + spare * 10)) ]
}

none_above() {
	local thing
	for thing in $things; do
		no_more "$1" "$thing" || return 1
	done
}

# attempt HOST: run both guests in one boot of the lab, and keep what they took.
attempt() {
	local abi
	cases_run "exits-$1" --trace || return 1
	for abi in native xen-pv; do
		complete "$1-$abi" || return 1
		keep "$1-$abi"
	done
}

for host in kvm kvm-hyperv; do
	cases_has "$host-native" && cases_has "$host-xen-pv" || continue
	cases_begin
	for abi in native xen-pv; do
		cases_add "$host-$abi" --host "$host-lab" --abi "$abi" --smp 2 \
			--append "tw.test=marked tw.args=$rounds,none,${things// /,} quiet" || exit 1
	done
	for ((try = 1; try <= tries; try++)); do
		ok "$host: both guests do the work, no event is lost" attempt "$host" || { tap_tail; break; }
		! none_above "$host" || break
	done
	for thing in $things; do
		ok "$host: $thing: $(least "$host" "$thing") exits under twoway, $(usual "$host" "$thing") natively" \
			no_more "$host" "$thing"
		echo "# native $(reasons "$host-native" "$thing")"
		echo "# twoway $(reasons "$host-xen-pv" "$thing")"
	done
	# The count is of real work.
	ok "$host: each sleep sets a timer" at_least "$(exits "$host-xen-pv" timer "$timers")" "$rounds"
	ok "$host: each round trip halts" at_least "$(exits "$host-xen-pv" ipi '^hlt')" "$rounds"
done
done_testing
