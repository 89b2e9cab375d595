/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The user's terminal in raw mode: every key belongs to the guest. Output processing stays on, so
 * that our own messages need no carriage returns. It is restored at any exit; main signals come
 * through relay.c, which ends in an ordinary exit.
 */
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "tool.h"

static struct termios saved;
static bool raw;

bool terminal_usable(void)
{
	/* In the background, touching the terminal would stop us. */
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void terminal_raw(void)
{
	static bool registered;
	struct termios wanted;

	if (raw || !terminal_usable() || tcgetattr(STDIN_FILENO, &saved))
		return;
	if (!registered)
		atexit(terminal_restore);
	registered = true;
	wanted = saved;
	cfmakeraw(&wanted);
	wanted.c_oflag = saved.c_oflag;
	raw = !tcsetattr(STDIN_FILENO, TCSANOW, &wanted);
}

void terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	raw = false;
}
