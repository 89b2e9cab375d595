#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# How much longer a kernel takes to its /init under twoway: wall time of BOOTS boots each (10), natively
# and with a guest ABI in turn, so that both meet the same load; the medians and their ratio.
# The clock is the guest's TSC, which runs from reset on in wall time: reading the image is in it, starting QEMU
# is not.
#
#   tests/bench/boot-time.sh [ABI [CPUS]]      (hyperv@1:fast 1)
. "$(dirname "$0")/../system/lib.sh"
: "${BOOTS:=10}"
abi=${1:-hyperv@1:fast} cpus=${2:-1}
guest=$("$tw_root/tests/initramfs.sh") || exit 1
out=$tw_out/boot-time.rows
: > "$out"

# boot native|twoway
boot() {
	tw_run boot-time --abi "$abi" --smp "$cpus" --mem 512M --initrd "$guest" --append "panic=-1 quiet" ||
		{ echo "twoway: a boot ($1) failed; see $tw_dir" >&2; exit 1; }
	tr -d '\r' < "$tw_dir/console" | sed -n "s/^GUEST-BOOT-TSC \([0-9]*\)\$/$1 \1/p" >> "$out"
}

median() {
	sed -n "s/^$1 //p" "$out" | sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

for _ in $(seq "$BOOTS"); do
	TW_NATIVE=1 boot native
	TW_NATIVE='' boot twoway
done
awk -v a="$(median native)" -v b="$(median twoway)" -v abi="$abi" -v n="$BOOTS" 'BEGIN {
	printf "boot to init, median of %d, interleaved: native %.3f, %s %.3f billion TSC ticks, ratio %.3f\n",
		n, a / 1e9, abi, b / 1e9, b / a }'
