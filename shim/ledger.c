/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ledger: per-CPU counters of guest calls, and the one JSON line that tells what each became.
 * Printing sums over CPUs that may still count; a race costs at most a late increment.
 */
#include "shim/shim.h"
#include "twoway/nested.h"

static uint64_t *counters[TW_MAX_CPUS]; /* one for each of the guest side's calls */

static struct {
	const char *name;
	uint32_t nr, sub;
	uint64_t count;
} missing[TW_LEDGER_MISSING];
static uint64_t missing_more; /* calls that found the table full */
static struct tw_lock missing_lock;

TW_INIT void ledger_init(void)
{
	unsigned int calls = 1; /* never none: the first is TW_CALL_IRET */
	uint64_t pages, *all;

	while (tw_guest->calls[calls - 1].guest)
		calls++;
	pages = (calls * sizeof(uint64_t) * tw_host.cpus + TW_PAGE_SIZE - 1) / TW_PAGE_SIZE;
	all = hw_phys(memory_take(pages));
	for (unsigned int cpu = 0; cpu < tw_host.cpus; cpu++)
		counters[cpu] = all + cpu * calls;
}

uint64_t *tw_ledger_calls(unsigned int cpu)
{
	return counters[cpu];
}

void tw_ledger_missing(const char *name, uint32_t nr, uint32_t sub)
{
	unsigned int i;

	tw_lock(&missing_lock);
	for (i = 0; i < TW_LEDGER_MISSING && missing[i].count; i++)
		if (missing[i].nr == nr && missing[i].sub == sub)
			break;
	if (i < TW_LEDGER_MISSING) {
		missing[i].name = name;
		missing[i].nr = nr;
		missing[i].sub = sub;
		missing[i].count++;
	} else {
		missing_more++;
	}
	tw_unlock(&missing_lock);
}

/* Pieces go out through one small buffer: the whole line may be 10 KB. */
static void piece(const char *fmt, ...)
{
	char s[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = tw_vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	log_raw(s, n < (int)sizeof(s) ? (size_t)n : sizeof(s) - 1);
}

static void print_calls(void)
{
	static const char *const op_names[] = {
#define X(id, name) name,
		TW_OPS(X)
#undef X
	};
	static const char *const status[] = { "done", "constant", "fallback" };
	const char *comma = "";

	for (unsigned int i = 0; tw_guest->calls[i].guest; i++) {
		const struct tw_call *c = &tw_guest->calls[i];
		const char *host = tw_host.served[c->op];
		uint64_t count = 0;

		for (unsigned int cpu = 0; cpu < tw_host.cpus; cpu++)
			count += counters[cpu][i];
		if (!count)
			continue;
		piece("%s{\"guest\":\"%s\",\"op\":\"%s\",\"host\":\"%s\",\"count\":%llu,"
		      "\"status\":\"%s\"}",
		      comma, c->guest, op_names[c->op], host ? host : "-",
		      (unsigned long long)count, status[c->status]);
		comma = ",";
	}
}

/* What the host side itself called, apart from what it does by the PC's own means. */
static void print_native(void)
{
	const char *comma = "";

	for (unsigned int i = 0; i < TW_NATIVE_MAX && tw_host.native[i].name; i++) {
		if (!tw_host.native[i].count)
			continue;
		piece("%s{\"call\":\"%s\",\"count\":%llu}", comma, tw_host.native[i].name,
		      (unsigned long long)tw_host.native[i].count);
		comma = ",";
	}
}

/* Nested mode only: why the guest was left, most of it a question of cost. */
static void print_exits(void)
{
	const char *comma = "", *name;
	uint64_t count;

	for (unsigned int i = 0; (name = nested_exit_count(i, &count)); i++) {
		if (!count)
			continue;
		piece("%s{\"reason\":\"%s\",\"count\":%llu}", comma, name, (unsigned long long)count);
		comma = ",";
	}
}

void tw_ledger_print(void)
{
	const char *comma = "";

	for (unsigned int cpu = 0; !nested_cpus && cpu < tw_host.cpus; cpu++)
		counters[cpu][TW_CALL_IRET] = resident_irets(cpu);
	piece("{\"twoway\":1,\"abi\":\"%s@%u\",\"mode\":\"%s\",\"host\":\"%s\",\"cpus\":%u,\"calls\":[",
	      tw_guest->name, tw_guest->version, tw_guest->mode, tw_host.name, tw_host.cpus);
	print_calls();
	piece("],\"missing\":[");
	for (unsigned int i = 0; i < TW_LEDGER_MISSING && missing[i].count; i++) {
		piece("%s{\"guest\":\"%s\",\"nr\":%u,\"sub\":%u,\"count\":%llu,\"status\":\"missing\"}",
		      comma, missing[i].name, missing[i].nr, missing[i].sub,
		      (unsigned long long)missing[i].count);
		comma = ",";
	}
	if (missing_more)
		piece("%s{\"guest\":\"others\",\"count\":%llu,\"status\":\"missing\"}", comma,
		      (unsigned long long)missing_more);
	piece("],\"native\":[");
	print_native();
	piece("],\"exits\":[");
	print_exits();
	piece("]}\n");
}
