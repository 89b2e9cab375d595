/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the shim gives the Xen guest side to make its one domain. */
#ifndef TRANSLATORS_XEN_GUEST_START_H
#define TRANSLATORS_XEN_GUEST_START_H

#include <stdint.h>

#include "twoway/host.h"
#include "twoway/vcpu.h"

#define XEN_GRANT_FRAMES 4

struct xen_domain_plan {
	uint64_t shared_info_pa;  /* a zeroed page */
	uint64_t grant_mfn;	  /* XEN_GRANT_FRAMES zeroed frames */
	uint64_t console_mfn, store_mfn; /* ring pages, the guest's own */
	uint64_t pages;		  /* frames that the guest owns */
	uint64_t max_mfn;	  /* highest machine frame of RAM */
	struct tw_vcpu *hw[TW_MAX_CPUS]; /* one per CPU of tw_host */
};

/* Make domain, vCPUs and ports. Afterwards xen_domain.console_port and .store_port are valid. */
void xen_domain_create(const struct xen_domain_plan *plan);

#endif /* TRANSLATORS_XEN_GUEST_START_H */
