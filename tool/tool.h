/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The tool's internal header: every prototype stands under the file that owns it. Only main.c has a
 * main(), so that the unit tests can link all the rest.
 *
 * The tool is a short-lived process: running out of memory ends it (text.c), and what it allocates
 * for one run is left to the system at exit unless it is large or repeated.
 */
#ifndef TWOWAY_TOOL_H
#define TWOWAY_TOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "twoway/hw.h"
#include "twoway/image.h"

/* Exit statuses: a contract with scripts (twoway.1). */
enum {
	EXIT_OK = 0,	/* powered off or rebooted on request, or the expectation was met */
	EXIT_GUEST = 1, /* the guest failed or crashed, or an operation failed */
	EXIT_USAGE = 2,
	EXIT_TIMEOUT = 3,
	EXIT_CANNOT = 4, /* this pair cannot run here */
};

/* --- main.c --- */

/* One sub-command. */
struct command {
	const char *name;
	const char *title; /* for the list of commands */
	const char *usage; /* what follows "twoway ", and the options: printed by help */
	/* argv[0] is the name of the command; returns the exit status. */
	int (*run)(int argc, char **argv);
};

/* --- commands.c: the table, ends with name == NULL --- */
extern const struct command commands[];
const struct command *command_find(const char *name);
int cmd_run(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_hosts(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* --- text.c: messages, allocation that cannot fail, strings --- */

/* One line on standard error: "twoway: ..." */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* say() and return status (Check has a macro "fail"). */
int fail_with(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void *must(void *allocated);
char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* True when s starts with prefix. */
bool starts_with(const char *s, const char *prefix);
/* Growing text: append s[0..n). data is always terminated by a NUL that length does not count. */
struct buffer {
	char *data;
	size_t length, size;
};
void buffer_add(struct buffer *b, const char *s, size_t n);
void buffer_drop(struct buffer *b, size_t n); /* from the front */
/* A NULL-terminated list of owned strings, as execv wants it. */
struct list {
	char **item;
	size_t count;
};
void list_add(struct list *list, const char *item);
void list_addf(struct list *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Write all of it, whatever the signals; 0 or -errno. */
int write_all(int fd, const void *data, size_t n);
/* Replace the file by these bytes in one step (temporary file, then rename); 0 or -errno. */
int write_file(const char *path, const void *data, size_t n);

/* --- parse.c: numbers that users type; false when malformed or out of range --- */
/* "256M", "2G", "524288K"; a bare number is MiB, as for QEMU. Result in bytes. */
bool parse_size(const char *s, uint64_t *bytes);
/* Seconds with an optional fraction, > 0; result in milliseconds. */
bool parse_seconds(const char *s, int64_t *ms);
bool parse_count(const char *s, unsigned int low, unsigned int high, unsigned int *out);

/* --- quote.c --- */
/* Append word in a form that a POSIX shell reads back as exactly this word. */
void quote_shell(struct buffer *out, const char *word);
/* Append s with each comma doubled: QEMU's escape inside option lists. */
void quote_commas(struct buffer *out, const char *s);

/* --- image.c: a guest image on disk --- */
struct image {
	struct tw_bytes file;	 /* mapped, read-only */
	bool is_bzimage, is_elf; /* what the file itself is; neither: see why */
	bool is_old_bzimage;	 /* boot protocol 2.05 to 2.07: it does not tell where its kernel lies */
	struct tw_bzimage bz;
	enum tw_compression wrapper; /* of a bare compressed file; TW_COMP_NONE otherwise */
	bool has_elf;		     /* elf is valid: the file itself, or what was inside */
	struct tw_elf elf;
	struct tw_xen_notes notes;
	uint8_t *unpacked; /* allocated; NULL when nothing was unpacked */
	size_t unpacked_size;
	const char *why; /* why there is no ELF, or no readable notes; NULL when all is well */
};
/* 0, or -errno with a message printed: the file cannot be read. What it is, is never an error. */
int image_load(const char *path, struct image *image);
void image_free(struct image *image);
/* Bytes of RAM that the unpacked kernel needs at least; 0 when unknown. */
uint64_t image_ram(const struct image *image);
/* The ways to boot the file, e.g. "linux 2.15", "efi", "pvh", "multiboot"; a new JSON array. */
json_t *image_protocols(const struct image *image);
/* The ways nested mode could start it, best first: "linux64", "multiboot", ...; a new JSON array. */
json_t *image_nested(const struct image *image);

/* --- vmi.c: VMI in files --- */
/* An option ROM of whatever kind, or what has VMI's signature. */
bool vmi_rom_like(struct tw_bytes file);
/* NULL when BIOSes and guests take this ROM, else one line why not. */
const char *vmi_rom_problem(struct tw_bytes file);
/* What inspect says of a ROM; a new JSON object. */
json_t *vmi_rom_json(const char *path, struct tw_bytes file);
/* Whether a kernel was built to use VMI. UNKNOWN: its code cannot be read. */
enum vmi_sign { VMI_NO, VMI_YES, VMI_UNKNOWN };
enum vmi_sign vmi_kernel_sign(const struct image *image);

/* --- notes.c --- */
/* All Xen ELF notes in order, readable: [{"name":"ENTRY","type":1,"value":"0x..."}, ...]. */
json_t *notes_json(const struct tw_elf *elf);

/* --- abi.c: guest ABIs --- */
struct abi {
	const char *name;
	unsigned int version; /* of the profile; 0: not in this version of twoway */
	const char *title;
	/* NULL when the image can be run with this ABI, else one line why not. NULL: not offered.
	 */
	const char *(*refuse)(const struct image *image);
	bool nested; /* the shim is a hypervisor: devices pass through, and the host must offer SVM */
	bool rom;    /* the guest is started as it is, with the VMI ROM in its machine */
};
#define ABI_PROFILE_MAX 40 /* the shim keeps 63 characters of NAME@VERSION:PROFILE */
#define ABI_BY_SHIM ":shim" /* profile of an ABI with a ROM: the shim brings it, not the machine */
extern const struct abi abis[]; /* ends with name == NULL */
/* "xen-pv, native": what this version can do, for messages. */
char *abi_offered(void);
/*
 * Choose the ABI for an image by the user's NAME[@VERSION][:PROFILE] or "auto". NULL with *status
 * (EXIT_USAGE or EXIT_CANNOT) and *why, a new line of text.
 */
const struct abi *abi_choose(const char *wanted, const struct image *image, int *status,
			     char **why);

struct plan;
struct command_line;

/* --- host.c: places where guests can be started --- */
struct host {
	const char *name;
	const char *title;
	const char *accel; /* QEMU's accelerator; NULL: not in this version */
	const char *cpu;   /* default CPU model */
	const char *cpu_nested; /* the same with SVM */
	const char *lab;	/* runs inside this lab (lab.c); NULL: on this machine */
	const char *viridian; /* a Xen lab's mask for Hyper-V's interface; NULL: none */
};
extern const struct host hosts[]; /* ends with name == NULL */
const struct host *host_find(const char *name);
/* A Xen lab: the guest is a PVH domain, which has no debug port. */
bool host_is_xen(const struct host *host);
/* NULL when guests can be started here, else a new line that says why not. */
char *host_refuse(const struct host *host);
/* The same for nested mode, on a host where guests can be started. */
char *host_refuse_nested(const struct host *host);

/* --- lab.c: hypervisors inside QEMU's emulation --- */
/* NULL when the lab is there or can be built, else a new line that says why not. */
char *lab_refuse(const char *lab);
/* Build it or bring it up to date; 0, or an exit status with a message printed. */
int lab_prepare(const char *lab);
/* The outer QEMU's command, the guest's inside; 0, or an exit status with a message printed. */
int lab_command(const struct plan *plan, const char *debug, struct command_line *out);
/* Path of a file of that lab; a new string. */
char *lab_path(const char *lab, const char *file);
/* Append a file of this machine to the archive of a lab; false with a message. */
bool lab_add_file(struct buffer *archive, const char *name, const char *path);
#define LAB_FILE (S_IFREG | 0644)

/* --- lab_kvm.c, lab_xen.c --- */
/* Append what the lab's init needs to start the guest; false with a message. */
bool kvm_contents(const struct plan *plan, struct buffer *archive);
bool xen_contents(const struct plan *plan, struct buffer *archive);
/* The machine's memory and what it boots. archive: bytes of the file open as archive_fd. */
void kvm_boot(const struct plan *plan, uint64_t archive, int archive_fd, struct command_line *out);
void xen_boot(const struct plan *plan, uint64_t archive, int archive_fd, struct command_line *out);
/* The guest as xl's configuration; a new string. */
char *xen_config(const struct plan *plan);

/* --- cpuid.c --- */
struct hw_cpuid tool_cpuid(uint32_t leaf, uint32_t subleaf);

/* --- probe.c: the hypervisor under this system --- */
/* CPU, interfaces with their features, host side, and the ABIs that are possible; a new object. */
json_t *probe(void);

/* --- xenctrl.c: what a Xen dom0 may ask of its hypervisor --- */
#define XENCTRL_WORDS 32
struct xenctrl_facts {
	uint32_t version;      /* major << 16 | minor */
	char extra[16];	       /* what follows, such as ".7" */
	uint32_t capabilities; /* XEN_SYSCTL_PHYSCAP_* */
	uint32_t features_count, features[XENCTRL_WORDS]; /* what CPUID may show to HVM and PVH domains */
};
/* {"version", "domains", "nested"}; a new object. */
json_t *xenctrl_json(const struct xenctrl_facts *facts);
/* The same of the hypervisor under us, or {"why"}: why it cannot be asked. */
json_t *xenctrl_probe(void);

/* --- paths.c --- */
/* Directory of this executable; "." when /proc is not there. */
char *path_of_tool(void);
/* The shim: $TWOWAY_SHIM, twoway.elf beside the tool, ../lib/twoway/twoway.elf. NULL: *why. */
char *path_of_shim(char **why);
/* The VMI ROM; NULL with *why. */
char *path_of_rom(char **why);
/* Where kernels are kept: $TWOWAY_CACHE, kernels beside a tool in its source tree, XDG cache. */
char *path_of_cache(void);
/* Full path of a program in PATH; NULL when there is none. */
char *path_of_program(const char *name);
/* mkdir -p; 0 or -errno. */
int make_directories(const char *path);

/* --- debian.c --- */
/* True for debian, debian-cloud, debian-generic: kernels that the tool finds by itself. */
bool debian_is_alias(const char *kernel);
/* Path of the kernel for an alias, fetched with apt when the cache lacks it; NULL: message printed.
 */
char *debian_kernel(const char *alias);
/* The package that `apt-cache depends` output names; NULL when there is none. */
char *debian_package(const char *depends_output);

/* --- spawn.c --- */
/*
 * Run a helper to its end and return its exit status (128 + signal when killed, 127 when it cannot
 * be started). directory NULL: the current one. output NULL: standard output goes to standard
 * error.
 */
int spawn_wait(const char *const argv[], const char *directory, struct buffer *output);

/* --- cpio.c: newc archives, the initramfs format (Documentation/driver-api/early-userspace) --- */
void cpio_add(struct buffer *out, const char *name, mode_t mode, dev_t rdev, const void *data,
	      size_t size);
void cpio_end(struct buffer *out);

/* --- initramfs.c --- */
/* Archive with busybox (its bytes) and our /init. */
void initramfs_build(struct buffer *out, const void *busybox, size_t size);
/* Path of the minimal initramfs in the cache, built when missing or stale; NULL: message printed.
 */
char *initramfs_default(void);

/* --- options.c: what `twoway run` was asked --- */
struct run_options {
	const char *kernel;
	const char *abi, *host;
	const char *initrd, *append, *shim;
	const char *disk, *net;
	const char *machine, *cpu;
	const char *expect, *ledger;
	unsigned int smp;
	uint64_t mem;	    /* bytes */
	int64_t timeout_ms; /* 0: none */
	bool dry_run, json, verbose, help;
	struct list qemu; /* extra arguments */
};
/* 0, or EXIT_USAGE with a message printed. */
int options_parse(int argc, char **argv, struct run_options *options);

/* --- plan.c: everything that is decided before QEMU starts --- */
struct plan {
	const struct run_options *options;
	const struct abi *abi;
	const struct host *host;
	char *qemu;		      /* full path */
	char *kernel, *initrd, *shim; /* paths; initrd may be NULL, shim is NULL for native */
	char *rom; /* path of the VMI ROM as an option ROM; NULL: none */
	char *guest_cmdline, *shim_cmdline;
	bool interactive; /* a terminal is connected to the guest */
	bool ledger;	  /* ask the shim for it */
	bool shim_leaves; /* the shim only starts the guest: nothing of it is there at the end */
};
/* Check everything and fill the plan; 0, or an exit status with a message printed. */
int plan_make(const struct run_options *options, bool interactive, struct plan *plan);
/* The guest's command line: what the user appends, and a console if that names none. */
char *plan_guest_cmdline(const char *append, bool xen_console, const char *init_mode);

/* --- command.c: QEMU's command line --- */
/*
 * Files are named on QEMU's command line, and some names do not survive there: in -initrd a blank
 * ends the name. Such files are opened by the tool and named /dev/fd/N, which needs no temporary
 * link that somebody would have to clean up.
 */
struct command_line {
	struct list argv;
	struct {
		int fd;
		const char *path;
	} open[4];
	unsigned int opens;
};
/* debug is the path that QEMU writes the debug port to. fd_base: first /dev/fd number to use. */
void command_build(const struct plan *plan, const char *debug, int fd_base,
		   struct command_line *out);
/* One line that a POSIX shell runs as this command, redirections included. */
char *command_shell(const struct command_line *line);

/* --- expect.c: wait for a regular expression on the console --- */
struct expect;
/* NULL with *why (a new line of text) when the expression is wrong. */
struct expect *expect_new(const char *regex, char **why);
/* Feed console bytes; true once a line, finished or not, has matched. */
bool expect_feed(struct expect *expect, const char *data, size_t n);
void expect_free(struct expect *expect);

/* --- lines.c: whole lines out of chunks --- */
struct lines {
	struct buffer pending;
	void (*line)(void *context, const char *line); /* without its end of line */
	void *context;
};
/* Longer lines are passed on in pieces of this size; the ledger is the longest that we know. */
#define LINES_MAX (256 * 1024)
void lines_feed(struct lines *lines, const char *data, size_t n);
/* The last line may lack its end. */
void lines_end(struct lines *lines);

/* --- outcome.c: how it ended --- */
struct facts {
	bool shim;	     /* twoway ran under the guest: it has the word */
	char end[256];	     /* REASON of "twoway-end: REASON", "" when none came */
	bool expecting, met; /* --expect was given; it was met */
	bool timed_out;
	int signal;	      /* that told the tool to stop; 0: none */
	bool escaped;	      /* the user typed the escape key */
	bool output_closed;   /* nobody reads our output any more */
	bool panicked;	      /* the console showed a kernel panic */
	bool restarting;      /* the guest kernel said that it restarts the machine */
	char qmp_reason[32];  /* QEMU's reason for the shutdown: "guest-shutdown", "guest-reset" */
	bool started;	      /* the guest did something: console, debug port or shutdown */
	int wait_status;      /* of QEMU */
	char qemu_error[256]; /* last line that QEMU printed on standard error */
};
struct outcome {
	const char *ended; /* one word for JSON */
	int status;	   /* exit status */
	char text[640];	   /* for people, follows "guest " or stands alone */
};
void outcome_decide(const struct facts *facts, struct outcome *outcome);

/* --- sift.c: the shim's lines for the tool out of the console's bytes --- */
#define SIFT_HELD 16 /* bytes that may be held back until it is clear what they begin */
struct sift {
	enum { SIFT_START, SIFT_SHOWN, SIFT_HIDDEN } state; /* of the line */
	char begun[SIFT_HELD];
	size_t held;
};
/* Copy what is for the screen to out, which has room for n + SIFT_HELD bytes; returns how many. */
size_t sift(struct sift *sift, const char *data, size_t n, char *out);
/* At the end: what is still held back. */
size_t sift_end(struct sift *sift, char *out);

/* --- watch.c: reads the streams of a running guest --- */
struct watch {
	struct facts *facts;
	struct expect *expect; /* NULL: none */
	struct lines console, debug, qmp, errors;
	json_t *ledger; /* NULL until the shim printed it */
	bool verbose;
	bool mixed; /* no debug port: the shim's lines for the tool come on the console */
	int64_t grace_ms; /* > 0: the guest is over; QEMU may take this long to end by itself */
};
void watch_init(struct watch *watch, struct facts *facts, struct expect *expect, bool verbose);
void watch_console(struct watch *watch, const char *data, size_t n);
/* QEMU has ended: take what is left of lines without an end. */
void watch_end(struct watch *watch);

/* --- terminal.c --- */
/* True when the user's terminal can be given to the guest: stdin is one and we are in front. */
bool terminal_usable(void);
void terminal_raw(void);
void terminal_restore(void);

/* --- relay.c --- */
struct channels {
	pid_t pid;
	int console_out, console_in; /* QEMU's standard output and input */
	int debug, qmp, errors;
	int signals; /* signalfd */
};
/* Carry bytes until QEMU has ended; fills watch->facts. screen: where the console is shown. */
void relay(struct channels *channels, struct watch *watch, int screen, bool interactive,
	   bool use_stdin, int64_t timeout_ms);

/* --- qemu.c --- */
/* Start QEMU with everything connected; 0, or an exit status with a message printed. */
int qemu_start(const struct plan *plan, struct channels *channels);
/* Ask for an end: first politely over QMP, then by SIGTERM, then by SIGKILL (step 0, 1, 2). */
void qemu_stop(const struct channels *channels, unsigned int step);

/* --- ledger.c --- */
/* Print the ledger as a table; anything that is not a ledger is one line. */
void ledger_table(FILE *out, const json_t *ledger);

#endif /* TWOWAY_TOOL_H */
