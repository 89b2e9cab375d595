#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Unmodified Debian kernels on the Hyper-V guest ABI (nested mode): with 1, 2 and 4 CPUs, little and much
# memory, on both machine types. They find Hyper-V, live on its clocks, and power off.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hyperv.sh"
guest=$("$tw_root/tests/initramfs.sh") || exit 1

# boot ABI FLAVOUR CPUS MEMORY MACHINE [CPU-MODEL]. The machine could sleep (S3), were it not for the shim. Mitigations
# are off since the kernel warns of what they need and QEMU's EPYC lacks.
boot() {
	local sleep=PIIX4_PM
	local label="$1, $2, $3 CPUs, $4, $5${6:+, $6}"
	[ "$5" = pc ] || sleep=ICH9-LPC
	tw_run "hyperv-boot-${1##*:}-$2-$3-$4-$5${6:+-${6%%,*}}" --abi "$1" --initrd "$guest" --smp "$3" --mem "$4" \
		--kernel "$("$tw_root/tests/kernels.sh" "$2")" --machine "$5" --cpu "${6:-$TW_CPU}" \
		--append "tw.test=hello panic=-1 mitigations=off" -- \
		-global "$sleep.disable_s3=0"
	ok "$label: powers off" [ $? = 0 ] || tap_tail
	ok "$label: reaches user space with $3 CPUs" said "^GUEST-UP kernel .* cpus $3 "
	ok "$label: a healthy kernel log" healthy
	sees_hyperv "$label" "$1" "$3"
}

if [ -z "$TW_LONG" ]; then
	boot hyperv@1:fast cloud 1 256M pc
	boot hyperv@1:full cloud 4 5G q35
	boot hyperv@1:full generic 1 1G pc EPYC,+svm
	boot hyperv@1:fast generic 2 1G q35
else
	for profile in fast full; do
		for flavour in cloud generic; do
			for cpus in 1 2 4; do
				boot "hyperv@1:$profile" "$flavour" "$cpus" 256M pc
				boot "hyperv@1:$profile" "$flavour" "$cpus" 5G q35
			done
		done
		boot "hyperv@1:$profile" cloud 2 512M pc EPYC,+svm
	done
	boot hyperv cloud 1 512M pc # the profile is chosen by what an exit costs
fi
done_testing
