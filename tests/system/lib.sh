# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# What the system tests share: TAP output and tw_run, which boots one guest in QEMU and keeps what it
# said below build/system/NAME/. Source it; a test then reads like a list of claims.
#
#   TW_NATIVE=1   boot the same kernel without twoway: the self check of the tests
#   TW_LONG=1     more combinations than `make check` has time for
#   TW_QEMUS=N    how many virtual machines may run at a time on this host (2)
#   TW_SLOW=N     multiply all time limits (1): for machines that are slow or busy
#   TW_ABI=NAME   the guest ABI (xen-pv), for tests that do not choose one themselves
set -u
tw_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tw_out=$tw_root/build/system
tw_elf=$tw_root/build/twoway.elf
: "${TW_NATIVE:=}" "${TW_LONG:=}" "${TW_QEMUS:=2}" "${TW_SLOW:=1}" "${TW_ABI:=xen-pv}"
: "${TW_CPU:=max,la57=off}"
mkdir -p "$tw_out"

# --- TAP ------------------------------------------------------------------------------------------
tap_count=0
tap_failed=0

# ok DESCRIPTION COMMAND...: passes when COMMAND does.
ok() {
	local what=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@"; then
		echo "ok $tap_count - $what"
		return 0
	fi
	echo "not ok $tap_count - $what"
	tap_failed=$((tap_failed + 1))
	return 1
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}

# The last lines of what the guest and the shim said, as TAP comments: after a failure.
tap_tail() {
	local file
	for file in console debugcon qemu.err; do
		[ -s "$tw_dir/$file" ] || continue
		echo "# --- end of $tw_dir/$file:"
		tr -d '\r' < "$tw_dir/$file" | tail -n "${1:-15}" | sed 's/^/# /'
	done
}

# --- what the last run said -----------------------------------------------------------------------

# said REGEX: the guest's console shows it. shim_said REGEX: the shim's log does.
said() {
	tr -d '\r' < "$tw_dir/console" | grep -aqE -- "$1"
}

shim_said() {
	cat "$tw_dir/debugcon" "$tw_dir/console" 2>/dev/null | tr -d '\r' | grep -aqE -- "$1"
}

# The first line of the console that matches REGEX.
line() {
	tr -d '\r' < "$tw_dir/console" | grep -aE -m 1 -- "$1"
}

# How many times the guest came up.
boots() {
	grep -ac "^GUEST-UP" "$tw_dir/console"
}

# The kernel found nothing wrong with itself. The guest looks into its own log (GUEST-DMESG-...);
# the console is searched, too, for guests that do not come that far.
healthy() {
	said '^GUEST-DMESG-CLEAN' && ! said 'WARNING:|BUG:|Oops|Kernel panic|Call Trace:|rcu.*stall|soft lockup'
}

# How the shim said the guest ended: poweroff, reboot, crash, error ... Empty when it said nothing.
ending() {
	[ -e "$tw_dir/debugcon" ] || return 0
	tr -d '\r' < "$tw_dir/debugcon" | sed -n 's/^twoway-end: \([a-z]*\).*/\1/p' | tail -n 1
}

# The ledger's line, if there is one.
shim_ledger() {
	[ ! -e "$tw_dir/debugcon" ] || tr -d '\r' < "$tw_dir/debugcon" | grep -a '^{"twoway":'
}

# The ledger is one valid line of JSON that counts what a booted guest must have called.
ledger_valid() {
	local mode=resident must='mmu_update|update_va_mapping'
	[ "$tw_mode" = resident ] || { mode=nested must='cpuid|msr/hypercall'; }
	shim_ledger > "$tw_dir/ledger.json"
	[ "$(wc -l < "$tw_dir/ledger.json")" = 1 ] || return 1
	jq -e --argjson cpus "${1:-1}" --arg abi "${tw_abi%%[@:]*}@" --arg mode "$mode" --arg must "^($must)\$" '
		.twoway == 1 and (.abi | startswith($abi)) and .mode == $mode and
		.cpus == $cpus and (.host | length > 0) and (.calls | length > 5) and
		all(.calls[]; (.guest | length > 0) and (.op | type == "string") and .count > 0 and
			(.status | IN("done", "constant", "fallback", "missing"))) and
		any(.calls[]; .guest | test($must)) and
		(.missing | type == "array")' "$tw_dir/ledger.json" > /dev/null
}

# The ledger's counts of the calls (or with "exits" the exits) that match REGEX, added up.
ledger_count() {
	local list=calls key=guest
	[ "${2:-calls}" = calls ] || { list=exits key=reason; }
	shim_ledger |
		jq --arg re "^($1)\$" "[.${list}[] | select(.${key} | test(\$re)) | .count] | add // 0"
}

# --- running ----------------------------------------------------------------------------------------

# Take one of the host's places for a virtual machine; holds it while file descriptor 8 is open.
take_slot() {
	local n
	while :; do
		for n in $(seq "$TW_QEMUS"); do
			exec 8> "$tw_out/slot.$n"
			flock -n 8 && return
		done
		sleep 0.3
	done
}

# QEMU's options for the two ways to boot. In resident mode the guest's console is hvc0, in nested mode
# the machine's own. In the list of multiboot modules a comma inside a module's command line is doubled.
boot_options() {
	local kernel=$1 initrd=$2 append=$3 shim=$4 modules=$5 console=hvc0
	if [ -n "$TW_NATIVE" ]; then
		qemu+=(-kernel "$kernel" -append "console=ttyS0 $append")
		[ -z "$initrd" ] || qemu+=(-initrd "$initrd")
		return
	fi
	if [ "$tw_mode" = nested ]; then
		console=ttyS0
		shim="$shim abi=$tw_abi"
	fi
	if [ "$modules" = default ]; then
		modules="$kernel console=$console ${append//,/,,}"
		[ -z "$initrd" ] || modules="$modules,$initrd"
	fi
	if [ -n "$disc" ]; then
		qemu+=(-cdrom "$disc")
	else
		qemu+=(-kernel "$tw_elf" -append "$shim")
		[ -z "$modules" ] || qemu+=(-initrd "$modules")
	fi
	qemu+=(-chardev "file,id=shim,path=$tw_dir/debugcon" -device "isa-debugcon,iobase=0xe9,chardev=shim")
}

# Number of shell prompts on the console.
prompts() {
	tr -d '\r' < "$tw_dir/console" | grep -acE '^[~/] # '
}

# Type the next line once the guest's shell waits for it: the prompt after each line is awaited.
type_next() {
	[ "$typed" -lt "${#typing[@]}" ] || return 0
	[ "$(prompts)" -gt "$typed" ] || return 0
	printf '%s\r' "${typing[$typed]}" >&7
	typed=$((typed + 1))
}

# Start what --on asks for, once, when the console first shows its regex.
start_helper() {
	[ -n "$on_regex" ] && said "$on_regex" || return 0
	on_regex=""
	"$on_command" 5>&- 6>&- 7>&- 8>&- &
	helper=$!
}

# One command for QEMU's monitor (--monitor); its answers are kept in monitor.log.
monitor() {
	printf '%s\n' "$*" > "$tw_dir/monitor.in"
}

# Note when each regex of --mark was first seen: NUMBER SECONDS lines in marks.
note_marks() {
	local i
	for i in "${!marks[@]}"; do
		if said "${marks[$i]}"; then
			echo "$i $(date +%s.%N)" >> "$tw_dir/marks"
			unset "marks[$i]"
		fi
	done
}

# Watch the machine until it ends by itself, says that it has ended, or meets the expectation.
watch() {
	local pid=$1 expect=$2 again=$3 grace=15
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.1
		type_next
		note_marks
		start_helper
		if [ "$again" -gt 1 ]; then
			[ "$(boots)" -lt "$again" ] || break
			continue
		fi
		if [ -n "$expect" ] && said "$expect"; then
			met=yes
			break
		fi
		# After its last word the machine has a moment to power off; then it is merely halted.
		if [ -n "$(ending)" ]; then
			grace=$((grace - 1))
			[ "$grace" -gt 0 ] || break
		fi
	done
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

# How QEMU runs several CPUs where it must not execute stale translations (docs/testing.md): "multi",
# a thread for each, or "single" before version 8.1.
safe_threads() {
	qemu-system-x86_64 --version | awk '/version/ { split($4, v, "."); print (v[1] * 100 + v[2] >= 801) ? "multi" : "single" }'
}

# tw_run NAME [--abi NAME] [--kernel FILE] [--initrd FILE] [--append STR] [--smp N] [--mem SIZE]
#     [--machine TYPE] [--cpu MODEL] [--threads single|multi] [--timeout SECONDS] [--shim STR]
#     [--modules STR] [--disc FILE] [--expect REGEX] [--mark REGEX]... [--type LINE]... [--again N] [--monitor yes]
#     [--on REGEX FUNCTION] [-- QEMU-OPTION...]
# Boot a guest; its console is kept in $tw_dir/console, the shim's log in $tw_dir/debugcon. --modules
# replaces the whole module list (for wrong ones); --expect ends the run when the console shows it. --again N
# lets the machine reboot and ends the run at the N-th boot. --on runs a function beside the guest when the
# console first shows REGEX; with --monitor it can speak to QEMU's monitor.
# --disc boots that file, which brings shim and modules, instead of QEMU's loader.
# Status: 0 the guest powered off or the expectation was met, 1 it failed or crashed, 3 time ran out.
tw_run() {
	local name=$1 kernel="" initrd="" append="" smp=1 mem=256M machine=pc cpu=$TW_CPU limit=120
	local threads="" shim="ledger" modules=default disc="" expect="" again=1 status met="" typed=0 end
	local helper="" on_regex="" on_command="" monitor="" drain=""
	local -a qemu=() typing=() marks=()
	tw_abi=$TW_ABI
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--abi) tw_abi=$2 ;;
		--kernel) kernel=$2 ;;
		--initrd) initrd=$2 ;;
		--append) append=$2 ;;
		--smp) smp=$2 ;;
		--mem) mem=$2 ;;
		--machine) machine=$2 ;;
		--cpu) cpu=$2 ;;
		--timeout) limit=$2 ;;
		--threads) threads=$2 ;;
		--shim) shim=$2 ;;
		--modules) modules=$2 ;;
		--disc) disc=$2 ;;
		--expect) expect=$2 ;;
		--mark) marks+=("$2") ;;
		--again) again=$2 ;;
		--type) typing+=("$2") ;;
		--monitor) monitor=$2 ;;
		--on) on_regex=$2 on_command=$3; shift ;;
		--) shift; break ;;
		*) echo "tw_run: unknown option $1" >&2; return 2 ;;
		esac
		shift 2
	done
	tw_mode=resident
	case $tw_abi in hyperv* | native*) tw_mode=nested ;; esac
	tw_dir=$tw_out/$name
	# Two runs of a test in one tree: the second waits until the first has looked at its results.
	exec 6> "$tw_out/lock.$name"
	flock 6
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	: > "$tw_dir/marks"
	[ -n "$kernel" ] || kernel=$("$tw_root/tests/kernels.sh" cloud) || return 1
	qemu=(qemu-system-x86_64 -accel "tcg${threads:+,thread=$threads}" -machine "$machine" -cpu "$cpu"
		-smp "$smp" -m "$mem" -nodefaults -display none -serial stdio)
	if [ -n "$monitor" ]; then
		mkfifo "$tw_dir/monitor.in" "$tw_dir/monitor.out"
		exec 5<> "$tw_dir/monitor.out"
		cat <&5 > "$tw_dir/monitor.log" 6>&- &
		drain=$!
		qemu+=(-chardev "pipe,id=monitor,path=$tw_dir/monitor" -mon chardev=monitor)
	else
		qemu+=(-monitor none)
	fi
	[ "$again" -gt 1 ] || qemu+=(-no-reboot)
	boot_options "$kernel" "$initrd" "$append" "$shim" "$modules"
	qemu+=("$@")
	printf '%q ' "${qemu[@]}" > "$tw_dir/command"

	take_slot
	mkfifo "$tw_dir/input"
	exec 7<> "$tw_dir/input"
	timeout -k 5 "$((limit * TW_SLOW))" "${qemu[@]}" < "$tw_dir/input" > "$tw_dir/console" \
		2> "$tw_dir/qemu.err" 5>&- 6>&- 7>&- 8>&- &
	watch "$!" "$expect" "$again"
	status=$?
	[ -z "$helper" ] || { kill "$helper"; wait "$helper"; } 2> /dev/null
	[ -z "$drain" ] || { kill "$drain"; wait "$drain"; } 2> /dev/null
	exec 5>&- 7>&- 8>&-

	end=$(ending)
	[ "$status" != 124 ] || return 3
	if [ -n "$expect" ]; then
		[ -n "$met" ] || said "$expect"
	elif [ -n "$TW_NATIVE" ]; then
		[ "$status" = 0 ]
	else
		[ "$end" = poweroff ]
	fi
}
