/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The programmable machine that unit tests and fuzzers see behind twoway/hw.h, see mock_hw.h.
 * Tables are searched linearly: a test sets a few dozen values, and simple is what a mock must be.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_hw.h"
#include "twoway/hw_call.h"
#include "twoway/attr.h"
#include "twoway/host.h"

#define MAX_CPUID 64
#define MAX_MSR	  128
#define MAX_HOOKS 32
#define MAX_RAM	  128
#define MAX_WORDS 1024

struct cpuid_value {
	uint32_t leaf, subleaf;
	struct hw_cpuid value;
};
struct msr_value {
	uint32_t msr;
	uint64_t value;
};
struct port_hook {
	uint16_t first, last;
	mock_in in;
	mock_out out;
};
struct mmio_hook {
	uint64_t base, size;
	mock_read read;
	mock_write write;
};
struct ram {
	uint64_t pa;
	size_t size;
	uint8_t *data;
	bool borrowed;
};
struct word {
	uint64_t pa;
	uint32_t value;
};

static struct cpuid_value cpuids[MAX_CPUID];
static struct msr_value msrs[MAX_MSR];
static struct port_hook port_hooks[MAX_HOOKS];
static struct mmio_hook mmio_hooks[MAX_HOOKS];
static struct ram rams[MAX_RAM];
static struct word words[MAX_WORDS];
static unsigned int cpuids_count, msrs_count, port_hooks_count, mmio_hooks_count, rams_count,
    words_count;
static uint32_t ports[65536];
static bool port_known[65536];
static void (*msr_hook)(uint32_t msr, uint64_t value);

uint64_t mock_tsc, mock_tsc_step = 10;
uint64_t mock_cr[5], mock_dr[8];
unsigned int mock_halts, mock_pauses, mock_wbinvds, mock_swapgss, mock_triple_faults;
bool mock_if;
uint64_t mock_invlpg_va;
unsigned int mock_invlpgs, mock_cr3_writes;
uint16_t mock_gs, mock_ldt;
void (*mock_on_stop)(void);
jmp_buf mock_stop_env;
struct mock_written mock_writes[MOCK_WRITES];
unsigned int mock_writes_count;
char mock_log_last[512];
unsigned int mock_log_lines[TW_LOG_DEBUG + 1];

static void die(const char *what)
{
	fprintf(stderr, "mock_hw: %s\n", what);
	abort();
}

void mock_reset(void)
{
	for (unsigned int i = 0; i < rams_count; i++)
		if (!rams[i].borrowed)
			free(rams[i].data);
	cpuids_count = msrs_count = port_hooks_count = mmio_hooks_count = 0;
	rams_count = words_count = 0;
	memset(port_known, 0, sizeof(port_known));
	msr_hook = NULL;
	mock_tsc = 0;
	mock_tsc_step = 10;
	memset(mock_cr, 0, sizeof(mock_cr));
	memset(mock_dr, 0, sizeof(mock_dr));
	mock_halts = mock_pauses = mock_wbinvds = mock_swapgss = mock_triple_faults = 0;
	mock_if = false;
	mock_invlpg_va = 0;
	mock_invlpgs = mock_cr3_writes = 0;
	mock_gs = mock_ldt = 0;
	mock_on_stop = NULL;
	mock_writes_count = 0;
	mock_log_last[0] = '\0';
	memset(mock_log_lines, 0, sizeof(mock_log_lines));
}

static void record(enum mock_kind kind, uint64_t where, uint64_t value)
{
	if (mock_writes_count < MOCK_WRITES)
		mock_writes[mock_writes_count] = (struct mock_written){kind, where, value};
	mock_writes_count++;
}

static unsigned int recorded(void)
{
	return mock_writes_count < MOCK_WRITES ? mock_writes_count : MOCK_WRITES;
}

unsigned int mock_written_times(enum mock_kind kind, uint64_t where)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < recorded(); i++)
		n += mock_writes[i].kind == kind && mock_writes[i].where == where;
	return n;
}

uint64_t mock_written_last(enum mock_kind kind, uint64_t where)
{
	for (unsigned int i = recorded(); i-- > 0;)
		if (mock_writes[i].kind == kind && mock_writes[i].where == where)
			return mock_writes[i].value;
	return 0;
}

/* --- CPUID, MSRs --------------------------------------------------------------------------- */

void mock_set_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t eax, uint32_t ebx, uint32_t ecx,
		    uint32_t edx)
{
	unsigned int i = 0;

	while (i < cpuids_count && (cpuids[i].leaf != leaf || cpuids[i].subleaf != subleaf))
		i++;
	if (i == MAX_CPUID)
		die("too many CPUID leaves");
	if (i == cpuids_count)
		cpuids_count++;
	cpuids[i] = (struct cpuid_value){leaf, subleaf, {eax, ebx, ecx, edx}};
}

struct hw_cpuid hw_cpuid(uint32_t leaf, uint32_t subleaf)
{
	for (unsigned int i = 0; i < cpuids_count; i++)
		if (cpuids[i].leaf == leaf && cpuids[i].subleaf == subleaf)
			return cpuids[i].value;
	return (struct hw_cpuid){0, 0, 0, 0};
}

void mock_set_msr(uint32_t msr, uint64_t value)
{
	unsigned int i = 0;

	while (i < msrs_count && msrs[i].msr != msr)
		i++;
	if (i == MAX_MSR)
		die("too many MSRs");
	if (i == msrs_count)
		msrs_count++;
	msrs[i] = (struct msr_value){msr, value};
}

uint64_t mock_get_msr(uint32_t msr)
{
	for (unsigned int i = 0; i < msrs_count; i++)
		if (msrs[i].msr == msr)
			return msrs[i].value;
	return 0;
}

void mock_hook_msr(void (*written)(uint32_t msr, uint64_t value))
{
	msr_hook = written;
}

__attribute__((weak)) uint64_t hw_rdmsr(uint32_t msr)
{
	return mock_get_msr(msr);
}

__attribute__((weak)) void hw_wrmsr(uint32_t msr, uint64_t value)
{
	record(MOCK_MSR, msr, value);
	mock_set_msr(msr, value);
	if (msr_hook)
		msr_hook(msr, value);
}

/* --- ports ----------------------------------------------------------------------------------- */

void mock_hook_port(uint16_t first, uint16_t last, mock_in in, mock_out out)
{
	if (port_hooks_count == MAX_HOOKS)
		die("too many port hooks");
	port_hooks[port_hooks_count++] = (struct port_hook){first, last, in, out};
}

void mock_set_port(uint16_t port, uint32_t value)
{
	ports[port] = value;
	port_known[port] = true;
}

static struct port_hook *port_hook(uint16_t port)
{
	for (unsigned int i = port_hooks_count; i-- > 0;)
		if (port >= port_hooks[i].first && port <= port_hooks[i].last)
			return &port_hooks[i];
	return NULL;
}

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	struct port_hook *hook = port_hook(port);

	if (hook && hook->in)
		return hook->in(port, bytes);
	return port_known[port] ? ports[port] : 0xffffffffu;
}

static void port_out(uint16_t port, uint32_t value, unsigned int bytes)
{
	struct port_hook *hook = port_hook(port);

	record(MOCK_PORT, port, value);
	if (hook && hook->out)
		hook->out(port, value, bytes);
	else if (hook || port_known[port])
		mock_set_port(port, value);
}

uint8_t hw_in8(uint16_t port)
{
	return (uint8_t)port_in(port, 1);
}

uint16_t hw_in16(uint16_t port)
{
	return (uint16_t)port_in(port, 2);
}

uint32_t hw_in32(uint16_t port)
{
	return port_in(port, 4);
}

void hw_out8(uint16_t port, uint8_t value)
{
	port_out(port, value, 1);
}

void hw_out16(uint16_t port, uint16_t value)
{
	port_out(port, value, 2);
}

void hw_out32(uint16_t port, uint32_t value)
{
	port_out(port, value, 4);
}

/* --- physical memory and MMIO ------------------------------------------------------------------
 */

void *mock_ram(uint64_t pa, size_t size)
{
	void *data;

	/* Aligned like frames: code under test may look at the low bits of a pointer. */
	if (posix_memalign(&data, 4096, size ? size : 1))
		die("out of memory");
	memset(data, 0, size);
	mock_ram_at(pa, data, size);
	rams[rams_count - 1].borrowed = false;
	return data;
}

void mock_ram_at(uint64_t pa, void *data, size_t size)
{
	if (rams_count == MAX_RAM)
		die("too many memory blocks");
	rams[rams_count++] = (struct ram){pa, size, data, true};
}

void *hw_phys(uint64_t pa)
{
	for (unsigned int i = rams_count; i-- > 0;)
		if (pa >= rams[i].pa && pa - rams[i].pa < rams[i].size)
			return rams[i].data + (pa - rams[i].pa);
	return NULL;
}

void mock_hook_mmio(uint64_t base, uint64_t size, mock_read read, mock_write write)
{
	if (mmio_hooks_count == MAX_HOOKS)
		die("too many MMIO hooks");
	mmio_hooks[mmio_hooks_count++] = (struct mmio_hook){base, size, read, write};
}

uint32_t *mock_mmio_word(uint64_t pa)
{
	unsigned int i = 0;

	while (i < words_count && words[i].pa != pa)
		i++;
	if (i == MAX_WORDS)
		die("too many MMIO words");
	if (i == words_count)
		words[words_count++] = (struct word){pa, 0};
	return &words[i].value;
}

static struct mmio_hook *mmio_hook(uint64_t pa)
{
	for (unsigned int i = mmio_hooks_count; i-- > 0;)
		if (pa >= mmio_hooks[i].base && pa - mmio_hooks[i].base < mmio_hooks[i].size)
			return &mmio_hooks[i];
	return NULL;
}

uint32_t hw_mmio_read32(uint64_t pa)
{
	struct mmio_hook *hook = mmio_hook(pa);
	uint32_t value = 0xffffffffu;

	if (hook)
		return hook->read ? hook->read(pa) : *mock_mmio_word(pa);
	if (hw_phys(pa) && hw_phys(pa + 3) == (uint8_t *)hw_phys(pa) + 3)
		memcpy(&value, hw_phys(pa), sizeof(value));
	return value;
}

void hw_mmio_write32(uint64_t pa, uint32_t value)
{
	struct mmio_hook *hook = mmio_hook(pa);

	record(MOCK_MMIO, pa, value);
	if (hook && hook->write)
		hook->write(pa, value);
	else if (hook)
		*mock_mmio_word(pa) = value;
	else if (hw_phys(pa) && hw_phys(pa + 3) == (uint8_t *)hw_phys(pa) + 3)
		memcpy(hw_phys(pa), &value, sizeof(value));
}

/* --- instructions ------------------------------------------------------------------------------
 */

uint64_t hw_rdtsc(void)
{
	return mock_tsc += mock_tsc_step;
}

__attribute__((weak)) void hw_pause(void)
{
	mock_pauses++;
	mock_tsc += mock_tsc_step;
}

void mock_stop_jump(void)
{
	longjmp(mock_stop_env, 1);
}

void hw_sti_hlt(void)
{
	mock_halts++;
	mock_if = true;
	if (mock_on_stop)
		mock_on_stop();
}

void hw_triple_fault(void)
{
	mock_triple_faults++;
	if (mock_on_stop)
		mock_on_stop();
	die("triple fault");
}

void hw_cli(void)
{
	mock_if = false;
}

void hw_sti(void)
{
	mock_if = true;
}

void hw_invlpg(uint64_t va)
{
	mock_invlpg_va = va;
	mock_invlpgs++;
}

#define MOCK_CR(n)                                                                                 \
	uint64_t hw_read_cr##n(void)                                                               \
	{                                                                                          \
		return mock_cr[n];                                                                 \
	}
#define MOCK_CR_WRITE(n)                                                                           \
	void hw_write_cr##n(uint64_t value)                                                        \
	{                                                                                          \
		mock_cr[n] = value;                                                                \
	}
MOCK_CR(0)
MOCK_CR(2)
MOCK_CR(3)
MOCK_CR(4)
MOCK_CR_WRITE(0)
MOCK_CR_WRITE(4)

void hw_write_cr3(uint64_t value)
{
	mock_cr[3] = value;
	mock_cr3_writes++;
}

uint64_t hw_read_dr(unsigned int reg)
{
	return mock_dr[reg & 7];
}

void hw_write_dr(unsigned int reg, uint64_t value)
{
	mock_dr[reg & 7] = value;
}

void hw_wbinvd(void)
{
	mock_wbinvds++;
}

void hw_swapgs(void)
{
	mock_swapgss++;
}

void hw_load_gs(uint16_t selector)
{
	mock_gs = selector;
}

void hw_lldt(uint16_t selector)
{
	mock_ldt = selector;
}

/* --- what the shim's core provides; weak, so that a test may bring its own ----------------------
 */

__attribute__((weak)) struct tw_host tw_host;

/* Hypercalls: a test brings the hypervisor that it needs. */
__attribute__((weak)) long hw_kvm_call(bool amd, unsigned long nr, unsigned long a0, unsigned long a1,
				       unsigned long a2, unsigned long a3)
{
	die("a hypercall, and no hypervisor");
	return 0;
}

__attribute__((weak)) uint64_t hw_hyperv_call(void *page, uint64_t control, uint64_t input, uint64_t output)
{
	die("a hypercall, and no hypervisor");
	return 0;
}

__attribute__((weak)) long hw_xen_call(void *page, unsigned int nr, uint64_t a1, uint64_t a2, uint64_t a3)
{
	die("a hypercall, and no Xen");
	return 0;
}

__attribute__((weak)) void hw_vmware_call(enum hw_vmware_form form, struct hw_vmware_regs *r)
{
	die("a VMware call, and no VMware");
}

/* Memory for host sides, from 512 MB of the mock's physical addresses on. */
__attribute__((weak)) void *tw_host_pages(unsigned int pages, uint64_t *pa)
{
	static uint64_t next = 0x20000000;

	*pa = next;
	next += pages * 4096ull;
	return mock_ram(*pa, pages * 4096ul);
}

__attribute__((weak)) void *tw_host_overlay_page(uint64_t *pa)
{
	return tw_host_pages(1, pa);
}

__attribute__((weak)) void *tw_host_code_page(uint64_t *pa)
{
	return tw_host_pages(1, pa);
}

__attribute__((weak)) uint64_t tw_time_ns(void)
{
	return tw_clock_ns(tw_host.line, hw_rdtsc());
}

__attribute__((weak)) void tw_log(enum tw_log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(mock_log_last, sizeof(mock_log_last), fmt, ap);
	va_end(ap);
	mock_log_lines[level]++;
}

__attribute__((weak)) void tw_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(mock_log_last, sizeof(mock_log_last), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tw_fatal: %s\n", mock_log_last);
	if (mock_on_stop)
		mock_on_stop();
	abort();
}
