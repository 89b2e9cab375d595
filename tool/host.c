/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Hosts: the hypervisors on which this machine can start a guest, and why not the others. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

const struct host hosts[] = {
	{ "qemu", "QEMU's own emulation (TCG): works everywhere", "tcg", "max" },
	{ "qemu-kvm", "QEMU with this machine's KVM", "kvm", "host" },
	{ "bochs", "Bochs emulator", NULL, NULL },
	{ "xen", "Xen on this machine", NULL, NULL },
	{ "kvm-lab", "KVM inside QEMU", NULL, NULL },
	{ "kvm-hyperv-lab", "KVM with Hyper-V enlightenments inside QEMU", NULL, NULL },
	{ "xen-lab", "Xen inside QEMU", NULL, NULL },
	{ "xen-viridian-lab", "Xen with Viridian inside QEMU", NULL, NULL },
	{ 0 },
};

const struct host *host_find(const char *name)
{
	for (const struct host *host = hosts; host->name; host++)
		if (!strcmp(host->name, name))
			return host;
	return NULL;
}

static char *refuse_kvm(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	if (errno == EACCES || errno == EPERM)
		return text("/dev/kvm: %s; join the group that owns it (kvm)", strerror(errno));
	return text("/dev/kvm: %s; virtualisation is off or the kvm module is not loaded",
		    strerror(errno));
}

char *host_refuse(const struct host *host)
{
	char *qemu;

	if (!host->accel)
		return text("not in this version of twoway; guests run on: qemu, qemu-kvm");
	qemu = path_of_program("qemu-system-x86_64");
	if (!qemu)
		return text("qemu-system-x86_64 is not in PATH: install qemu-system-x86");
	free(qemu);
	return strcmp(host->accel, "kvm") ? NULL : refuse_kvm();
}
