/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Included before every source of the shim: all that is declared from here on lies in this one
 * image, so the compiler addresses it relative to RIP and needs no global offset table.
 */
#pragma GCC visibility push(hidden)
