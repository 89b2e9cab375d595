#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# From the linked VMI ROM ($1) to the file ($2): the image, and the byte that makes the sum
# of all bytes 0.
set -euo pipefail
elf=$1 rom=$2 new=$2.new
checksum_at=33

size=$((16#$(nm "$elf" | awk '$3 == "rom_end" { print $1 }')))
objcopy -O binary "$elf" "$new"
truncate -s "$size" "$new"
sum=$(od -An -v -tu1 "$new" | awk '{ for (i = 1; i <= NF; i++) s += $i } END { print (256 - s % 256) % 256 }')
# shellcheck disable=SC2059
printf "\\x$(printf %x "$sum")" | dd of="$new" bs=1 seek="$checksum_at" conv=notrunc status=none
mv "$new" "$rom"
