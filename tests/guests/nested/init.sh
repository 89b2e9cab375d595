# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What /init of the test guests does for the tests of nested mode (tw.test=...); sourced by it. The
# guest is a plain one that does not know of twoway: all that is here runs natively, too.

# The kernel's own account of its interrupts, one line a kind, all CPUs added up.
irq_counts() {
	awk '/^ *[A-Z]+:/ { n = 0; for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i; sub(":", "", $1)
		print "GUEST-IRQ", $1, n }' /proc/interrupts
}

# How often the kernel used each of Hyper-V's hypercalls since it booted (trace_event=hyperv on its
# command line), beside interrupts.
run_use() {
	mount -t tracefs trace /sys/kernel/tracing
	/loops 1 forks faults idle
	[ "$(nproc)" = 1 ] || /loops 1 flush
	echo 0 > /sys/kernel/tracing/tracing_on
	irq_counts
	sed -n 's/.* \(hyperv_[a-z_]*\): .*/\1/p' /sys/kernel/tracing/trace | sort | uniq -c |
		awk '{ print "GUEST-TRACE", $2, $1 }'
	echo "GUEST-TRACE-LOST $(awk '/overrun/ { n += $2 } END { print n + 0 }' /sys/kernel/tracing/per_cpu/cpu*/stats)"
}

# SHA-256 of standard input, the sum alone.
sum() {
	sha256sum | cut -d ' ' -f 1
}

# A disk to read, a disk to write, a file to fetch and one to send through a network card.
run_devices() {
	depmod
	for module in virtio_pci virtio_blk virtio_net; do modprobe $module; done
	[ -b /dev/vda ] && [ -b /dev/vdb ] && echo "GUEST-DISK-READ $(sum < /dev/vda)"
	dd if=/dev/urandom of=/tmp/data bs=64k count=64 2>/dev/null
	dd if=/tmp/data of=/dev/vdb bs=64k conv=fsync 2>/dev/null && echo "GUEST-DISK-WRITTEN $(sum < /tmp/data)"
	echo 3 > /proc/sys/vm/drop_caches
	echo "GUEST-DISK-BACK $(head -c 4194304 /dev/vdb | sum)"
	ip link set lo up
	ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up
	tftp -g -b 1400 -l /tmp/fetched -r file 10.0.2.2 && echo "GUEST-NET-FETCHED $(sum < /tmp/fetched)"
	nc 10.0.2.100 7777 < /tmp/data > /tmp/echoed
	echo "GUEST-NET-SENT $(sum < /tmp/data)"
	echo "GUEST-NET-ECHOED $(sum < /tmp/echoed)"
	grep -E 'virtio' /proc/interrupts | sed 's/^/GUEST-VIRTIO /'
}
