# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# What the tests of the VMI ROM in labs share. Source it behind lab.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../system/vmi.sh"

# vmi_lab NAME HOST ABI CPUS WORDS
vmi_lab() {
	local status
	tw_dir=$tw_out/vmi-$1
	exec 6> "$tw_out/lock.vmi-$1"
	flock 6
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	: > "$tw_dir/debugcon"
	take_slot
	timeout -k 5 $((320 * TW_SLOW)) "$twoway" run --host "$2" --abi "$3" --smp "$4" --mem 128M --timeout $((300 * TW_SLOW)) \
		--append "$5 serial" "$vmi_bzimage" > "$tw_dir/console" 2> "$tw_dir/qemu.err" < /dev/null 8>&-
	status=$?
	exec 8>&-
	if [ "$status" = 4 ]; then
		[ "$tap_count" -gt 0 ] || skip_all "$(tail -n 1 "$tw_dir/qemu.err")"
		skip "$1" "$(tail -n 1 "$tw_dir/qemu.err")"
		return
	fi
	vmi_lines "$1" "$tw_dir/console"
	ok "$1: powers off" [ "$status" = 0 ] || tap_tail
	ok "$1: and found nothing wrong" said '^GUEST-DONE good'
}
# exits CASE THING: all but what is not the guest's doing (exits.t; "nm": a Xen that switches FPUs lazily).
exits() {
	case_text "$1" console | awk -v thing="$2" '
		$1 == "EXITS" && $2 == thing && $3 !~ /^(interrupt|vintr|nm)$/ { n += $4 } END { print n + 0 }'
}

reasons() {
	case_text "$1" console | awk -v thing="$2" -v rounds="$rounds" '
		$1 == "EXITS" && $2 == thing { printf "%.2f %s\n", $4 / rounds, $3 }' | sort -rn | head -n 6 |
		awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $2, $1 }'
}

