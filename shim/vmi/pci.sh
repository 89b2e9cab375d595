#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMI ROM $1 as the ROM $3 of the PCI device VENDOR-DEVICE $2, four hexadecimal digits each. BIOSes take a device's ROM
# only if its PCIR has the device's ids; guests name a manufacturer that they do not know, and go on.
set -euo pipefail
rom=$1 ids=$2 new=$3.new
header_pcir=24 # where the header has the place of PCIR; ids at 4
header_checksum=33

[[ $ids =~ ^[0-9a-f]{4}-[0-9a-f]{4}$ ]] || { echo "$ids is not VENDOR-DEVICE, four small hexadecimal digits each" >&2; exit 2; }
# byte AT: its value.
byte() { od -An -v -tu1 -j "$1" -N 1 "$new"; }
# set_byte AT VALUE, where the sum of all bytes stays 0.
set_byte() {
	local check=$(((256 + $(byte $header_checksum) + $(byte "$1") - $2) % 256))
	# shellcheck disable=SC2059
	printf "\\x$(printf %x "$2")" | dd of="$new" bs=1 seek="$1" conv=notrunc status=none
	# shellcheck disable=SC2059
	printf "\\x$(printf %x $check)" | dd of="$new" bs=1 seek=$header_checksum conv=notrunc status=none
}
cp "$rom" "$new"
at=$(($(byte $header_pcir) + 256 * $(byte $((header_pcir + 1))) + 4))
for digits in "${ids:2:2}" "${ids:0:2}" "${ids:7:2}" "${ids:5:2}"; do
	set_byte $at $((16#$digits))
	at=$((at + 1))
done
mv "$new" "$3"
