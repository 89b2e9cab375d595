/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Hosts: the hypervisors on which this machine can start a guest, and why not the others. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* Hyper-V's interface as QEMU 7.2 and newer offer it; KVM's own signature would win, so it is off. */
#define HYPERV_CPU                                                                                 \
	"host,kvm=off,hv-relaxed,hv-vapic,hv-time,hv-crash,hv-reset,hv-vpindex,hv-runtime,hv-synic,"   \
	"hv-stimer,hv-stimer-direct,hv-frequencies,hv-tlbflush,hv-ipi"

/* Hyper-V's leaves under VMware's name; the backdoor port is QEMU's. */
#define VMWARE_CPU "host,kvm=off,hv-relaxed,hv-vendor-id=VMwareVMware"

/*
 * Viridian (xen/hvm/params.h) but for bit 1, no frequency MSRs: reference counter and TSC page, remote TLB
 * flush, APIC assist, crash MSRs, SynIC, synthetic timers, IPIs, extended processor masks.
 */
#define VIRIDIAN "0x7fd"

const struct host hosts[] = {
	{ "qemu", "QEMU's own emulation (TCG): works everywhere", "tcg", "max", "max,+svm", NULL, NULL },
	{ "qemu-kvm", "QEMU with this machine's KVM", "kvm", "host", "host,+svm", NULL, NULL },
	{ "bochs", "Bochs emulator", NULL, NULL, NULL, NULL, NULL },
	{ "xen", "Xen on this machine", NULL, NULL, NULL, NULL, NULL },
	{ "kvm-lab", "KVM inside QEMU", "kvm", "host", "host,+svm", "kvm", NULL },
	{ "kvm-hyperv-lab", "KVM with Hyper-V enlightenments inside QEMU", "kvm", HYPERV_CPU, HYPERV_CPU ",+svm", "kvm", NULL },
	{ "vmware-like", "VMware's signature and backdoor, shown by KVM inside QEMU", "kvm",
	  VMWARE_CPU, VMWARE_CPU ",+svm", "kvm", NULL },
	{ "xen-lab", "Xen inside QEMU", "xen", NULL, NULL, "xen", NULL },
	{ "xen-viridian-lab", "Xen with Viridian inside QEMU", "xen", NULL, NULL, "xen", VIRIDIAN },
	{ 0 },
};

const struct host *host_find(const char *name)
{
	for (const struct host *host = hosts; host->name; host++)
		if (!strcmp(host->name, name))
			return host;
	return NULL;
}

bool host_is_xen(const struct host *host)
{
	return host->accel && !strcmp(host->accel, "xen");
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
		return text("not in this version of twoway; guests run on: qemu, qemu-kvm, kvm-lab, "
			    "kvm-hyperv-lab, vmware-like, xen-lab, "
			    "xen-viridian-lab");
	qemu = path_of_program("qemu-system-x86_64");
	if (!qemu)
		return text("qemu-system-x86_64 is not in PATH: install qemu-system-x86");
	free(qemu);
	if (host->lab)
		return lab_refuse(host->lab);
	return strcmp(host->accel, "kvm") ? NULL : refuse_kvm();
}

/* Does a kernel module's parameter file say yes? */
static bool parameter_on(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char value = 0;

	if (fd < 0)
		return false;
	if (read(fd, &value, 1) != 1)
		value = 0;
	close(fd);
	return value == '1' || value == 'Y';
}

char *host_refuse_nested(const struct host *host)
{
	if (strcmp(host->accel, "kvm") || host->lab)
		return NULL; /* TCG emulates SVM on any CPU, and so for a lab */
	if (parameter_on("/sys/module/kvm_amd/parameters/nested"))
		return NULL;
	if (!access("/sys/module/kvm_amd", F_OK))
		return text("this machine's KVM does not offer SVM to guests: load kvm_amd with "
			    "nested=1");
	return text("this machine's KVM has no SVM to offer (VMX is not used in this version); "
		    "--host qemu emulates it");
}
