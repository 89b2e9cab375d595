/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * One CPU's entry area: a copy of the entry code with its data behind it, the IDT that points into
 * the copy, TSS, the GDT with the guest's pages and ours, LDT, and the stacks.
 */
#include "shim/resident/resident.h"

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap;
	uint8_t bits[8192 + 1];
} __attribute__((packed));

struct idt_gate {
	uint16_t low, selector, flags, mid;
	uint32_t high, zero;
};

struct table_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* Behind the guest's GDT pages: selectors there must give #GP, not a page fault. */
static const uint64_t no_descriptors[512] __attribute__((aligned(4096)));

struct entry_offsets entry;
static const char *entry_template TW_INITDATA;
static bool separate_roots;

TW_INIT void area_choose(bool pti)
{
	const struct entry_code *c = pti ? &entry_pti : &entry_plain;

	separate_roots = pti;
	entry_template = c->begin;
	entry = (struct entry_offsets){
		.lstar = (uint64_t)(c->lstar - c->begin),
		.lstar_any = (uint64_t)(c->lstar_any - c->begin),
		.lstar_low = (uint64_t)(c->lstar_low - c->begin),
		.cstar = (uint64_t)(c->cstar - c->begin),
		.sysenter = (uint64_t)(c->sysenter - c->begin),
		.stubs = (uint64_t)(c->stubs - c->begin),
		.iretq_user = (uint64_t)(c->iretq_user - c->begin),
	};
}

static struct tss *area_tss(unsigned int cpu)
{
	return (struct tss *)(area_va(cpu) + AREA_TSS);
}

static TW_INIT uint64_t map_pages(unsigned int cpu, uint64_t offset, unsigned int pages,
				  uint64_t flags)
{
	uint64_t pa = memory_take(pages);

	for (unsigned int i = 0; i < pages; i++)
		paging_map(area_va(cpu) + offset + i * TW_PAGE_SIZE, pa + i * TW_PAGE_SIZE, flags);
	return pa;
}

static TW_INIT void set_gate(struct idt_gate *g, uint64_t address, unsigned int ist, unsigned int dpl)
{
	g->low = (uint16_t)address;
	g->selector = SEL_KERNEL_CS;
	g->flags = (uint16_t)(0x8e00 | dpl << 13 | ist);
	g->mid = (uint16_t)(address >> 16);
	g->high = (uint32_t)(address >> 32);
	g->zero = 0;
}

static TW_INIT void make_idt(unsigned int cpu)
{
	struct idt_gate *idt = (struct idt_gate *)(area_va(cpu) + AREA_IDT);

	for (unsigned int v = 0; v < 256; v++)
		set_gate(&idt[v], area_code(cpu, entry.stubs) + v * 16, 0, 0);
	set_gate(&idt[1], area_code(cpu, entry.stubs) + 1 * 16, IST_DB, 0);
	set_gate(&idt[2], area_code(cpu, entry.stubs) + 2 * 16, IST_NMI, 0);
	set_gate(&idt[8], area_code(cpu, entry.stubs) + 8 * 16, IST_DF, 0);
	set_gate(&idt[18], area_code(cpu, entry.stubs) + 18 * 16, IST_MC, 0);
}

static TW_INIT void make_gdt(unsigned int cpu)
{
	uint64_t *gdt = (uint64_t *)(area_va(cpu) + AREA_GDT_OURS);
	uint64_t tss = (uint64_t)area_tss(cpu);

	gdt[1] = 0x00af9b000000ffff; /* SEL_KERNEL_CS: 64-bit code, DPL 0 */
	gdt[2] = 0x00cf93000000ffff; /* SEL_KERNEL_SS */
	gdt[4] = 0x00cffb000000ffff; /* SEL_USER_CS32 */
	gdt[5] = 0x00cff3000000ffff; /* SEL_USER_DS */
	gdt[6] = 0x00affb000000ffff; /* SEL_USER_CS */
	gdt[8] = 0x0000890000000000 | (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
		 (tss >> 24 & 0xff) << 56;
	gdt[9] = tss >> 32;
}

static TW_INIT void make_tss(unsigned int cpu)
{
	struct tss *t = area_tss(cpu);
	uint64_t va = area_va(cpu);

	t->ist[IST_NMI - 1] = va + AREA_IST_NMI + TW_PAGE_SIZE;
	t->ist[IST_DF - 1] = va + AREA_IST_DF + TW_PAGE_SIZE;
	t->ist[IST_DB - 1] = va + AREA_IST_DB + TW_PAGE_SIZE;
	t->ist[IST_MC - 1] = va + AREA_IST_MC + TW_PAGE_SIZE;
	t->iomap = sizeof(*t); /* beyond the limit: no port for user mode */
	__builtin_memset(t->bits, 0xff, sizeof(t->bits));
}

TW_INIT void area_create(unsigned int cpu)
{
	struct resident_data *d = area_data(cpu);
	uint64_t va = area_va(cpu), code;

	code = map_pages(cpu, AREA_CODE, AREA_CODE_PAGES, 0);
	map_pages(cpu, AREA_DATA, AREA_DATA_PAGES, PTE_W | PTE_NX);
	map_pages(cpu, AREA_IDT, 1, PTE_W | PTE_NX);
	map_pages(cpu, AREA_TSS, AREA_TSS_PAGES, PTE_W | PTE_NX);
	map_pages(cpu, AREA_GDT_OURS, 1, PTE_W | PTE_NX);
	map_pages(cpu, AREA_STACK, AREA_STACK_PAGES, PTE_W | PTE_NX);
	map_pages(cpu, AREA_IST_NMI, 1, PTE_W | PTE_NX);
	map_pages(cpu, AREA_IST_DF, 1, PTE_W | PTE_NX);
	map_pages(cpu, AREA_IST_DB, 1, PTE_W | PTE_NX);
	map_pages(cpu, AREA_IST_MC, 1, PTE_W | PTE_NX);
	map_pages(cpu, AREA_FAULT, 1, PTE_W | PTE_NX);
	map_pages(cpu, AREA_USER, 1, PTE_W | PTE_NX);

	resident_set_gdt(cpu, NULL, 0);
	__builtin_memcpy(hw_phys(code), entry_template, AREA_CODE_PAGES * TW_PAGE_SIZE);
	make_idt(cpu);
	make_gdt(cpu);
	make_tss(cpu);

	d->vcpu.cpu = cpu;
	d->vcpu.shim_sp = va + AREA_STACK + AREA_STACK_PAGES * TW_PAGE_SIZE;
	d->vcpu.tss_rsp0 = (uint64_t *)(area_va(cpu) + AREA_TSS + offsetof(struct tss, rsp));
	d->calls_table = (uint64_t)resident_guest->calls;
	d->calls_count = resident_guest->calls_count;
	d->on_unknown = resident_guest->unknown;
	d->on_interrupt = (uint64_t)resident_interrupt;
	d->on_trap = (uint64_t)resident_trap;
	d->on_fault = (uint64_t)resident_fault;
	d->fault_sp = va + AREA_FAULT + TW_PAGE_SIZE;
	d->user_sp = va + AREA_USER + TW_PAGE_SIZE;
	if (separate_roots) {
		/* The CPU enters on a stack that both roots show; entry code goes on from there. */
		area_tss(cpu)->rsp[0] = d->user_sp;
		d->vcpu.tss_rsp0 = &d->unused_rsp0;
	}
}

void area_load(unsigned int cpu)
{
	uint64_t va = area_va(cpu);
	struct table_ptr gdt = { 15 * TW_PAGE_SIZE - 1, va + AREA_GDT };
	struct table_ptr idt = { TW_PAGE_SIZE - 1, va + AREA_IDT };

	__asm__ volatile("lgdt %0" : : "m"(gdt));
	__asm__ volatile("lidt %0" : : "m"(idt));
	__asm__ volatile("pushq %0; lea 1f(%%rip), %%rax; pushq %%rax; lretq; 1: mov %1, %%ss"
			 :
			 : "i"(SEL_KERNEL_CS), "r"((uint32_t)SEL_KERNEL_SS)
			 : "rax", "memory");
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" : : "r"(0));
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
	hw_lldt(0);
	hw_wrmsr(MSR_EFER, hw_rdmsr(MSR_EFER) | 1);
	hw_wrmsr(MSR_STAR, (uint64_t)0x23 << 48 | (uint64_t)SEL_KERNEL_CS << 32);
	hw_wrmsr(MSR_CSTAR, area_code(cpu, entry.cstar));
	hw_wrmsr(MSR_SFMASK, 0x47700);
	resident_syscall_changed(cpu);
}

/*
 * A kernel at low addresses cannot be told from user mode by the return address of SYSCALL: until
 * it registers a system-call callback at a negative address, every SYSCALL is a hypercall.
 */
void resident_syscall_changed(unsigned int cpu)
{
	struct tw_vcpu *v = &area_data(cpu)->vcpu;
	const struct tw_gate *syscall = &v->callback[TW_CB_SYSCALL];
	uint64_t way = syscall->address && syscall->mask ? entry.lstar : entry.lstar_any;

	v->low_kernel = v->low_kernel && (int64_t)syscall->address >= 0;
	if (v->low_kernel)
		way = entry.lstar_low;
	hw_wrmsr(MSR_LSTAR, area_code(cpu, way));

	/* No callback: SYSENTER gives #GP. Its stack only serves until the first instructions. */
	hw_wrmsr(MSR_SYSENTER_CS, v->callback[TW_CB_SYSENTER].address ? SEL_KERNEL_CS : 0);
	hw_wrmsr(MSR_SYSENTER_ESP, v->shim_sp);
	hw_wrmsr(MSR_SYSENTER_EIP, area_code(cpu, entry.sysenter));
}

void resident_set_gdt(unsigned int cpu, const uint64_t *frames, unsigned int count)
{
	for (unsigned int i = 0; i < AREA_GDT_GUEST; i++) {
		uint64_t va = area_va(cpu) + AREA_GDT + i * TW_PAGE_SIZE;
		bool present = i < count && frames[i] != ~0ull;

		paging_set(va, present ? frames[i] << TW_PAGE_SHIFT | PTE_P | PTE_W | PTE_A |
						 PTE_D | PTE_NX
				       : image_pa(no_descriptors) | PTE_P | PTE_A | PTE_NX);
	}
}

void resident_set_ldt(unsigned int cpu, const uint64_t *pages, unsigned int entries)
{
	uint64_t *gdt = (uint64_t *)(area_va(cpu) + AREA_GDT_OURS);
	uint64_t base = area_va(cpu) + AREA_LDT;
	unsigned int count = (entries * 8 + TW_PAGE_SIZE - 1) >> TW_PAGE_SHIFT;

	if (entries == 0) {
		hw_lldt(0);
		return;
	}
	for (unsigned int i = 0; i < AREA_LDT_PAGES; i++)
		paging_set(base + i * TW_PAGE_SIZE,
			   i < count ? pages[i] | PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX : 0);
	gdt[10] = 0x0000820000000000 | (entries * 8 - 1) | (base & 0xffffff) << 16 |
		  (base >> 24 & 0xff) << 56;
	gdt[11] = base >> 32;
	hw_lldt(SEL_LDT);
}

uint64_t resident_set_iobitmap(unsigned int cpu, uint64_t bits, unsigned int ports)
{
	struct tss *t = area_tss(cpu);
	uint64_t left = 0;

	t->iomap = sizeof(*t);
	__builtin_memset(t->bits, 0xff, sizeof(t->bits));
	if (bits && ports) {
		left = tw_copy_from_guest(t->bits, bits, ports / 8);
		if (!left)
			t->iomap = (uint16_t)__builtin_offsetof(struct tss, bits);
	}
	return left;
}

/* Exceptions with an error code: INT n pushes none, so user mode must not come to their stubs by it. */
static bool has_error_code(unsigned int vector)
{
	return vector < 32 && (1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 |
				1u << 21) >> vector & 1;
}

void resident_set_trap(unsigned int cpu, unsigned int vector, uint64_t address, unsigned int dpl,
		       bool mask)
{
	struct idt_gate *gate = (struct idt_gate *)(area_va(cpu) + AREA_IDT) + vector;
	bool user = address && dpl == 3 && !has_error_code(vector);

	area_data(cpu)->vcpu.trap[vector] = (struct tw_gate){ address, mask, (uint8_t)dpl, { 0 } };
	gate->flags = (uint16_t)((gate->flags & ~0x6000) | (user ? 0x6000 : 0));
}

uint64_t resident_irets(unsigned int cpu)
{
	return area_data(cpu)->vcpu.irets;
}
