# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# The guest programs as tests (stress.t, hyperv-stress.t): each verdict of the guest is a test.
guest=$("$tw_root/tests/initramfs.sh") || exit 1

# The guest's verdict lines as TAP.
verdicts() {
	local word name rest
	while read -r word name rest; do
		case $word in
		SUCCESS) ok "$1: $name" true ;;
		SKIP) skip "$1: $name" "$rest" ;;
		FAILURE | ERROR) ok "$1: $name ($word $rest)" false ;;
		esac
	done < <(tr -d '\r' < "$tw_dir/console" | grep -aE '^(SUCCESS|SKIP|FAILURE|ERROR) ')
}

# stress LABEL ARGUMENTS TW_RUN-OPTION...
stress() {
	local label=$1 args=$2 status
	shift 2
	tw_run "stress-$label" --initrd "$guest" --timeout 420 "$@" \
		--append "tw.test=stress ${args:+tw.args=$args} panic=-1 loglevel=4 vsyscall=emulate"
	status=$?
	verdicts "$label"
	ok "$label: all programs ran" said '^STRESS-DONE pass [1-9]' || tap_tail
	ok "$label: powers off" [ $status = 0 ]
	ok "$label: a healthy kernel log" healthy ||
		tr -d '\r' < "$tw_dir/console" | sed -n 's/^GUEST-DMESG-BAD/# bad:/p'
}
