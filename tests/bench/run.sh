#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Benchmark: the same unmodified kernel and the same program natively and under twoway, side by side.
# Prints a table and writes build/bench.json.
#
# Both run under QEMU's TCG with `-icount shift=0,sleep=off` on one CPU: one instruction is one
# nanosecond of virtual time, so that the numbers are instructions, exact on any machine. They are not
# cycles: what a cheap and a dear instruction cost is not seen. Fair settings, the same on both sides:
# mitigations=off nopti (Linux would switch PTI off under Xen PV anyway), the CPU model qemu64 (QEMU
# counts each byte of a `rep stosb` as an instruction, so that models with ERMS would measure
# little but the clearing of pages), 512 MB, the cloud kernel. "boot" is the virtual time, in ns, from
# reset to the first instruction of /init; waiting is a part of it.
#
#   TW_BENCH_CPU=MODEL   another CPU model for both sides
#   TW_BENCH_XEN=FILE    "NAME INSTRUCTIONS" lines measured under real Xen PV, for the xen column
. "$(dirname "$0")/../system/lib.sh"
: "${TW_BENCH_CPU:=qemu64}" "${TW_BENCH_XEN:=/dev/null}"
json=$tw_root/build/bench.json

guest=$("$tw_root/tests/initramfs.sh") || exit 1
[ -e "$tw_elf" ] || { echo "twoway: $tw_elf is missing: run make" >&2; exit 1; }

# measure NAME: boot and leave "NAME INSTRUCTIONS" lines in $tw_dir/rows
measure() {
	tw_run "$1" --initrd "$guest" --mem 512M --cpu "$TW_BENCH_CPU" --timeout 300 \
		--append "tw.test=bench quiet mitigations=off nopti panic=-1" -- -icount shift=0,sleep=off
	if [ $? != 0 ] || ! said '^BENCH-DONE'; then
		echo "twoway: the benchmark run $1 failed; see $tw_dir" >&2
		exit 1
	fi
	tr -d '\r' < "$tw_dir/console" | sed -n -e 's/^BENCH \([a-z_]* [0-9]*\)$/\1/p' \
		-e 's/^GUEST-BOOT-TSC \([0-9]*\)$/boot \1/p' > "$tw_dir/rows"
}

# value FILE NAME
value() {
	awk -v name="$2" '$1 == name { print $2; exit }' "$1"
}

ratio() {
	awk -v native="$1" -v twoway="$2" 'BEGIN { printf "%.2f", twoway / native }'
}

TW_NATIVE=1 measure bench-native
native=$tw_dir/rows
TW_NATIVE='' measure bench-twoway
twoway=$tw_dir/rows

image_bytes=$(stat -c %s "$tw_elf")
resident_bytes=$(tr -d '\r' < "$tw_dir/debugcon" |
	sed -n 's/^twoway: memory:.*[^0-9]\([0-9][0-9]*\) bytes resident.*/\1/p' | head -n 1)
shim_boot=$(($(value "$twoway" boot) - $(value "$native" boot)))

printf '%-16s %12s %12s %12s %8s\n' "instructions" native twoway xen ratio
rows=
while read -r name base; do
	[ "$name" != boot ] || continue
	ours=$(value "$twoway" "$name")
	xen=$(value "$TW_BENCH_XEN" "$name")
	printf '%-16s %12s %12s %12s %8s\n' "$name" "$base" "$ours" "${xen:--}" "$(ratio "$base" "$ours")"
	rows="$rows${rows:+,}
  {\"name\":\"$name\",\"native\":$base,\"twoway\":$ours,\"xen\":${xen:-null},\"ratio\":$(ratio "$base" "$ours")}"
done < "$native"
printf '%-16s %12s %12s %12s %8s\n' "boot (ns)" "$(value "$native" boot)" "$(value "$twoway" boot)" - \
	"$(ratio "$(value "$native" boot)" "$(value "$twoway" boot)")"
echo "shim: image $image_bytes bytes, resident ${resident_bytes:-unknown} bytes"

printf '{"twoway":1,"unit":"instructions","cpus":1,"cpu":"%s","rows":[%s],
"boot":{"native":%s,"twoway":%s},
"shim":{"image_bytes":%s,"resident_bytes":%s,"boot_instructions":%s}}\n' "$TW_BENCH_CPU" "$rows" \
	"$(value "$native" boot)" "$(value "$twoway" boot)" "$image_bytes" "${resident_bytes:-null}" \
	"$shim_boot" > "$json.new"
mv "$json.new" "$json"
