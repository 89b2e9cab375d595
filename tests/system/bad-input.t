#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Wrong kernels, missing modules, too small or too old machines: each ends with exactly one clear line
# of the shim and a clean stop, never with a crash or silence.
. "$(dirname "$0")/lib.sh"
[ -z "$TW_NATIVE" ] || skip_all "there is no shim natively"
guest=$("$tw_root/tests/initramfs.sh") || exit 1
kernel=$("$tw_root/tests/kernels.sh" cloud) || exit 1
files=$tw_out/bad-files
rm -rf "$files"
mkdir -p "$files"

# Error lines of the shim; messages of the boot's progress are kept out by log=error.
errors() {
	cat "$tw_dir/debugcon" | tr -d '\r' | grep -a '^twoway: '
}

# refused LABEL REGEX TW_RUN-OPTION...: one error line that matches REGEX, a clean stop.
refused() {
	local label=$1 regex=$2 status count
	shift 2
	tw_run "bad-$label" --timeout 40 --shim "log=error" "$@"
	status=$?
	count=$(errors | wc -l)
	ok "$label: exactly one line ($count): $(errors | head -n 1)" [ "$count" = 1 ] || tap_tail 5
	ok "$label: it names the cause" eval 'errors | grep -aqiE -- "$regex"'
	ok "$label: a clean stop, as a failure" [ "$status$(ending)" = 1error ]
}

# damage FILE OFFSET: 64 bytes of noise there.
damage() {
	head -c 64 /dev/zero | tr '\0' '\245' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

head -c 2000000 "$kernel" > "$files/truncated"
head -c 700 "$kernel" > "$files/header-only"
head -c 3000000 /dev/urandom > "$files/garbage"
: > "$files/empty"
printf 'x' > "$files/one-byte"
cp "$kernel" "$files/corrupt"
damage "$files/corrupt" 4000000
cp "$kernel" "$files/corrupt-start"
damage "$files/corrupt-start" $((0x248))
cp "$tw_root/build/guests/guest.tree/elf32" "$files/elf32"
cp "$tw_root/build/guests/guest.tree/true" "$files/elf-without-notes"
head -c 100 "$files/elf-without-notes" > "$files/elf-truncated"

refused no-module 'module|guest kernel' --modules ""
for file in truncated header-only garbage empty one-byte corrupt corrupt-start elf32 elf-without-notes \
	elf-truncated; do
	refused "$file" . --modules "$files/$file console=hvc0,$guest"
done
refused initrd-as-kernel . --modules "$guest console=hvc0"
refused memory-16M 'memory|RAM' --initrd "$guest" --mem 16M
refused memory-40M 'memory|RAM' --initrd "$guest" --mem 40M
refused no-long-mode '64-bit|long mode' --initrd "$guest" --cpu pentium3
refused no-long-mode-qemu32 '64-bit|long mode' --initrd "$guest" --cpu qemu32
refused no-nx 'NX|execute' --initrd "$guest" --cpu qemu64,-nx
refused unknown-abi 'abi|ABI' --initrd "$guest" --shim "log=error abi=klingon"
# A ledger there would be of a guest that never was.
refused unknown-abi-ledger . --initrd "$guest" --shim "log=error ledger abi=klingon"
ok "unknown-abi-ledger: no ledger" [ -z "$(shim_ledger)" ]
refused unknown-profile "profile|klingon" --initrd "$guest" --shim "log=error ledger abi=hyperv@1:klingon"
ok "unknown-profile: no ledger" [ -z "$(shim_ledger)" ]
done_testing
