#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The Hyper-V guest ABI of nested mode, by guests of our own (tests/guests/hv): one subject each, which
# is checked against the TLFS from inside. On the full profile with one and four CPUs; on "fast" those
# that show that what is not offered is not there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
[ -z "$TW_NATIVE" ] || skip_all "there is no Hyper-V without twoway"
guests=$tw_root/build/guests/hv
make -s -C "$tw_root" hyperv-guests > "$tw_out/hyperv-guests.log" 2>&1 || {
	sed 's/^/# /' "$tw_out/hyperv-guests.log"
	echo "Bail out! the guests do not build"
	exit 1
}

# All cases came to a verdict, and none of them is against us.
all_well() {
	said '^END [0-9]+ cases, 0 failures' && ! said '^(FAILURE|ERROR)'
}

# conformance GUEST CPUS PROFILE [ENDING]
conformance() {
	local label="$1, $2 CPUs, $3" want=${4:-poweroff}
	tw_run "hyperv-$1-$2-$3" --smp "$2" --mem 128M --timeout 60 --modules "$guests/$1" \
		--shim "ledger console=debugcon abi=hyperv@1:$3 force=hv-testdev"
	ok "$label: ends by $want" [ "$(ending)" = "$want" ] || tap_tail
	[ "$want" != poweroff ] || ok "$label: nothing is wrong" all_well || tap_tail
	tr -d '\r' < "$tw_dir/console" | sed -n 's/^SKIP /# SKIP /p'
}

# What the shim runs per exit, in instructions (QEMU counts them), with eight CPUs; and what it keeps of the memory then.
handlers() {
	local name limit all tables
	tw_run hyperv-handlers --smp 8 --mem 128M --timeout 60 --modules "$guests/handlers" \
		--shim "ledger console=debugcon abi=hyperv@1:full" -- -icount shift=0,sleep=off
	ok "handlers: nothing is wrong" all_well || tap_tail
	while read -r name limit; do
		ok "handlers: $name in at most $limit instructions" at_most "$(told "HANDLER $name")" "$limit" ||
			echo "# it took $(told "HANDLER $name")"
	done <<- END
		cpuid 300
		cpuid_hypervisor 300
		rdmsr_time 300
		rdmsr_vp_index 300
		wrmsr_eoi 300
		spin_wait 300
		flush_own 600
		vp_index_of_apic_id 600
		wrmsr_stimer_count 700
	END
	read -r all tables < <(tr -d '\r' < "$tw_dir/debugcon" |
		sed -n 's/^twoway: memory: \([0-9]*\) bytes resident, \([0-9]*\) of them tables$/\1 \2/p')
	ok "with 8 CPUs the shim keeps at most 128 KB, and tables (${all:-?} bytes, ${tables:-?} of them tables)" \
		at_most "${tables:+$((all - tables))}" 131072
}

for file in "$guests"/*.c.o; do
	name=$(basename "$file" .c.o)
	case $name in
	lifecycle) conformance lifecycle 4 full ;; # nobody to start with one CPU
	handlers) handlers ;;
	debug | privilege) conformance "$name" 4 full ;; # one CPU makes no difference
	crash)
		conformance crash 1 full crash
		ok "crash: the shim tells the last words" shim_said 'guest crashed: Kernel panic - not syncing: \?\[31mconformance'
		;;
	reset) conformance reset 1 full reboot ;;
	eoiassist)
		for cpus in 1 4; do
			conformance "$name" "$cpus" full
			ok "eoiassist: some interrupts need no EOI" said '^ASSISTED yes'
		done
		conformance "$name" 1 full-eoiassist
		ok "eoiassist, not offered: none is assisted" said '^ASSISTED no'
		;;
	*)
		conformance "$name" 1 full
		conformance "$name" 4 full
		;;
	esac
done
for name in discovery invalid shimmem; do
	[ ! -e "$guests/$name" ] || conformance "$name" 2 fast
done
conformance clock 2 fast+invariant
ok "clock: the TSC is invariant on request" said '^SUCCESS TSC_INVARIANT_CONTROL'
done_testing
