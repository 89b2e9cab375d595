/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Starting and stopping QEMU. It gets a session of its own (keys must not reach it as signals) and
 * dies with us whatever happens to us. Its descriptors: 0 and 1 the console, 2 errors, 3 the debug
 * port, 4 the QMP monitor, from 5 on files whose names its command line cannot carry.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

enum { FD_DEBUG = 3, FD_QMP, FD_FILES, FD_SPARE = 20 };

/* QEMU's ends, to become its descriptors of the same index. */
struct ends {
	int fd[FD_FILES];
};

static _Noreturn void give_up(const char *what)
{
	dprintf(STDERR_FILENO, "cannot start: %s: %s\n", what, strerror(errno));
	_exit(127);
}

/* First out of the way of the numbers that we want, then to them. */
static void place(int *fd, int count)
{
	for (int i = 0; i < count; i++) {
		fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, FD_SPARE);
		if (fd[i] < 0)
			give_up("fcntl");
	}
	for (int i = 0; i < count; i++)
		if (dup2(fd[i], i) < 0)
			give_up("dup2");
}

static _Noreturn void child(const struct command_line *line, struct ends *ends, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	place(ends->fd, FD_FILES);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		give_up("the tool has ended");
	for (unsigned int i = 0; i < line->opens; i++) {
		int fd = open(line->open[i].path, O_RDONLY);

		if (fd < 0 || (fd != line->open[i].fd && dup2(fd, line->open[i].fd) < 0))
			give_up(line->open[i].path);
		if (fd != line->open[i].fd)
			close(fd);
	}
	execv(line->argv.item[0], line->argv.item);
	give_up(line->argv.item[0]);
}

/* Pipes and a socket pair: ours in *channels, QEMU's in *ends. 0 or -errno. */
static int connect_all(struct channels *channels, struct ends *ends)
{
	int input[2], output[2], errors[2], debug[2], qmp[2];

	if (pipe2(input, O_CLOEXEC) || pipe2(output, O_CLOEXEC) || pipe2(errors, O_CLOEXEC) ||
	    pipe2(debug, O_CLOEXEC) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp))
		return -errno;
	*ends = (struct ends){ { input[0], output[1], errors[1], debug[1], qmp[1] } };
	channels->console_in = input[1];
	channels->console_out = output[0];
	channels->errors = errors[0];
	channels->debug = debug[0];
	channels->qmp = qmp[0];
	/* Keys must not block us when the guest does not read them. */
	fcntl(channels->console_in, F_SETFL, O_NONBLOCK);
	return 0;
}

static void send_qmp(const struct channels *channels, const char *command)
{
	/* A failure means that QEMU is gone, which is noticed elsewhere. */
	(void)!send(channels->qmp, command, strlen(command), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int qemu_start(const struct plan *plan, struct channels *channels)
{
	struct command_line line;
	struct ends ends;
	pid_t parent = getpid();
	int error;

	if (plan->host->lab) {
		int status = lab_command(plan, "/dev/fd/3", &line);

		if (status)
			return status;
	} else {
		command_build(plan, "/dev/fd/3", FD_FILES, &line);
	}
	if (plan->options->verbose)
		say("%s", command_shell(&line));
	list_addf(&line.argv, "-chardev");
	list_addf(&line.argv, "socket,id=twoway-qmp,fd=%d", FD_QMP);
	list_addf(&line.argv, "-mon");
	list_addf(&line.argv, "chardev=twoway-qmp,mode=control");
	error = connect_all(channels, &ends);
	if (error)
		return fail_with(EXIT_GUEST, "cannot make a pipe: %s", strerror(-error));
	channels->pid = fork();
	if (channels->pid < 0)
		return fail_with(EXIT_GUEST, "cannot start a process: %s", strerror(errno));
	if (channels->pid == 0)
		child(&line, &ends, parent);
	for (int i = 0; i < FD_FILES; i++)
		close(ends.fd[i]);
	/* Events come only after this. */
	send_qmp(channels, "{\"execute\":\"qmp_capabilities\"}\n");
	return 0;
}

void qemu_stop(const struct channels *channels, unsigned int step)
{
	if (step == 0)
		send_qmp(channels, "{\"execute\":\"quit\"}\n");
	else
		kill(channels->pid, step == 1 ? SIGTERM : SIGKILL);
}
