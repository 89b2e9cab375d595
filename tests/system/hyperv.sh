# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# What the tests of the Hyper-V guest ABI share: sourced after lib.sh. Natively (TW_NATIVE=1) the same
# guests run, and only what they say of themselves is judged.

# The first word after KEY in the guest's lines "KEY word ...", "" when it is not there.
told() {
	tr -d '\r' < "$tw_dir/console" | sed -n "s/^$1 \\([^ ]*\\).*/\\1/p" | head -n 1
}

# at_least A B, at_most A B: both are numbers, and A is not less (not more) than B.
at_least() {
	[ -n "$1" ] && [ -n "$2" ] && [ "$1" -ge "$2" ]
}

at_most() {
	[ -n "$1" ] && [ -n "$2" ] && [ "$1" -le "$2" ]
}

# The clock event device that a profile gives a Linux guest.
clock_event() {
	case $1 in
	*:full*) echo 'Hyper-V clockevent' ;;
	*) echo 'lapic(-deadline)?' ;;
	esac
}

# S2 and S3 would lose the shim (translators/bare/host_sleep.c); the others are offered.
sleeps_hidden() {
	said '^GUEST-SLEEPS S0 .*S5' && ! said '^GUEST-SLEEPS.* S[23]'
}

# sees_hyperv LABEL ABI CPUS: the guest found Hyper-V and lives on its clocks; the ledger is right.
sees_hyperv() {
	[ -z "$TW_NATIVE" ] || return 0
	ok "$1: sees Microsoft Hyper-V" said '^GUEST-HYPERVISOR Hypervisor detected: Microsoft Hyper-V$'
	ok "$1: its clock source" [ "$(told GUEST-CLOCK)" = hyperv_clocksource_tsc_page ]
	ok "$1: its clock event device" said "^GUEST-CLOCKEVENT $(clock_event "$2")\$"
	ok "$1: no sleep that the shim would not survive" sleeps_hidden
	ok "$1: a valid ledger" ledger_valid "$3"
	# One of each by the kernel's start-up code, and on each CPU (hv_init.c, hyperv_timer.c).
	ok "$1: the identity is told once" [ "$(ledger_count msr/guest_os_id)" = 1 ]
	ok "$1: the hypercall page is asked for once" [ "$(ledger_count msr/hypercall)" = 1 ]
	ok "$1: the clock page is asked for once" [ "$(ledger_count msr/reference_tsc)" = 1 ]
	ok "$1: every CPU reads its VP index" [ "$(ledger_count msr/vp_index)" = "$3" ]
	ok "$1: every CPU sets its assist page" [ "$(ledger_count msr/vp_assist_page)" = "$3" ]
	ok "$1: nothing is missing" [ "$(shim_ledger | jq '.missing | length')" = 0 ]
}
