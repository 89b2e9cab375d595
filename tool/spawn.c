/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Helpers that run to their end: apt-get, apt-cache, dpkg-deb. No shell is involved. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

static void child(const char *const argv[], const char *directory, int output)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
		_exit(127);
	if (directory && chdir(directory))
		_exit(127);
	/* Their output is parsed: it must not be translated. */
	if (putenv((char *)"LC_ALL=C"))
		_exit(127);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static void collect(int fd, struct buffer *output)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buffer_add(output, chunk, (size_t)n);
}

int spawn_wait(const char *const argv[], const char *directory, struct buffer *output)
{
	int status, pipes[2] = { -1, -1 };
	pid_t pid;

	if (output && pipe2(pipes, O_CLOEXEC))
		return 127;
	pid = fork();
	if (pid == 0)
		child(argv, directory, output ? pipes[1] : STDERR_FILENO);
	if (output) {
		close(pipes[1]);
		if (pid > 0)
			collect(pipes[0], output);
		close(pipes[0]);
	}
	if (pid < 0)
		return 127;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
