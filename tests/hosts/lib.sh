# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# What the builders of host labs share: a lab is a kernel and an uncompressed initramfs with a
# hypervisor's user space, made from what is installed on this machine and from Debian's kernel
# packages. Source it.
lab_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab_here=$lab_root/tests/hosts
lab_out=$lab_root/build/hosts
. "$lab_root/tests/archive.sh"

# lab_links DIR: an empty tree whose /bin, /sbin, /lib and /lib64 lie below /usr.
lab_links() {
	local dir
	rm -rf "$1"
	mkdir -p "$1"/usr/{bin,sbin,lib,lib64}
	for dir in bin sbin lib lib64; do
		ln -s "usr/$dir" "$1/$dir"
	done
}

# lab_tree DIR: an empty root with busybox as every applet.
lab_tree() {
	lab_links "$1"
	mkdir -p "$1"/{dev,proc,sys,tmp,run,root,modules,tw,etc,var/log}
	archive_busybox "$1" "$1/usr/bin"
}

# lab_programs DIR FILE...: programs of this machine with the libraries that they need.
# lab_programs -r ROOT DIR FILE...: programs out of an unpacked package below ROOT.
lab_programs() {
	local root="" tree file library
	if [ "$1" = -r ]; then
		root=$2
		shift 2
	fi
	tree=$1
	shift
	for file; do
		[ -e "$root$file" ] || archive_die "$root$file is missing"
		install -D "$root$file" "$tree$file"
		for library in $(ldd "$root$file" | sed -n 's/^.*[[:space:]]\(\/[^ ]*\) (0x[0-9a-f]*)$/\1/p'); do
			[ -e "$tree$library" ] || install -D "$(realpath "$library")" "$tree$library"
		done
	done
}

# lab_modules DIR SOURCE MODULE...: modules and what they depend on, uncompressed, listed in the order
# of loading in DIR/modules/order.
lab_modules() {
	local tree=$1 source=$2 name
	shift 2
	for name; do
		archive_module "$source" "$name" "$tree/modules" >> "$tree/modules/order"
	done
}

# lab_vmlinux BZIMAGE FILE: the ELF kernel inside, by the payload's place in the setup header (boot
# protocol 2.08: offset and length at 0x248, counted from behind the setup sectors at 0x1f1).
lab_vmlinux() {
	local sectors place tool
	local -a unpack
	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
	read -r -a place <<< "$(od -An -tu4 -j $((0x248)) -N 8 "$1")"
	place[0]=$((place[0] + (sectors + 1) * 512))
	tool=$(od -An -tx1 -j "${place[0]}" -N 4 "$1" | tr -d ' ')
	case "$tool" in
	fd377a58) unpack=(xz -dc --single-stream) ;;
	1f8b*) unpack=(gzip -dc) ;;
	28b52ffd) unpack=(zstd -dc) ;;
	02214c18) unpack=(lz4 -dc) ;;
	*) archive_die "$1: its compression ($tool) is not known" ;;
	esac
	# Behind the stream lies its unpacked size, which the tools complain about.
	tail -c +$((place[0] + 1)) "$1" | head -c "${place[1]}" | "${unpack[@]}" > "$2.new" 2> "$2.err" || true
	[ "$(head -c 4 "$2.new" | tail -c 3)" = ELF ] || archive_die "$1: unpacking failed: $(tail -n 1 "$2.err")"
	rm -f "$2.err"
	mv "$2.new" "$2"
}
