# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# What the tests in host labs share: one guest in one lab, by the tool, and questions to its console and
# ledger. Source it. A lab boots a hypervisor inside an emulator: half a minute each.
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
twoway=$tw_root/build/twoway
lab_guest=$("$tw_root/tests/initramfs.sh") || exit 1

# lab_run NAME LABEL HOST OPTION...: boot the test guest there; without --append it says hello. Returns the
# tool's status. Where the lab cannot be had on this machine it ends the script by SKIP, or returns 4.
lab_run() {
	local name=$1 label=$2 host=$3 status
	shift 3
	case " $* " in
	*" --append "*) ;;
	*) set -- "$@" --append tw.test=hello ;;
	esac
	tw_dir=$tw_out/$name
	exec 6> "$tw_out/lock.$name"
	flock 6
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	take_slot
	timeout -k 5 $((920 * TW_SLOW)) "$twoway" run --host "$host" --timeout $((900 * TW_SLOW)) \
		--ledger "$tw_dir/ledger.json" --initrd "$lab_guest" "$@" debian-cloud \
		> "$tw_dir/console" 2> "$tw_dir/qemu.err" < /dev/null
	status=$?
	exec 8>&-
	if [ "$status" = 4 ]; then
		[ "$tap_count" -gt 0 ] || skip_all "$(tail -n 1 "$tw_dir/qemu.err")"
		skip "$label" "$(tail -n 1 "$tw_dir/qemu.err")"
	fi
	return "$status"
}

# lab ...: the same, and the guest must power off in good health.
lab() {
	local status
	lab_run "$@"
	status=$?
	[ "$status" != 4 ] || return
	ok "$2: boots and powers off" [ "$status" = 0 ] || tap_tail
	ok "$2: a healthy kernel log" healthy
}

# lab_end STATUS REGEX ...: the same, and this is how the tool must say that the guest ended.
lab_end() {
	local status wanted=$1 regex=$2
	shift 2
	lab_run "$@"
	status=$?
	[ "$status" != 4 ] || return
	ok "$2: the exit status is $wanted" [ "$status" = "$wanted" ] || tap_tail
	ok "$2: the tool says so" grep -qE "$regex" "$tw_dir/qemu.err" || tap_tail
}

ledger() {
	[ -s "$tw_dir/ledger.json" ] && jq -e "$1" "$tw_dir/ledger.json" > /dev/null
}

# native CALL [LEAST]: the host side really made that call, at least so often.
native() {
	[ -s "$tw_dir/ledger.json" ] &&
		jq -e --arg call "$1" --argjson least "${2:-1}" \
			'any(.native[]; .call == $call and .count >= $least)' "$tw_dir/ledger.json" > /dev/null
}

# stolen: of the ticks of tw.test=steal a tenth at least was taken away, and not nearly all.
stolen() {
	line '^GUEST-STEAL' | awk '{ good = $4 > 100 && $2 * 10 >= $4 && $2 * 10 <= $4 * 9 } END { exit !good }'
}
