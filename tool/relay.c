/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The loop of a running guest: console bytes to the screen and to the watcher, keys to the guest,
 * signals, time. Bytes are only taken from QEMU when the screen took the last ones, so a slow
 * reader slows the guest down instead of growing our memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define ESCAPE_KEY  0x1d /* Ctrl-] */
#define CHUNK	    4096 /* PIPE_BUF: what a pipe takes at once when poll says it is writable */
#define PATIENCE_MS 1500 /* between the steps of stopping QEMU */

enum { P_SIGNALS, P_CONSOLE, P_DEBUG, P_QMP, P_ERRORS, P_KEYS, P_SCREEN, P_INPUT, P_COUNT };

struct relay {
	struct channels *channels;
	struct watch *watch;
	int screen;
	bool interactive;
	int keys;	   /* our standard input; -1: not read */
	char shown[CHUNK + SIFT_HELD]; /* console bytes that the screen has not taken */
	struct sift sift;
	size_t shown_at, shown_n;
	struct buffer typed;  /* keys that the guest has not taken */
	int64_t deadline_ms;  /* 0: none */
	int64_t grace_end_ms; /* 0: the guest is not over */
	int64_t next_step_ms; /* 0: not stopping */
	unsigned int step;
	bool ended; /* QEMU was waited for */
	char last;  /* last byte on the screen */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void begin_stop(struct relay *relay)
{
	if (!relay->next_step_ms)
		relay->next_step_ms = now_ms();
}

/* Put a terminal and QEMU to sleep with us, and wake them with us. */
static void sleep_and_wake(struct relay *relay)
{
	terminal_restore();
	kill(relay->channels->pid, SIGSTOP);
	raise(SIGSTOP);
}

static void wake(struct relay *relay)
{
	kill(relay->channels->pid, SIGCONT);
	if (!relay->interactive)
		return;
	terminal_raw();
	relay->keys = terminal_usable() ? STDIN_FILENO : -1;
}

static void on_signal(struct relay *relay)
{
	struct signalfd_siginfo info;

	if (read(relay->channels->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		if (waitpid(relay->channels->pid, &relay->watch->facts->wait_status, WNOHANG) ==
		    relay->channels->pid)
			relay->ended = true;
		break;
	case SIGTSTP:
		sleep_and_wake(relay);
		break;
	case SIGCONT:
		wake(relay);
		break;
	default:
		if (!relay->watch->facts->signal)
			relay->watch->facts->signal = (int)info.ssi_signo;
		begin_stop(relay);
	}
}

static void close_channel(int *fd)
{
	close(*fd);
	*fd = -1;
}

static void on_console(struct relay *relay)
{
	char chunk[CHUNK];
	ssize_t n = read(relay->channels->console_out, chunk, sizeof(chunk));

	if (n <= 0) {
		if (!n || errno != EINTR)
			close_channel(&relay->channels->console_out);
		return;
	}
	relay->shown_at = 0;
	watch_console(relay->watch, chunk, (size_t)n);
	relay->shown_n = relay->watch->mixed ? sift(&relay->sift, chunk, (size_t)n, relay->shown) : (size_t)n;
	if (!relay->watch->mixed)
		memcpy(relay->shown, chunk, (size_t)n);
	if (relay->watch->facts->met)
		begin_stop(relay);
}

static void on_screen(struct relay *relay)
{
	ssize_t n = write(relay->screen, relay->shown + relay->shown_at, relay->shown_n);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		/* Keep on reading, or QEMU could not end. */
		relay->watch->facts->output_closed = true;
		relay->screen = -1;
		relay->shown_n = 0;
		begin_stop(relay);
		return;
	}
	relay->shown_at += (size_t)n;
	relay->shown_n -= (size_t)n;
	relay->last = relay->shown[relay->shown_at - 1];
}

/* Lines from the debug port, the monitor, or QEMU's standard error. */
static void on_lines(int *fd, struct lines *lines)
{
	char chunk[CHUNK];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n > 0)
		lines_feed(lines, chunk, (size_t)n);
	else if (!n || errno != EINTR)
		close_channel(fd);
}

static void on_keys(struct relay *relay)
{
	char chunk[512];
	ssize_t n;

	if (relay->interactive && !terminal_usable()) {
		relay->keys = -1; /* we are in the background now; SIGCONT brings us back */
		return;
	}
	n = read(relay->keys, chunk, sizeof(chunk));
	if (n <= 0) {
		if (!n || errno != EINTR)
			relay->keys = -1;
		return;
	}
	if (relay->interactive && memchr(chunk, ESCAPE_KEY, (size_t)n)) {
		relay->watch->facts->escaped = true;
		begin_stop(relay);
		return;
	}
	buffer_add(&relay->typed, chunk, (size_t)n);
}

static void on_input(struct relay *relay)
{
	ssize_t n = write(relay->channels->console_in, relay->typed.data, relay->typed.length);

	if (n >= 0)
		buffer_drop(&relay->typed, (size_t)n);
	else if (errno != EINTR && errno != EAGAIN)
		close_channel(&relay->channels->console_in);
}

/* Ms until something has to be done without any byte coming; -1: never. Does what is due. */
static int on_time(struct relay *relay)
{
	struct facts *facts = relay->watch->facts;
	int64_t now = now_ms(), next = INT64_MAX;

	if (relay->watch->grace_ms &&
	    (!relay->grace_end_ms || relay->grace_end_ms > now + relay->watch->grace_ms))
		relay->grace_end_ms = now + relay->watch->grace_ms;
	if (relay->deadline_ms && now >= relay->deadline_ms && !relay->next_step_ms) {
		facts->timed_out = true;
		begin_stop(relay);
	}
	if (relay->grace_end_ms && now >= relay->grace_end_ms)
		begin_stop(relay);
	if (relay->next_step_ms && now >= relay->next_step_ms) {
		qemu_stop(relay->channels, relay->step);
		relay->step += relay->step < 2;
		relay->next_step_ms = now + PATIENCE_MS;
	}
	if (relay->next_step_ms)
		next = relay->next_step_ms;
	else if (relay->grace_end_ms)
		next = relay->grace_end_ms;
	if (!relay->next_step_ms && relay->deadline_ms && relay->deadline_ms < next)
		next = relay->deadline_ms;
	if (next == INT64_MAX)
		return -1;
	return next - now > 60000 ? 60000 : next > now ? (int)(next - now) : 0;
}

static void poll_once(struct relay *relay, int timeout)
{
	struct channels *c = relay->channels;
	struct pollfd p[P_COUNT] = {
		[P_SIGNALS] = { c->signals, POLLIN, 0 },
		[P_CONSOLE] = { relay->shown_n ? -1 : c->console_out, POLLIN, 0 },
		[P_DEBUG] = { c->debug, POLLIN, 0 },
		[P_QMP] = { c->qmp, POLLIN, 0 },
		[P_ERRORS] = { c->errors, POLLIN, 0 },
		[P_KEYS] = { relay->typed.length ? -1 : relay->keys, POLLIN, 0 },
		[P_SCREEN] = { relay->shown_n ? relay->screen : -1, POLLOUT, 0 },
		[P_INPUT] = { relay->typed.length ? c->console_in : -1, POLLOUT, 0 },
	};

	if (poll(p, P_COUNT, timeout) <= 0)
		return;
	if (p[P_CONSOLE].revents)
		on_console(relay);
	if (p[P_DEBUG].revents)
		on_lines(&c->debug, &relay->watch->debug);
	if (p[P_QMP].revents)
		on_lines(&c->qmp, &relay->watch->qmp);
	if (p[P_ERRORS].revents)
		on_lines(&c->errors, &relay->watch->errors);
	if (p[P_KEYS].revents)
		on_keys(relay);
	if (p[P_SCREEN].revents)
		on_screen(relay);
	if (p[P_INPUT].revents)
		on_input(relay);
	if (p[P_SIGNALS].revents)
		on_signal(relay);
}

/* Something of QEMU can still be read, or is still to be shown. */
static bool bytes_left(const struct relay *relay)
{
	const struct channels *c = relay->channels;

	return c->console_out >= 0 || c->debug >= 0 || c->qmp >= 0 || c->errors >= 0 ||
	       relay->shown_n;
}

void relay(struct channels *channels, struct watch *watch, int screen, bool interactive,
	   bool use_stdin, int64_t timeout_ms)
{
	struct relay relay = { .channels = channels,
			       .watch = watch,
			       .screen = screen,
			       .interactive = interactive,
			       .keys = use_stdin ? STDIN_FILENO : -1,
			       .deadline_ms = timeout_ms ? now_ms() + timeout_ms : 0,
			       .last = '\n' };

	if (interactive)
		terminal_raw();
	while (!relay.ended)
		poll_once(&relay, on_time(&relay));
	/* A screen that takes nothing more (a stopped pager) must not hold us for ever. */
	for (int64_t end = now_ms() + 2000; bytes_left(&relay) && now_ms() < end;) {
		relay.keys = -1;
		poll_once(&relay, 100);
	}
	if (!relay.shown_n) {
		relay.shown_n = sift_end(&relay.sift, relay.shown);
		relay.shown_at = 0;
	}
	if (relay.shown_n && relay.screen >= 0)
		on_screen(&relay);
	watch_end(watch);
	terminal_restore();
	if (relay.last != '\n' && isatty(STDERR_FILENO))
		fputc('\n', stderr);
}
