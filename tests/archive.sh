# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# What the builders of initramfs images share, those of the test guests (initramfs.sh) as those of the host
# labs (hosts/build.sh): what is out of date, busybox, kernel modules, the archive. Images are uncompressed,
# because under emulation unpacking costs more than reading. Source it.
archive_die() {
	echo "twoway: $*" >&2
	exit 1
}

# archive_fresh FILE SOURCE...: true when FILE exists and no source is newer.
archive_fresh() {
	local file=$1 source
	[ -e "$file" ] || return 1
	shift
	for source; do
		[ ! "$source" -nt "$file" ] || return 1
	done
}

# archive_busybox TREE DIR: busybox as TREE/bin/busybox, and a link to it in DIR for each of its applets.
archive_busybox() {
	local busybox applet
	busybox=$(command -v busybox) || archive_die "busybox is missing: install busybox-static"
	cp "$busybox" "$1/bin/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$2/$applet"
	done
}

# archive_module SOURCE NAME DIR: that module out of the modules directory SOURCE and what it depends on, uncompressed
# and without debug sections, into DIR. Prints their file names in the order of loading; nothing for one that is
# built in, absent, or there already.
archive_module() {
	local source=$1 name=${2//[-_]/[-_]} dir=$3 file target need
	file=$(find "$source/kernel" -name "$name.ko" -o -name "$name.ko.xz" -o -name "$name.ko.zst" | head -n 1)
	[ -n "$file" ] || return 0
	target=$(basename "${file%.ko*}").ko
	[ ! -e "$dir/$target" ] || return 0
	case "$file" in
	*.xz) xz -dc "$file" > "$dir/$target" ;;
	*.zst) zstd -qdc "$file" > "$dir/$target" ;;
	*) cp "$file" "$dir/$target" ;;
	esac
	strip --strip-debug "$dir/$target"
	for need in $(strings -a "$dir/$target" | sed -n 's/^depends=//p' | tr ',' ' '); do
		archive_module "$source" "$need" "$dir"
	done
	echo "$target"
}

# archive_pack TREE FILE: archive TREE, owned by root, in a stable order, and replace FILE in one step.
archive_pack() {
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc --quiet --owner=0:0) > "$2.new"
	mv "$2.new" "$2"
}
