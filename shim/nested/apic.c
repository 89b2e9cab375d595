/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The guest's local APIC is the real one. Trapped are only writes that could take a CPU away from
 * the shim (INIT and SIPI through the ICR), and the timer's while the shim uses it (timer.c). In
 * x2APIC mode these are MSRs with a bit in the permission map; in xAPIC mode all of the page's
 * writes fault, and apic_step.c finds out what was written.
 *
 * Since an xAPIC page that traps costs two exits at every EOI, it traps only while a SIPI can
 * matter: as long as a CPU waits for one, or may be about to. Kernels flush caches (WBINVD) with
 * interrupts off before a CPU that goes offline halts for ever; a CPU that lives on shows it by its
 * next APIC write.
 */
#include "shim/nested/nested.h"

#define APIC_BASE_X2	 (1ull << 10)
#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_PA	 0x000ffffffffff000ull
#define ICR_BUSY	 (1u << 12)
#define ICR_WAIT_MAX	 100000u
#define MSR_X2APIC	 0x800u

uint64_t nested_apic_pa;
static bool keep_x2apic; /* an APIC id that xAPIC cannot name */
static bool icr_trapped, timer_trapped;
static struct tw_lock traps_lock;

TW_INIT void nested_apic_init(void)
{
	nested_apic_pa = hw_rdmsr(MSR_APIC_BASE) & APIC_BASE_PA;
	backend_trap_msr(MSR_APIC_BASE, false, true); /* the mode must be known */
	for (unsigned int cpu = 0; cpu < tw_host.cpus; cpu++)
		keep_x2apic |= tw_host.apic_id[cpu] > 0xfe;
}

uint32_t nested_apic_read(struct nested_cpu *c, unsigned int reg)
{
	return c->x2apic ? (uint32_t)hw_rdmsr(MSR_X2APIC + reg / 16) : hw_mmio_read32(nested_apic_pa + reg);
}

bool nested_apic_write(struct nested_cpu *c, unsigned int reg, uint64_t value)
{
	if (c->x2apic)
		return nested_wrmsr_safe(MSR_X2APIC + reg / 16, value);
	hw_mmio_write32(nested_apic_pa + reg, (uint32_t)value);
	return true;
}

static void wait_idle(void)
{
	for (unsigned int i = 0; i < ICR_WAIT_MAX; i++) {
		if (!(hw_mmio_read32(nested_apic_pa + APIC_ICR) & ICR_BUSY))
			return;
		hw_pause();
	}
}

void nested_apic_command(struct nested_cpu *c, unsigned int cpu, uint32_t command)
{
	uint32_t id = tw_host.apic_id[cpu], high;

	if (c->x2apic) {
		__asm__ volatile("mfence; lfence" : : : "memory");
		nested_apic_write(c, APIC_ICR, (uint64_t)id << 32 | command);
		return;
	}
	/* The guest may be between its two writes: its destination must survive. */
	wait_idle();
	high = nested_apic_read(c, APIC_ICR_HIGH);
	nested_apic_write(c, APIC_ICR_HIGH, id << 24);
	nested_apic_write(c, APIC_ICR, command);
	wait_idle();
	nested_apic_write(c, APIC_ICR_HIGH, high);
}

/*
 * INIT empties the APIC. Here nothing but the real one's interrupt acceptance does that: take what is
 * requested, and end all that is in service.
 */
static void drain(struct nested_cpu *c)
{
	nested_apic_write(c, APIC_TPR, 0);
	nested_apic_write(c, APIC_SVR, 0x1ff);
	/* What is in service first: it holds requests back. */
	for (unsigned int reg = 0x100; reg < 0x180; reg += 0x10)
		for (unsigned int i = 0; i < 32 && nested_apic_read(c, reg); i++)
			nested_apic_write(c, APIC_EOI, 0);
	for (unsigned int i = 0; i < 256; i++) {
		c->accepted = -1;
		backend_take_interrupt();
		nested_apic_write(c, APIC_EOI, 0);
		if (c->accepted < 0)
			break;
	}
	c->accepted = -1;
}

/* As after INIT: software-disabled, everything masked. */
void nested_apic_reset(struct nested_cpu *c)
{
	static const uint16_t lvt[] = { 0x320, 0x340, 0x350, 0x360, 0x370 };

	nested_apic_write(c, APIC_TIMER_INIT, 0);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(lvt); i++)
		if (lvt[i] != 0x340 || (nested_apic_read(c, APIC_VERSION) >> 16 & 0xff) >= 4)
			nested_apic_write(c, lvt[i], 0x10000);
	if (c->guest_runs)
		drain(c);
	nested_apic_write(c, APIC_TPR, 0);
	nested_apic_write(c, APIC_SVR, 0xff);
}

/* Give the guest an APIC as firmware leaves it: xAPIC mode; on the boot CPU the PIC gets through. */
void nested_apic_handover(struct nested_cpu *c)
{
	uint64_t base = hw_rdmsr(MSR_APIC_BASE);

	c->x2apic = base & APIC_BASE_X2;
	if (c->x2apic && !keep_x2apic) {
		hw_wrmsr(MSR_APIC_BASE, base & ~(APIC_BASE_X2 | APIC_BASE_ENABLE));
		hw_wrmsr(MSR_APIC_BASE, (base & ~APIC_BASE_X2) | APIC_BASE_ENABLE);
		c->x2apic = false;
	}
	nested_apic_reset(c);
	if (c->cpu == 0) {
		nested_apic_write(c, APIC_SVR, 0x1ff);
		nested_apic_write(c, 0x350, 0x700); /* LINT0: the PIC */
		nested_apic_write(c, 0x360, 0x400); /* LINT1: NMI */
	}
}

enum nested_verdict nested_apic_base(struct nested_cpu *c, uint64_t value)
{
	uint64_t old = hw_rdmsr(MSR_APIC_BASE);

	if ((value ^ old) & APIC_BASE_PA) {
		tw_warn("the guest moves its APIC page to 0x%llx: not supported, ignored",
			(unsigned long long)(value & APIC_BASE_PA));
		value = (value & ~APIC_BASE_PA) | (old & APIC_BASE_PA);
	}
	if (!nested_wrmsr_safe(MSR_APIC_BASE, value))
		return NESTED_GP;
	c->x2apic = value & APIC_BASE_X2;
	nested_apic_update(c);
	return NESTED_DONE;
}

/* --- which writes trap --------------------------------------------------------------------------- */

static uint64_t page_entry(struct nested_cpu *c)
{
	/* In x2APIC mode nothing is behind the page. */
	bool trapped = !c->x2apic && (icr_trapped || c->timer.owned);

	return nested_apic_pa | (NPT_RAM & ~PTE_W) | PTE_NX | (trapped ? 0 : PTE_W);
}

void nested_apic_update(struct nested_cpu *c)
{
	tw_lock(&traps_lock);
	*c->apic_pte = page_entry(c);
	tw_unlock(&traps_lock);
	backend_flush(c);
}

/* Under the lock, so that nobody who changes the traps puts the real page back too early. */
void nested_apic_show_copy(struct nested_cpu *c)
{
	tw_lock(&traps_lock);
	nested_step(c, NESTED_STEP_APIC);
	*c->apic_pte = c->apic_copy_pa | NPT_RAM | PTE_NX;
	tw_unlock(&traps_lock);
	backend_flush(c);
}

static bool sipi_matters(void)
{
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++) {
		const struct nested_cpu *c = nested_cpu_of[cpu];

		if (c->state == NESTED_WAIT_SIPI || c->maybe_dying)
			return true;
	}
	return false;
}

void nested_apic_traps_changed(struct nested_cpu *self)
{
	bool timer = false, icr, changed;

	tw_lock(&traps_lock);
	icr = sipi_matters();
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		timer |= nested_cpu_of[cpu]->timer.owned;
	changed = icr != icr_trapped || timer != timer_trapped;
	icr_trapped = icr;
	timer_trapped = timer;
	for (unsigned int cpu = 0; changed && cpu < nested_cpus; cpu++) {
		struct nested_cpu *c = nested_cpu_of[cpu];

		if (c->stepping != NESTED_STEP_APIC)
			*c->apic_pte = page_entry(c);
	}
	if (changed) {
		backend_trap_msr(MSR_X2APIC + APIC_ICR / 16, false, icr);
		backend_trap_msr(MSR_X2APIC + APIC_LVT_TIMER / 16, false, timer);
		backend_trap_msr(MSR_X2APIC + APIC_TIMER_INIT / 16, false, timer);
		backend_trap_msr(MSR_X2APIC + APIC_TIMER_DIVIDE / 16, false, timer);
		backend_trap_msr(MSR_TSC_DEADLINE, timer, timer);
	}
	tw_unlock(&traps_lock);
	if (changed)
		nested_tlb_flush(~0ull);
}

void nested_apic_maybe_dying(struct nested_cpu *c)
{
	if (c->regs.rflags & 0x200 || c->regs.cpl || nested_cpus == 1)
		return;
	c->maybe_dying = true;
	nested_apic_traps_changed(c);
}

/* --- what the guest writes ----------------------------------------------------------------------- */

static void take_one(struct nested_cpu *target, uint32_t command)
{
	unsigned int mode = command >> 8 & 7;

	if (mode == 4) {
		__atomic_store_n(&target->nmi_wanted, true, __ATOMIC_SEQ_CST);
		nested_poke(target);
	} else if (mode == 6) {
		nested_sipi_cpu(target, (uint8_t)command);
	} else if (!(command & 1u << 15) || command & 1u << 14) { /* not the end of INIT */
		nested_init_cpu(target);
	}
}

/* INIT, SIPI and NMI to physical destinations and shorthands; others have no use. */
static void take_command(struct nested_cpu *c, uint32_t command, uint32_t destination)
{
	unsigned int shorthand = command >> 18 & 3;
	bool all = destination == (c->x2apic ? 0xffffffffu : 0xffu);

	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++) {
		struct nested_cpu *target = nested_cpu_of[cpu];
		bool hit = shorthand == 0   ? all || tw_host.apic_id[cpu] == destination :
			   shorthand == 1 ? target == c :
			   shorthand == 2 ? true : target != c;

		if (hit)
			take_one(target, command);
	}
}

static bool command(struct nested_cpu *c, uint64_t value)
{
	unsigned int mode = value >> 8 & 7;

	/* The shim's own NMIs (pokes) may merge with the guest's in the APIC, which then would be lost. */
	if (mode == 5 || mode == 6 || (mode == 4 && !(value & 1u << 11))) {
		if (!c->x2apic)
			value |= (uint64_t)(nested_apic_read(c, APIC_ICR_HIGH) >> 24) << 32;
		take_command(c, (uint32_t)value, (uint32_t)(value >> 32));
		return true;
	}
	return nested_apic_write(c, APIC_ICR, value);
}

bool nested_apic_guest_write(struct nested_cpu *c, unsigned int reg, uint64_t value)
{
	if (c->maybe_dying) { /* it lives */
		c->maybe_dying = false;
		nested_apic_traps_changed(c);
	}
	if (reg == APIC_ICR)
		return command(c, value);
	if (c->timer.owned && nested_timer_guest_write(c, reg, value))
		return true;
	if (!nested_apic_write(c, reg, value))
		return false;
	if (reg == APIC_EOI && nested_guest->eoi)
		nested_guest->eoi(c->vcpu);
	return true;
}
