#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Build the test guests' initramfs images: uncompressed newc archives (under emulation unpacking a
# compressed one costs more than reading it).
#
#   tests/initramfs.sh                  build/guests/guest.cpio: busybox, /init, /stress, /bench
#   tests/initramfs.sh cloud|generic    build/guests/modules-NAME.cpio: the same plus modules of
#                                       that kernel (tests/kernels.sh) with what they depend on
#
# Prints the path of the image. The programs are static, since the guest has no libraries. An image
# is rebuilt when a source is newer, and replaced in one step.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$root/tests
out=$root/build/guests
. "$here/archive.sh"
# Subjects of modules.t (a filesystem, block and network drivers), and the drivers of devices.t.
modules="loop squashfs dummy veth tun ext4 virtio_pci virtio_blk virtio_net"

: "${CC:=gcc}"
flags=(-std=gnu11 -O2 -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wno-unused-parameter)
# No red zone: inline assembly of the tests pushes to the stack.
flags+=(-D_GNU_SOURCE -static -pthread -mno-red-zone)

build_guest() {
	local tree=$out/guest.tree program
	archive_fresh "$out/guest.cpio" "$here"/guests/* "$here"/guests/nested/* "$here"/guests/lab/* "$here"/bench/*.c "$here"/{archive,initramfs}.sh && return
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,sbin,dev,proc,sys,tmp,etc,mnt,lib/modules}
	archive_busybox "$tree" "$tree/bin"
	ln -s ../bin/modprobe "$tree/sbin/modprobe"
	install -m 755 "$here/guests/init" "$tree/init"
	"$CC" "${flags[@]}" -o "$tree/stress" "$here"/guests/*.c "$here"/guests/*.S
	# A 32-bit program without any library, so that no 32-bit compiler packages are needed.
	"$CC" -m32 -O1 -ffreestanding -fno-pie -fno-stack-protector -fcf-protection=none -nostdlib \
		-static -no-pie -Wl,-m,elf_i386,--build-id=none -o "$tree/elf32" "$here/guests/elf32/elf32.c"
	"$CC" "${flags[@]}" -o "$tree/bench" "$here/bench/bench.c"
	"$CC" -O2 -static -nostdlib -fno-stack-protector -Wl,--build-id=none \
		-o "$tree/true" "$here/bench/true.c"
	"$CC" "${flags[@]}" -o "$tree/tsc" "$here/bench/tsc.c"
	install -m 644 "$here/guests/nested/init.sh" "$tree/nested.sh"
	for program in nested/loops nested/shimmem lab/marked; do
		"$CC" "${flags[@]}" -o "$tree/${program#*/}" "$here/guests/$program.c"
	done
	strip "$tree"/{stress,bench,true,tsc,loops,shimmem,marked}
	archive_pack "$tree" "$out/guest.cpio"
}

build_modules() {
	local flavour=$1 tree=$out/modules-$1.tree source module
	source=$("$here/kernels.sh" -m "$flavour")
	archive_fresh "$out/modules-$flavour.cpio" "$out/guest.cpio" "$source" && return
	rm -rf "$tree"
	mkdir -p "$tree/lib/modules/$(basename "$source")"
	for module in $modules; do
		archive_module "$source" "$module" "$tree/lib/modules/$(basename "$source")" > /dev/null
	done
	archive_pack "$tree" "$out/$flavour.extra"
	# Linux unpacks archives that follow each other.
	cat "$out/guest.cpio" "$out/$flavour.extra" > "$out/modules-$flavour.cpio.new"
	mv "$out/modules-$flavour.cpio.new" "$out/modules-$flavour.cpio"
}

mkdir -p "$out"
exec 9> "$out/lock"
flock 9
build_guest
case "${1:-}" in
"") echo "$out/guest.cpio" ;;
cloud | generic)
	build_modules "$1"
	echo "$out/modules-$1.cpio"
	;;
*) archive_die "usage: tests/initramfs.sh [cloud|generic]" ;;
esac
