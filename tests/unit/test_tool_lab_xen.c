/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Xen lab: the configuration that xl reads, and the shim's lines for the tool, which come on the
 * guest's console there and must not reach the screen, wherever the stream is cut.
 */
#include <string.h>

#include "test_tool.h"

static struct run_options options;
static struct plan plan;

static void setup(void)
{
	options = (struct run_options){ .net = "none", .smp = 2, .mem = 256ull << 20 };
	plan = (struct plan){ .options = &options,
			      .host = host_find("xen-lab"),
			      .kernel = "/k/vmlinuz",
			      .initrd = "/k/initrd",
			      .shim = "/t/twoway.elf",
			      .guest_cmdline = "a=1",
			      .shim_cmdline = "abi=xen-pv@1" };
}

static void has(const char *config, const char *line)
{
	const char *at = strstr(config, line);

	ck_assert_msg(at && (at == config || at[-1] == '\n') && at[strlen(line)] == '\n',
		      "no line %s in:\n%s", line, config);
}

START_TEST(domain)
{
	char *config = xen_config(&plan);

	has(config, "type=\"pvh\"");
	has(config, "vcpus=2");
	has(config, "memory=256");
	has(config, "ramdisk=\"/tw/ramdisk\"");
	has(config, "cmdline=\"abi=xen-pv@1\"");
	ck_assert_ptr_null(strstr(config, "nestedhvm"));
	ck_assert_ptr_null(strstr(config, "cpuid"));
}
END_TEST

START_TEST(native_domain)
{
	char *config;

	plan.shim = NULL;
	plan.initrd = NULL;
	options.cpu = "host,avx=0";
	config = xen_config(&plan);
	has(config, "cmdline=\"a=1\"");
	has(config, "cpuid=\"host,avx=0\"");
	ck_assert_ptr_null(strstr(config, "ramdisk"));
}
END_TEST

START_TEST(nested_domain)
{
	const struct abi nested = { .name = "hyperv", .nested = true };

	plan.abi = &nested;
	has(xen_config(&plan), "nestedhvm=1");
}
END_TEST

/* xl's lexer ends a string at the next quote, whatever is before it. */
START_TEST(strings)
{
	plan.shim_cmdline = "a=\"b c\" \\x\n";
	has(xen_config(&plan), "cmdline=\"a=\\x22b c\\x22 \\x5cx\\x0a\"");
}
END_TEST

/* What of a stream reaches the screen, fed in pieces of a size; with its end or before it. */
static const char *screen(const char *stream, size_t piece, bool end)
{
	static char out[512];
	struct sift s = { 0 };
	size_t n = strlen(stream), shown = 0;

	for (size_t at = 0; at < n; at += piece)
		shown += sift(&s, stream + at, n - at < piece ? n - at : piece, out + shown);
	if (end)
		shown += sift_end(&s, out + shown);
	out[shown] = '\0';
	return out;
}

START_TEST(lines_for_the_tool)
{
	static const char stream[] = "twoway 0.1: hello\r\n{\"twoway\":1,\"x\":{}}\r\n\r\nthree {\"twoway\":\r\n"
				     "twoway-end: poweroff\r\ntwoway-en\n{\"two\n# ";
	static const char shown[] = "twoway 0.1: hello\r\n\r\nthree {\"twoway\":\r\ntwoway-en\n{\"two\n# ";

	for (size_t piece = 1; piece <= sizeof(stream); piece++) {
		ck_assert_str_eq(screen(stream, piece, false), shown);
		ck_assert_str_eq(screen(stream, piece, true), shown);
	}
	/* only what may still become such a line waits */
	ck_assert_str_eq(screen("a\n{\"twow", 3, false), "a\n");
	ck_assert_str_eq(screen("a\n{\"twow", 3, true), "a\n{\"twow");
	ck_assert_str_eq(screen("a\n{\"twoway\":", 3, true), "a\n");
}
END_TEST

START_TEST(watched)
{
	static const char stream[] = "Linux\r\n{\"twoway\":1}\r\ntwoway-end: reboot\r\n";
	struct facts facts = { .shim = true };
	struct watch watch;

	watch_init(&watch, &facts, NULL, false);
	watch_console(&watch, stream, strlen(stream));
	ck_assert_str_eq(facts.end, ""); /* a guest cannot say it where there is a debug port */
	watch_init(&watch, &facts, NULL, false);
	watch.mixed = true;
	watch_console(&watch, stream, strlen(stream));
	ck_assert_str_eq(facts.end, "reboot");
	ck_assert_ptr_nonnull(watch.ledger);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("xen lab");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, domain);
	tcase_add_test(t, native_domain);
	tcase_add_test(t, nested_domain);
	tcase_add_test(t, strings);
	tcase_add_test(t, lines_for_the_tool);
	tcase_add_test(t, watched);
	return run_case("tool: xen lab", t);
}
