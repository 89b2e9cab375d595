#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Debian's unmodified generic kernel: an xz payload, and drivers for real machines built in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/boot.sh"

boot_matrix generic
done_testing
