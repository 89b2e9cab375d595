/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The command line of `twoway run`: what can be judged without looking at any file. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define SMP_MAX 64 /* TW_MAX_CPUS of the shim */
#define MEM_MIN (32ull << 20)
#define MEM_MAX (1ull << 40)

enum {
	OPT_FIRST = 256,
	OPT_ABI,
	OPT_HOST,
	OPT_INITRD,
	OPT_APPEND,
	OPT_DISK,
	OPT_NET,
	OPT_SMP,
	OPT_MEM,
	OPT_SHIM,
	OPT_EXPECT,
	OPT_TIMEOUT,
	OPT_LEDGER,
	OPT_DRY_RUN,
	OPT_JSON,
	OPT_QEMU,
	OPT_MACHINE,
	OPT_CPU
};

static const struct option table[] = {
	{ "abi", required_argument, NULL, OPT_ABI },
	{ "host", required_argument, NULL, OPT_HOST },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "disk", required_argument, NULL, OPT_DISK },
	{ "net", required_argument, NULL, OPT_NET },
	{ "smp", required_argument, NULL, OPT_SMP },
	{ "mem", required_argument, NULL, OPT_MEM },
	{ "shim", required_argument, NULL, OPT_SHIM },
	{ "expect", required_argument, NULL, OPT_EXPECT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "ledger", required_argument, NULL, OPT_LEDGER },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "qemu", required_argument, NULL, OPT_QEMU },
	{ "machine", required_argument, NULL, OPT_MACHINE },
	{ "cpu", required_argument, NULL, OPT_CPU },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* Options whose argument is kept as it is; NULL for the others. */
static const char **plain(struct run_options *o, int option)
{
	switch (option) {
	case OPT_ABI:
		return &o->abi;
	case OPT_HOST:
		return &o->host;
	case OPT_INITRD:
		return &o->initrd;
	case OPT_APPEND:
		return &o->append;
	case OPT_DISK:
		return &o->disk;
	case OPT_NET:
		return &o->net;
	case OPT_SHIM:
		return &o->shim;
	case OPT_EXPECT:
		return &o->expect;
	case OPT_LEDGER:
		return &o->ledger;
	case OPT_MACHINE:
		return &o->machine;
	case OPT_CPU:
		return &o->cpu;
	}
	return NULL;
}

static int one(struct run_options *o, int option)
{
	const char **target = plain(o, option);

	if (target) {
		*target = optarg;
		return 0;
	}
	switch (option) {
	case OPT_SMP:
		if (!parse_count(optarg, 1, SMP_MAX, &o->smp))
			return fail_with(EXIT_USAGE, "--smp %s: give a number of CPUs from 1 to %d",
					 optarg, SMP_MAX);
		return 0;
	case OPT_MEM:
		if (!parse_size(optarg, &o->mem) || o->mem < MEM_MIN || o->mem > MEM_MAX ||
		    o->mem % (1 << 20))
			return fail_with(EXIT_USAGE,
					 "--mem %s: give whole MiB from 32M to 1T, such as 512M "
					 "or 2G",
					 optarg);
		return 0;
	case OPT_TIMEOUT:
		if (!parse_seconds(optarg, &o->timeout_ms))
			return fail_with(EXIT_USAGE,
					 "--timeout %s: give seconds, such as 60 or 2.5", optarg);
		return 0;
	case OPT_QEMU:
		list_add(&o->qemu, optarg);
		return 0;
	case OPT_DRY_RUN:
		o->dry_run = true;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	}
	return EXIT_USAGE;
}

/* Where a -net value goes wrong; NULL when it is fine. */
static const char *bad_net(const char *net)
{
	if (!strcmp(net, "none") || !strcmp(net, "user"))
		return NULL;
	if (!starts_with(net, "user,"))
		return "give none, user, or user,hostfwd=tcp::2222-:22";
	for (const char *p = strchr(net, ','); p; p = strchr(p + 1, ','))
		if (!starts_with(p + 1, "hostfwd=") || !p[1 + strlen("hostfwd=")])
			return "only hostfwd=... may follow \"user,\"";
	return NULL;
}

static int judge(const struct run_options *o)
{
	const char *why = bad_net(o->net);
	char *wrong = NULL;

	if (why)
		return fail_with(EXIT_USAGE, "--net %s: %s", o->net, why);
	if (strcmp(o->machine, "q35") && strcmp(o->machine, "pc"))
		return fail_with(EXIT_USAGE, "--machine %s: give q35 or pc", o->machine);
	if (o->ledger && !*o->ledger)
		return fail_with(EXIT_USAGE, "--ledger: give a file name, or - for a table");
	if (o->expect) {
		struct expect *expect = expect_new(o->expect, &wrong);

		if (!expect)
			return fail_with(EXIT_USAGE,
					 "--expect: not a POSIX extended regular expression: %s",
					 wrong);
		expect_free(expect);
	}
	return 0;
}

int options_parse(int argc, char **argv, struct run_options *o)
{
	int option;

	*o = (struct run_options){ .abi = "auto",
				   .host = "qemu",
				   .append = "",
				   .shim = "",
				   .net = "none",
				   .machine = "q35",
				   .smp = 1,
				   .mem = 512ull << 20 };
	optind = 0; /* glibc: start anew, also when this is not the first list */
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":vh", table, NULL)) != -1) {
		if (option == ':')
			return fail_with(EXIT_USAGE, "run: option %s needs a value",
					 argv[optind - 1]);
		if (option == '?')
			return fail_with(EXIT_USAGE, "run: unknown option %s: see twoway help run",
					 argv[optind - 1]);
		if (one(o, option))
			return EXIT_USAGE;
	}
	if (o->help)
		return 0;
	if (optind == argc)
		return fail_with(EXIT_USAGE,
				 "run: name the guest kernel (a file, or debian): see twoway "
				 "help run");
	if (optind + 1 < argc)
		return fail_with(EXIT_USAGE, "run: \"%s\" is one argument too many",
				 argv[optind + 1]);
	o->kernel = argv[optind];
	return judge(o);
}
