/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ledger as a table: what the guest asked for, what it became, who served it; then what was
 * missing. The JSON comes from a guest machine, so nothing is assumed about its members.
 */
#include <string.h>

#include "tool.h"

static const char *member(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "-";
}

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* The longest value of a column, at least its title. */
static int width(const json_t *rows, const char *name)
{
	size_t most = strlen(name), n;
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)rows, i, row)
	{
		n = strlen(member(row, name));
		if (n > most)
			most = n;
	}
	return most > 60 ? 60 : (int)most;
}

static void calls_table(FILE *out, const json_t *calls)
{
	int guest = width(calls, "guest"), op = width(calls, "op"), host = width(calls, "host");
	size_t i;
	json_t *row;

	fprintf(out, "%-*s  %-*s  %-*s  %12s  %s\n", guest, "guest", op, "op", host, "host",
		"count", "status");
	json_array_foreach((json_t *)calls, i, row)
		fprintf(out, "%-*s  %-*s  %-*s  %12lld  %s\n", guest, member(row, "guest"), op,
			member(row, "op"), host, member(row, "host"),
			(long long)number(row, "count"), member(row, "status"));
}

/* A list of names and counts: "missing" (with the numbers of the call, where it has them) and
 * "exits". */
static void pairs(FILE *out, const char *title, const json_t *rows, const char *name)
{
	int most = width(rows, name);
	size_t i;
	json_t *row;

	if (!json_array_size(rows))
		return;
	fprintf(out, "\n%s:\n", title);
	json_array_foreach((json_t *)rows, i, row)
	{
		const json_t *nr = json_object_get(row, "nr");

		fprintf(out, "  %-*s  %12lld", most, member(row, name),
			(long long)number(row, "count"));
		if (json_is_integer(nr))
			fprintf(out, "  (call %lld, %lld)", (long long)json_integer_value(nr),
				(long long)number(row, "sub"));
		fputc('\n', out);
	}
}

void ledger_table(FILE *out, const json_t *ledger)
{
	if (!json_is_object(ledger) || !json_is_array(json_object_get(ledger, "calls"))) {
		fprintf(out, "no ledger\n");
		return;
	}
	fprintf(out, "guest ABI %s, %s mode, host %s, CPUs: %lld\n\n", member(ledger, "abi"),
		member(ledger, "mode"), member(ledger, "host"), (long long)number(ledger, "cpus"));
	calls_table(out, json_object_get(ledger, "calls"));
	pairs(out, "missing, answered \"not implemented\"", json_object_get(ledger, "missing"),
	      "guest");
	pairs(out, "calls to the host", json_object_get(ledger, "native"), "call");
	pairs(out, "exits", json_object_get(ledger, "exits"), "reason");
}
