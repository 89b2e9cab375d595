/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The host side of the neutral interface: what a guest side may ask of the hypervisor (or of the
 * bare machine) underneath. translators/bare fills every member; every other host side starts from
 * that and overrides what its hypervisor does better, so that each piece falls back by itself.
 *
 * Units: ns are nanoseconds of the neutral clock (twoway/clock.h), absolute unless a name says
 * otherwise. CPUs are dense indexes 0..tw_host.cpus-1 in the order of tw_host.apic_id[], never
 * APIC ids (hazard H-11). All members are callable with interrupts off and never enable them,
 * except halt.
 */
#ifndef TWOWAY_HOST_H
#define TWOWAY_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twoway/clock.h"
#include "twoway/op.h"

/* The VMI ROM, which has 32 KB for everything, is built with fewer. */
#ifndef TW_MAX_CPUS
#define TW_MAX_CPUS 64
#endif

struct tw_boot;

/*
 * A call that the host side really made, counted for the ledger. Counts are plain increments: two
 * CPUs that meet may lose one.
 */
#define TW_NATIVE_MAX 16
struct tw_native {
	const char *name;
	unsigned long count;
};

struct tw_host {
	const char *name;  /* "bare", "kvm", ... as the ledger prints it */
	const char *title; /* for people: "bare x86 (QEMU TCG)" */
	struct tw_clock clock; /* as set up at start */
	const struct tw_clock *line; /* the neutral clock in force: clock, or what replaced it; read it once */
	unsigned int cpus;		/* CPUs that can be started, at least 1 */
	uint32_t apic_id[TW_MAX_CPUS];	/* APIC id of each CPU; [0] is the boot CPU's */
	/*
	 * The shim serves all interrupts and their ends (resident mode). False: the guest drives the local
	 * APIC itself, and what shortens its use must stay off. Set before any host side runs.
	 */
	bool owns_apic;
	/*
	 * The guest has its interrupt controllers natively from the start (VMI): their modes, vectors and masks
	 * stay as they are, and the timer is masked until the guest says otherwise. But ends of interrupts come
	 * through eoi. Set before, too.
	 */
	bool keeps_interrupts;
	bool svm_of_xen; /* the SVM offered here has the faults of Xen's (shim/nested/svm_xen.c) */
	uint64_t tsc_told; /* the TSC's frequency by the hypervisor, Hz, 0: measure it. Set before, too */

	/* Set up what is per CPU (local APIC, ...) on the calling CPU; once per CPU. */
	void (*cpu_init)(unsigned int cpu);

	/* Time. */
	uint64_t (*wallclock_ns)(void);		  /* UTC now, ns since 1970 */
	/*
	 * The hypervisor's own clock, NULL if it has none: true, and line filled but for stable, when it has changed
	 * since the last call (migration). Its zero is its own. At the first call it has. Any CPU, seldom.
	 */
	bool (*clock_told)(struct tw_clock *line);
	uint64_t (*steal_ns)(unsigned int cpu);	  /* ns the CPU wanted to run and could not */
	void (*timer_set)(uint64_t expiry_ns);	  /* one-shot for this CPU, TW_VEC_TIMER; past: at once */
	void (*timer_stop)(void);		  /* cancel this CPU's one-shot */
	/*
	 * On TW_VEC_TIMER, before anything else: true when the one-shot really expired; false when the
	 * hardware could not count that far in one go and was armed again for the rest (H-1, H-3).
	 */
	bool (*timer_ack)(void);

	/* Interrupts. */
	void (*ipi)(unsigned int cpu, uint8_t vector);
	void (*ipi_self)(uint8_t vector); /* to the calling CPU; the only one that an NMI handler may use */
	void (*ipi_nmi)(unsigned int cpu);
	void (*ipi_many)(uint64_t cpus, uint8_t vector); /* bit n = CPU n; never the caller */
	void (*eoi)(void);

	/*
	 * On TW_VEC_HOST: which of the shim's vectors were raised on this CPU by means other than the local APIC
	 * (bit n: TW_VEC_FIRST + n). It is its own end of interrupt.
	 */
	uint32_t (*events)(void);

	/* CPUs. */
	int (*cpu_start)(unsigned int cpu, uint32_t trampoline_pa); /* real mode at a page < 1 MB; 0 or -ENODEV */
	void (*halt)(void);  /* enable interrupts and wait for one, no window between (H-25) */
	void (*yield)(void); /* spin hint */
	void (*yield_to)(unsigned int cpu); /* spin hint: the caller waits for that CPU */
	/*
	 * End another CPU's halt() without a need to interrupt it. One that is about to halt must not
	 * miss it (H-26); it may end the halt early or interrupt (TW_VEC_KICK) as it likes.
	 */
	void (*wake)(unsigned int cpu);
	/*
	 * Flush all entries, global ones too, of other CPUs' TLBs as far as the hypervisor does that by
	 * itself. Returns the CPUs that must still be interrupted; the others are flushed, or will be
	 * before they run again.
	 */
	uint64_t (*tlb_flush)(uint64_t cpus);

	/* Where ACPI switches off: the PM1a control port (0: none) and S5's sleep type. */
	uint16_t power_port;
	uint8_t power_type;
	/*
	 * Change the firmware's tables so that the guest does not find sleep states in which the CPUs lose what
	 * they hold. While booting only; NULL where that cannot be done.
	 */
	void (*hide_sleep)(void);
	/* Power: none of these returns. */
	void (*poweroff)(void);
	void (*reboot)(void);
	void (*crash)(void);

	/*
	 * On TW_VEC_REQUEST: what the machine's owner asks for ("poweroff", "reboot", "halt", ...), NULL for
	 * nothing. The text is good until the next call.
	 */
	const char *(*request)(void);

	/* Console. */
	void (*console_write)(const char *s, size_t n);
	size_t (*console_read)(char *s, size_t n); /* bytes that were waiting, at most n; never waits */
	/* Ask for TW_VEC_CONSOLE on input; false: must be polled. Again now and then: guests touch UARTs. */
	bool (*console_listen)(void);

	/* Who serves each operation: the native call's name, for the ledger. */
	const char *served[TW_OP_COUNT];
	struct tw_native native[TW_NATIVE_MAX]; /* ends with name == NULL */
};

/*
 * What the ledger says of a host side: who serves an operation, and how often its hypervisor's calls were
 * made. The VMI ROM has no ledger (TW_NO_LEDGER) and not the names either.
 */
static inline void tw_serves(struct tw_host *host, enum tw_op op, const char *by)
{
#ifndef TW_NO_LEDGER
	host->served[op] = by;
#endif
}

/* Member i of native[], and how often the call was made before it had a name. */
static inline void tw_native_name(struct tw_host *host, unsigned int i, const char *name,
				  unsigned long count)
{
#ifndef TW_NO_LEDGER
	host->native[i] = (struct tw_native){ name, count };
#endif
}

static inline void tw_native_count(struct tw_host *host, unsigned int i)
{
#ifndef TW_NO_LEDGER
	host->native[i].count++;
#endif
}

/* The one host side in use; valid after tw_host_detect(). */
extern struct tw_host tw_host;

/* Current time of the neutral clock, ns. */
uint64_t tw_time_ns(void);

/* Vectors that the shim keeps for itself; guests may not register them. */
#define TW_VEC_TIMER	0xf8
#define TW_VEC_KICK	0xf9 /* run the event check on the way back to the guest */
#define TW_VEC_TLB	0xfa /* serve TLB flush requests */
#define TW_VEC_CONSOLE	0xfb
#define TW_VEC_NMI	0xfc /* an NMI that hit the shim is delivered here */
#define TW_VEC_HOST	0xfd /* the host side's own events: tw_host.events() tells which */
#define TW_VEC_REQUEST	0xfe /* the owner may ask for something */
#define TW_VEC_SPURIOUS 0xff
#define TW_VEC_FIRST	TW_VEC_TIMER

/*
 * Host drivers. bare_host_init() fills *host completely from the machine and the boot information
 * (ACPI tables; NULL: look for them); it returns 0, or a negative errno with *why set to one line that names cause and
 * remedy (e.g. no local APIC).
 */
int bare_host_init(struct tw_host *host, const struct tw_boot *boot, const char **why);

/*
 * A hypervisor's own console, for machines that have neither UART nor debug port. It must work before
 * anything else does; write is called by one CPU at a time and may drop what nobody takes.
 */
struct tw_console {
	const char *name; /* for the ledger */
	void (*write)(const char *s, size_t n);
	size_t (*read)(char *s, size_t n); /* never waits */
};

/*
 * A hypervisor that does better than bare. console, if any, is the first to be asked: NULL when there is
 * none here. tsc_hz runs first and tells the TSC's frequency, so that it
 * need not be measured (0: unknown; the member may be NULL); init runs after bare_host_init() and
 * overrides what is really offered here, each piece by itself. leaf is the base of its CPUID leaves.
 */
struct tw_host_driver {
	const char *name;
	const char *title;
	const char *signature; /* 12 letters */
	uint32_t interface;    /* what EAX of the next leaf must be; 0: anything */
	const struct tw_console *(*console)(uint32_t leaf);
	uint64_t (*tsc_hz)(uint32_t leaf);
	void (*init)(struct tw_host *host, uint32_t leaf);
};
extern const struct tw_host_driver xen_host_driver, kvm_host_driver, hyperv_host_driver,
	vmware_host_driver;

/* Base of the CPUID leaves with this signature, 0 when it is not there (or CPUID.1 denies it). */
uint32_t tw_hypervisor_leaf(const char signature[12]);
/* The same for a driver, whose interface must be there, too. */
uint32_t tw_driver_leaf(const struct tw_host_driver *driver);

/*
 * What the core gives host sides: zeroed, page-aligned memory that stays theirs, for areas shared with
 * the hypervisor (boot only; ends the shim when there is none), and the calling CPU's index.
 */
void *tw_host_pages(unsigned int pages, uint64_t *pa);
/* A place for a page that the hypervisor lays over memory. What it may show there already stays as it is. Boot only. */
void *tw_host_overlay_page(uint64_t *pa);
/* A page of the shim's text that a hypervisor may fill or cover with code: a new one each time (boot only). */
void *tw_host_code_page(uint64_t *pa);
unsigned int tw_cpu(void);

/* The console before any host is known: works from the first instruction, output only. */
void bare_console_early(const char *which);
/* What "hypervisor" and, without UART and debug port, "auto" stand for from the next call above on. */
void bare_console_offer(const struct tw_console *console);
/* The console that was offered is in use. */
bool bare_console_offered(void);
void bare_console_write(const char *s, size_t n);
/* The debug port (0xe9) for the tool; the console where there is no such port. */
void bare_debug_write(const char *s, size_t n);
/*
 * Around what must stay in one piece (the ledger is one line): where there is no such port, others wait for the console
 * between them, for some 10 s.
 */
void bare_debug_begin(void);
void bare_debug_end(void);
/* The debug port is there and is not the console: a line written to both appears once in each. */
bool bare_debug_separate(void);

#endif /* TWOWAY_HOST_H */
