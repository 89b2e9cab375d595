# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# The boot tests of one kernel over CPUs, memory and machine types (boot-cloud.t, boot-generic.t).

# boot_one FLAVOUR CPUS MEMORY MACHINE [CPU-MODEL]
boot_one() {
	local label="$1, $2 CPUs, $3, $4${5:+, $5}" kernel
	kernel=$("$tw_root/tests/kernels.sh" "$1") || { ok "$label: kernel" false; return; }
	tw_run "boot-$1-$2-$3-$4${5:+-$5}" --kernel "$kernel" --initrd "$guest" --smp "$2" --mem "$3" \
		--machine "$4" --append "tw.test=hello panic=-1" --cpu "${5:-$TW_CPU}"
	ok "$label: powers off" [ $? = 0 ] || tap_tail
	ok "$label: reaches user space with $2 CPUs" said "^GUEST-UP kernel .* cpus $2 "
	ok "$label: a healthy kernel log" healthy
	[ -n "$TW_NATIVE" ] && return
	ok "$label: sees Xen PV" said '^GUEST-HYPERVISOR Hypervisor detected: Xen PV'
	ok "$label: a valid ledger" ledger_valid "$2"
}

boot_matrix() {
	local cpus memory machine
	guest=$("$tw_root/tests/initramfs.sh") || exit 1
	if [ -z "$TW_LONG" ]; then
		boot_one "$1" 1 256M pc
		boot_one "$1" 2 1G q35
		boot_one "$1" 4 8G pc
		boot_one "$1" 1 256M pc qemu64
		return
	fi
	for cpus in 1 2 4; do
		for memory in 256M 3G 8G; do
			for machine in pc q35; do
				boot_one "$1" "$cpus" "$memory" "$machine"
			done
		done
	done
	boot_one "$1" 2 1G q35 qemu64
}
