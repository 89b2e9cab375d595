/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Time as a Xen guest sees it (xen/vcpu.h, xen/xen.h). The clock is a page: tw_host.clock already
 * has the form of vcpu_time_info, so it is copied once and no call is ever needed to read it.
 * Each CPU has one hardware one-shot; the vCPU's single-shot, periodic and poll timers share it,
 * armed for the earliest of them. Times are absolute ns of the neutral clock, which is Xen's system
 * time here.
 *
 * Runstate: the vCPU never waits for a CPU of its own accord, so "runnable" is the time that the
 * host took (tw_host.steal_ns); it is split off whenever the state changes, and at timer ticks.
 */
#include "guest.h"

/* Xen refuses a period under 1 ms; the upper bound keeps the sums below from overflowing. */
#define PERIOD_MIN_NS 1000000ull
#define PERIOD_MAX_NS (1ull << 60)

/* --- pvclock and wallclock --- */

static struct tw_lock publishing; /* one writer at a time */

/* Update one published copy; readers retry while its version is odd or has changed. */
static void time_fill(struct vcpu_time_info *t)
{
	const struct tw_clock *clock = tw_host.line;
	uint32_t version = (t->version | 1) + (t->version & 1 ? 2 : 0);

	__atomic_store_n(&t->version, version, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	t->tsc_timestamp = clock->tsc0;
	t->system_time = clock->base_ns;
	t->tsc_to_system_mul = clock->mul;
	t->tsc_shift = clock->shift;
	t->flags = clock->stable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
	__atomic_store_n(&t->version, version + 1, __ATOMIC_RELEASE);
}

void xen_time_publish(struct xen_vcpu *v)
{
	tw_lock(&publishing);
	time_fill(&v->info->time);
	if (v->time_area)
		time_fill(v->time_area);
	tw_unlock(&publishing);
}

void xen_wallclock_publish(void)
{
	struct shared_info *s = xen_domain.shared;
	uint64_t utc = tw_host.wallclock_ns(), now = tw_time_ns();
	uint64_t zero = utc > now ? utc - now : 0; /* UTC at system time 0 (H-9) */
	uint64_t seconds = zero / TW_NS_PER_S;
	uint32_t version = s->wc_version | 1;

	__atomic_store_n(&s->wc_version, version, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	s->wc_sec = (uint32_t)seconds;
	s->wc_sec_hi = (uint32_t)(seconds >> 32);
	s->wc_nsec = (uint32_t)(zero % TW_NS_PER_S);
	__atomic_store_n(&s->wc_version, version + 1, __ATOMIC_RELEASE);
}

void xen_time_moved(void)
{
	for (unsigned int id = 0; id < xen_domain.vcpus; id++)
		xen_time_publish(xen_vcpus[id]);
	xen_wallclock_publish();
}

/* A second copy of the time, by guest VA (for the vDSO); VA 0 takes it back. */
static long time_area_register(struct xen_vcpu *target, uint64_t arg)
{
	struct vcpu_register_time_memory_area area;
	uint64_t pa;
	uint8_t *page;

	if (tw_copy_from_guest(&area, arg, sizeof(area)))
		return -XEN_EFAULT;
	if (!area.addr.p) {
		tw_lock(&publishing);
		target->time_area = NULL;
		tw_unlock(&publishing);
		return 0;
	}
	/* Written through the frame that lies behind the VA now, so it must be one frame. */
	if (area.addr.p % __alignof__(struct vcpu_time_info) ||
	    area.addr.p % TW_PAGE_SIZE > TW_PAGE_SIZE - sizeof(struct vcpu_time_info))
		return -XEN_EINVAL;
	pa = tw_guest_va_to_pa(area.addr.p);
	page = pa == ~0ull ? NULL : tw_guest_frame(pa >> TW_PAGE_SHIFT);
	if (!page)
		return -XEN_EFAULT;
	tw_lock(&publishing);
	target->time_area = (struct vcpu_time_info *)(page + pa % TW_PAGE_SIZE);
	time_fill(target->time_area);
	tw_unlock(&publishing);
	return 0;
}

/* --- timers --- */

/* Arm the calling CPU's one-shot for v's next expiry, or stop it. */
static void timer_arm(const struct xen_vcpu *v)
{
	uint64_t next = v->timer_expiry;

	if (v->periodic_ns && (!next || v->periodic_next < next))
		next = v->periodic_next;
	if (v->poll_expiry && (!next || v->poll_expiry < next))
		next = v->poll_expiry;
	if (next)
		tw_host.timer_set(next);
	else
		tw_host.timer_stop();
}

void xen_timer_poll(struct xen_vcpu *v, uint64_t expiry)
{
	v->poll_expiry = expiry;
	timer_arm(v);
}

static void timer_off(struct xen_vcpu *v)
{
	if (!v->timer_expiry)
		return;
	v->timer_expiry = 0;
	timer_arm(v);
}

/* Set v's single-shot; a time that has passed fires at once (H-1). expiry is not 0. */
static inline void timer_set(struct xen_vcpu *v, uint64_t expiry, uint64_t now)
{
	if (tw_unlikely(expiry <= now)) {
		timer_off(v);
		xen_virq_raise(v, VIRQ_TIMER);
		return;
	}
	v->timer_expiry = expiry;
	timer_arm(v);
}

static void runstate_steal(struct xen_vcpu *v);

void xen_timer_fired(unsigned int cpu)
{
	struct xen_vcpu *v = xen_vcpus[cpu];
	uint64_t now = tw_time_ns();
	bool fired = false;

	if (v->timer_expiry && v->timer_expiry <= now) {
		v->timer_expiry = 0;
		fired = true;
	}
	if (v->periodic_ns && v->periodic_next <= now) {
		/* Missed periods become one event (H-4). */
		v->periodic_next +=
		    ((now - v->periodic_next) / v->periodic_ns + 1) * v->periodic_ns;
		fired = true;
	}
	if (v->poll_expiry && v->poll_expiry <= now)
		v->poll_expiry = 0; /* it ends the wait; the poller looks at the clock itself */
	if (v->timer_expiry || v->periodic_ns || v->poll_expiry)
		timer_arm(v);
	if (fired)
		xen_virq_raise(v, VIRQ_TIMER);
	runstate_steal(v);
}

long xen_set_timer_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		      struct xen_vcpu *v)
{
	xen_count(v, XEN_CALL_SET_TIMER);
	if (!a1)
		timer_off(v);
	else
		timer_set(v, a1, tw_time_ns());
	return 0;
}

static long singleshot_set(struct xen_vcpu *v, uint64_t arg)
{
	struct vcpu_set_singleshot_timer set;
	uint64_t now;

	if (tw_copy_from_guest(&set, arg, sizeof(set)))
		return -XEN_EFAULT;
	now = tw_time_ns();
	if (set.timeout_abs_ns < now && set.flags & VCPU_SSHOTTMR_future)
		return -XEN_ETIME;
	timer_set(v, set.timeout_abs_ns, now);
	return 0;
}

static long periodic_set(struct xen_vcpu *v, uint64_t arg)
{
	struct vcpu_set_periodic_timer set;

	if (tw_copy_from_guest(&set, arg, sizeof(set)))
		return -XEN_EFAULT;
	if (set.period_ns < PERIOD_MIN_NS || set.period_ns > PERIOD_MAX_NS)
		return -XEN_EINVAL;
	v->periodic_ns = set.period_ns;
	v->periodic_next = tw_time_ns() + set.period_ns;
	timer_arm(v);
	return 0;
}

/* The one-shot that runs for a vCPU is on that vCPU's CPU: only a vCPU that is down has none. */
static long timer_stop(struct xen_vcpu *target, uint64_t *timer, const struct xen_vcpu *v)
{
	if (target != v && target->up)
		return -XEN_EINVAL;
	if (!*timer)
		return 0;
	*timer = 0;
	if (target == v)
		timer_arm(v);
	return 0;
}

/* --- runstate --- */

/* Copy v's runstate to the area that the guest registered; areas that are gone are ignored. */
static void runstate_write(const struct xen_vcpu *v)
{
	uint64_t top = v->runstate_va + offsetof(struct vcpu_runstate_info, state_entry_time) + 7;
	struct vcpu_runstate_info copy = v->runstate;
	uint8_t mark = (uint8_t)((copy.state_entry_time | XEN_RUNSTATE_UPDATE) >> 56);

	if (!v->runstate_va)
		return;
	if (!xen_domain.runstate_update_flag) {
		tw_copy_to_guest(v->runstate_va, &copy, sizeof(copy));
		return;
	}
	/* Readers on other vCPUs wait while the top bit of state_entry_time is set. */
	if (tw_copy_to_guest(top, &mark, 1))
		return;
	copy.state_entry_time |= XEN_RUNSTATE_UPDATE;
	tw_copy_to_guest(v->runstate_va, &copy, sizeof(copy));
	mark = (uint8_t)(v->runstate.state_entry_time >> 56);
	tw_copy_to_guest(top, &mark, 1);
}

/*
 * Close the time spent in the current state and enter another. Other CPUs may read meanwhile:
 * the entry time is marked first and set last, as in the guest's own copy.
 */
static void runstate_change(struct xen_vcpu *v, int state)
{
	struct vcpu_runstate_info *r = &v->runstate;
	uint64_t now = tw_time_ns(), since = r->state_entry_time;
	uint64_t spent = now > since ? now - since : 0, stolen = 0;

	__atomic_store_n(&r->state_entry_time, since | XEN_RUNSTATE_UPDATE, __ATOMIC_SEQ_CST);
	if (r->state == RUNSTATE_running) {
		uint64_t steal = tw_host.steal_ns(v->id);

		if (steal > v->steal_seen)
			stolen = steal - v->steal_seen < spent ? steal - v->steal_seen : spent;
		v->steal_seen += stolen;
		r->time[RUNSTATE_runnable] += stolen;
	}
	r->time[r->state] += spent - stolen;
	r->state = state;
	__atomic_store_n(&r->state_entry_time, now, __ATOMIC_RELEASE);
	runstate_write(v);
}

void xen_runstate_block(struct xen_vcpu *v)
{
	runstate_change(v, RUNSTATE_blocked);
}

void xen_runstate_run(struct xen_vcpu *v)
{
	runstate_change(v, RUNSTATE_running);
}

void xen_runstate_offline(struct xen_vcpu *v)
{
	runstate_change(v, RUNSTATE_offline);
}

/* A vCPU that never blocks must see what the host took, too. */
static void runstate_steal(struct xen_vcpu *v)
{
	if (v->runstate.state == RUNSTATE_running && tw_host.steal_ns(v->id) > v->steal_seen)
		runstate_change(v, RUNSTATE_running);
}

/* The times of v up to now. */
static void runstate_read(const struct xen_vcpu *v, struct vcpu_runstate_info *r)
{
	uint64_t since, now;

	do {
		since = __atomic_load_n(&v->runstate.state_entry_time, __ATOMIC_ACQUIRE);
		*r = v->runstate;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (since & XEN_RUNSTATE_UPDATE ||
		 since != __atomic_load_n(&v->runstate.state_entry_time, __ATOMIC_RELAXED));
	now = tw_time_ns();
	if (now > since)
		r->time[r->state] += now - since;
}

static long runstate_get(const struct xen_vcpu *target, uint64_t arg)
{
	struct vcpu_runstate_info r;

	runstate_read(target, &r);
	return tw_copy_to_guest(arg, &r, sizeof(r)) ? -XEN_EFAULT : 0;
}

static long runstate_register(struct xen_vcpu *target, uint64_t arg)
{
	struct vcpu_register_runstate_memory_area area;
	struct vcpu_runstate_info r;

	if (tw_copy_from_guest(&area, arg, sizeof(area)))
		return -XEN_EFAULT;
	target->runstate_va = area.addr.p;
	if (!area.addr.p)
		return 0;
	/* Written from the caller's address space: Linux registers for CPUs that are not up yet. */
	runstate_read(target, &r);
	if (tw_copy_to_guest(area.addr.p, &r, sizeof(r))) {
		target->runstate_va = 0;
		return -XEN_EFAULT;
	}
	return 0;
}

long xen_vcpu_timer_op(uint64_t cmd, struct xen_vcpu *target, uint64_t arg, struct xen_vcpu *v)
{
	switch (cmd) {
	case VCPUOP_set_singleshot_timer:
		xen_count(v, XEN_CALL_VCPU_SET_SINGLESHOT);
		return target == v ? singleshot_set(v, arg) : -XEN_EINVAL;
	case VCPUOP_stop_singleshot_timer:
		xen_count(v, XEN_CALL_VCPU_STOP_SINGLESHOT);
		return timer_stop(target, &target->timer_expiry, v);
	case VCPUOP_set_periodic_timer:
		xen_count(v, XEN_CALL_VCPU_SET_PERIODIC);
		return target == v ? periodic_set(v, arg) : -XEN_EINVAL;
	case VCPUOP_stop_periodic_timer:
		xen_count(v, XEN_CALL_VCPU_STOP_PERIODIC);
		return timer_stop(target, &target->periodic_ns, v);
	case VCPUOP_get_runstate_info:
		xen_count(v, XEN_CALL_VCPU_RUNSTATE);
		return runstate_get(target, arg);
	case VCPUOP_register_runstate_memory_area:
		xen_count(v, XEN_CALL_VCPU_RUNSTATE);
		return runstate_register(target, arg);
	case VCPUOP_register_vcpu_time_memory_area:
		xen_count(v, XEN_CALL_VCPU_TIME_AREA);
		return time_area_register(target, arg);
	}
	return xen_missing("vcpu_op", __HYPERVISOR_vcpu_op, (uint32_t)cmd);
}
