/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The user's terminal in raw mode: every key belongs to the guest. Output processing stays on, so
 * that our own messages need no carriage returns. It is restored at any exit; the signals that end
 * us come through relay.c, which ends in an ordinary exit.
 */
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "tool.h"

static struct termios saved;
static bool raw; /* saved is valid and ours to restore */

bool terminal_usable(void)
{
	/* In the background, touching the terminal would stop us. */
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void terminal_raw(void)
{
	static bool registered;
	struct termios wanted;

	if (!terminal_usable() || (!raw && tcgetattr(STDIN_FILENO, &saved)))
		return;
	if (!registered)
		atexit(terminal_restore);
	registered = true;
	/* Also when raw is set: a shell that stopped us has changed the terminal meanwhile. */
	wanted = saved;
	cfmakeraw(&wanted);
	wanted.c_oflag = saved.c_oflag;
	raw = !tcsetattr(STDIN_FILENO, TCSANOW, &wanted);
}

void terminal_restore(void)
{
	/* In the background it is the shell's, which has restored it already. */
	if (raw && terminal_usable())
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	raw = false;
}
