/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * setviridian DOMAIN MASK: Hyper-V's interface ("viridian") for a domain of Xen that has not run yet.
 * The toolstack offers it for HVM domains only, but the hypervisor asks no more than that the domain
 * lives in an HVM container, as PVH does: xl create -p, setviridian, xl unpause.
 *
 * The mask is HVM_PARAM_VIRIDIAN's (xen/hvm/params.h): bit 0 the base, bit 1 no frequency MSRs, then
 * one bit a feature. A parameter that is set cannot be changed again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>
#include <xen/hvm/params.h>

static int number(const char *s, unsigned long long max, unsigned long long *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 0);
	return errno || end == s || *end || *out > max ? -1 : 0;
}

int main(int argc, char **argv)
{
	unsigned long long domain, mask;
	xc_interface *xc;
	uint64_t now = 0;

	if (argc != 3 || number(argv[1], UINT16_MAX, &domain) || number(argv[2], UINT64_MAX, &mask)) {
		fprintf(stderr, "usage: setviridian DOMAIN-ID MASK\n");
		return 2;
	}
	xc = xc_interface_open(NULL, NULL, 0);
	if (!xc) {
		fprintf(stderr, "setviridian: no access to the hypervisor: is this a privileged domain?\n");
		return 1;
	}
	if (xc_hvm_param_set(xc, (uint32_t)domain, HVM_PARAM_VIRIDIAN, mask) ||
	    xc_hvm_param_get(xc, (uint32_t)domain, HVM_PARAM_VIRIDIAN, &now) || now != mask) {
		fprintf(stderr, "setviridian: domain %llu, mask 0x%llx: %s\n", domain, mask, strerror(errno));
		return 1;
	}
	xc_interface_close(xc);
	return 0;
}
