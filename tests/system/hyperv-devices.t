#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Devices in nested mode are the machine's own: two virtio disks and a virtio network card are passed
# through, with their DMA and MSI-X interrupts. What goes through them in either direction has the same
# SHA-256 at both ends.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
files=$tw_out/hyperv-devices-files
rm -rf "$files"
mkdir -p "$files/tftp"
sum() {
	sha256sum < "$1" | cut -d ' ' -f 1
}

# devices ABI FLAVOUR MACHINE CPUS
devices() {
	local label="$1, $2, $3, $4 CPUs" initrd pc
	initrd=$("$tw_root/tests/initramfs.sh" "$2") || exit 1
	head -c 8388608 /dev/urandom > "$files/read"
	head -c 4194304 /dev/zero > "$files/written"
	head -c 1048576 /dev/urandom > "$files/tftp/file"
	rm -f "$files/sent"
	tw_run "hyperv-devices-${1##*:}-$2-$3" --abi "$1" --kernel "$("$tw_root/tests/kernels.sh" "$2")" \
		--initrd "$initrd" --machine "$3" --smp "$4" --mem 512M --append "tw.test=devices panic=-1" -- \
		-drive "file=$files/read,format=raw,if=none,id=a,read-only=on" -device virtio-blk-pci,drive=a \
		-drive "file=$files/written,format=raw,if=none,id=b" -device virtio-blk-pci,drive=b \
		-netdev "user,id=n,tftp=$files/tftp,restrict=on,guestfwd=tcp:10.0.2.100:7777-cmd:tee $files/sent" \
		-device virtio-net-pci,netdev=n,romfile=
	ok "$label: powers off" [ $? = 0 ] || tap_tail
	ok "$label: a disk is read" [ "$(told GUEST-DISK-READ)" = "$(sum "$files/read")" ]
	ok "$label: a disk is written" [ "$(told GUEST-DISK-WRITTEN)" = "$(sum "$files/written")" ]
	ok "$label: ... and read back" [ "$(told GUEST-DISK-BACK)" = "$(sum "$files/written")" ]
	ok "$label: a file comes through the network" [ "$(told GUEST-NET-FETCHED)" = "$(sum "$files/tftp/file")" ]
	ok "$label: data goes out to the network" [ "$(told GUEST-NET-SENT)" = "$(sum "$files/sent")" ]
	ok "$label: ... and comes back" [ "$(told GUEST-NET-ECHOED)" = "$(sum "$files/sent")" ]
	ok "$label: the devices interrupt by MSI-X" said '^GUEST-VIRTIO .*PCI-MSI.*virtio.*(input|req)'
	ok "$label: a healthy kernel log" healthy
}

devices hyperv@1:full generic q35 2
if [ -n "$TW_LONG" ]; then
	devices hyperv@1:fast cloud pc 1
	devices hyperv@1:full cloud q35 4
	devices hyperv@1:fast generic pc 2
fi
done_testing
