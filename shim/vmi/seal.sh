#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# From the linked VMI ROM ($1) to the file ($2): the image, and the byte that makes the sum
# of all bytes 0. The ROM applies relative relocations only: another kind fails here, not in a guest.
set -euo pipefail
elf=$1 rom=$2
checksum_at=33

other=$(readelf -rW "$elf" | awk '$3 ~ /^R_386/ && $3 != "R_386_RELATIVE"')
[ -z "$other" ] || {
	echo "twoway: $elf has relocations that the ROM cannot apply: $other" >&2
	exit 1
}
size=$((16#$(nm "$elf" | awk '$3 == "rom_end" { print $1 }')))
objcopy -O binary "$elf" "$rom"
truncate -s "$size" "$rom"
sum=$(od -An -v -tu1 "$rom" | awk '{ for (i = 1; i <= NF; i++) s += $i } END { print (256 - s % 256) % 256 }')
# shellcheck disable=SC2059
printf "\\x$(printf %x "$sum")" | dd of="$rom" bs=1 seek="$checksum_at" conv=notrunc status=none
