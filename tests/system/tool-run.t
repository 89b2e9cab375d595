#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The host command and running guests: how they end, and that nothing is left behind - no QEMU, no
# terminal in raw mode - however they end.
. "$(dirname "$0")/lib.sh"
twoway=$tw_root/build/twoway
guest=$("$tw_root/tests/initramfs.sh") || exit 1
work=$(mktemp -d "$tw_out/tool-run.XXXXXX") || exit 1
mark=tool-run-$$
trap 'rm -rf "$work"' EXIT
take_slot
limit=$((120 * TW_SLOW))
# Its name on QEMU's command line finds a machine that was left behind.
named=(--qemu -name --qemu "$mark" --timeout "$limit")

# try STATUS ARG...: twoway run; what it says is kept in out and err.
try() {
	local want=$1 got
	shift
	timeout -k 5 $((limit + 30)) "$twoway" run "${named[@]}" "$@" > "$work/out" 2> "$work/err" < /dev/null
	got=$?
	[ "$got" = "$want" ] && return
	echo "# twoway run $*: status $got, not $want"
	tail -n 12 "$work/out" "$work/err" | tr -d '\r' | sed 's/^/# /'
	return 1
}

# The console and the messages; ended: the last line of the messages.
out() {
	tr -d '\r' < "$work/out" | grep -aqE -- "$1"
}
ended() {
	tail -n 1 "$work/err" | grep -qE -- "^twoway: $1 after [0-9]+\.[0-9] s$"
}
json() {
	jq -e "$1" "$work/out" > "$work/jq"
}
# No QEMU of ours is there, after a moment for the kernel to remove it.
gone() {
	for _ in $(seq 50); do
		pgrep -f -- "-name $mark" > "$work/left" || return 0
		sleep 0.1
	done
	return 1
}

# --- guests that end by themselves -------------------------------------------------------------------
ok "native: the Debian kernel powers off" try 0 --abi native --append quiet debian
ok "native: it says so" ended 'guest powered off'
ok "native: the minimal system says hello" out '^Hello from Linux [0-9].*CPUs: 1$'
ok "twoway: the Debian kernel powers off" try 0 --append quiet --ledger "$work/ledger" --smp 2 debian
ok "twoway: it says so" ended 'guest powered off'
ok "twoway: the kernel sees Xen PV" out '^Hello from Linux .*hypervisor: Xen PV, CPUs: 2$'
ok "twoway: the ledger is a file" eval 'jq -e ".twoway == 1 and .cpus == 2" "$work/ledger" > /dev/null'
ok "twoway: JSON and the ledger's table" try 0 --append quiet --json --ledger - debian
ok "standard output is one object" json '.ended == "poweroff" and .exit == 0 and .seconds > 0 and
	.host == "qemu" and .abi == "xen-pv" and (.kernel | contains("vmlinuz")) and .ledger.twoway == 1'
ok "the console went to standard error" grep -aq '^Hello from' "$work/err"
ok "and so did the table" grep -q '^mmu_update .*done$' "$work/err"
ok "a panic is a failure" try 1 --abi native --append 'quiet panic=0' --json \
	"$(echo "${TWOWAY_CACHE:-$tw_root/build/kernels}"/cloud/boot/vmlinuz-*)"
ok "a panic is named" json '.ended == "panic" and .exit == 1 and .ledger == null'
ok "a reboot that the guest asks for is none" try 0 --abi native --initrd "$guest" --append tw.test=reboot debian
ok "a reboot is named" ended 'guest rebooted'
ok "under twoway, too" try 0 --initrd "$guest" --append tw.test=reboot debian
ok "a reboot is named there" ended 'guest rebooted'
ok "a crash under twoway" try 1 --initrd "$guest" --append 'tw.test=panic' debian
ok "a crash is named" ended 'guest crashed.*'

# --- expectations and time -------------------------------------------------------------------------------
ok "an expectation is met" try 0 --abi native --initrd "$guest" --append tw.test=shell --expect '^GUEST-SH[E]LL$' debian
ok "an expectation is named" ended 'the console showed what was expected'
ok "QEMU is gone" gone
ok "an expectation is not met" try 1 --abi native --expect 'never said' debian
ok "that is named" ended 'guest powered off, but its console did not show what was expected'
SECONDS=0
ok "time runs out" try 3 --abi native --initrd "$guest" --append tw.test=shell --timeout 2 debian
ok "time is kept" [ "$SECONDS" -le $((2 + 10 * TW_SLOW)) ]
ok "that is said" ended 'time ran out'
ok "QEMU is gone" gone

# --- names that QEMU's command line cannot carry -----------------------------------------------------------
ln -s "$(echo "${TWOWAY_CACHE:-$tw_root/build/kernels}"/cloud/boot/vmlinuz-*)" "$work/a kernel, it's"
cp "$guest" "$work/the initrd, 2"
ok "kernel and initrd with blanks, commas, quotes" try 0 --append 'tw.args=a,b tw.test=hello' \
	--initrd "$work/the initrd, 2" "$work/a kernel, it's"
ok "the guest comes up" out '^GUEST-UP'
ok "its command line has single commas" out 'Command line:.* tw.args=a,b '
ok "a dry run of it" try 0 --dry-run --append tw.test=hello --initrd "$work/the initrd, 2" "$work/a kernel, it's"
paste() {
	timeout -k 5 "$limit" sh -c "$(cat "$work/out")" < /dev/null > "$work/pasted" 2>&1
	tr -d '\r' < "$work/pasted" | grep -aq '^GUEST-UP'
}
ok "works when it is pasted" paste
disk_seen() {
	head -c 4194304 /dev/zero > "$work/disk, 1"
	try 0 --abi native --disk "$work/disk, 1,ro" --net user,hostfwd=tcp:127.0.0.1:0-:22 --append quiet debian
}
ok "native: a disk and a network" disk_seen

# --- stopped from outside --------------------------------------------------------------------------------
# stopped SIGNAL STATUS: start a guest that does not end, signal the tool, compare its status.
stopped() {
	local pid got
	"$twoway" run "${named[@]}" --abi native --initrd "$guest" --append 'quiet tw.test=shell' debian \
		> "$work/out" 2> "$work/err" < /dev/null &
	pid=$!
	for _ in $(seq 100); do
		pgrep -f -- "-name $mark" > "$work/left" && break
		sleep 0.1
	done
	sleep 1
	kill -s "$1" "$pid"
	wait "$pid" 2> /dev/null
	got=$?
	[ "$got" = "$2" ] || { echo "# status $got"; return 1; }
}
for signal in TERM HUP; do
	ok "SIG$signal ends it by that signal" stopped "$signal" $((128 + $(kill -l "$signal")))
	ok "SIG$signal: it says so" ended 'stopped by signal .*'
	ok "SIG$signal: QEMU is gone" gone
done
ok "even SIGKILL" stopped KILL 137
ok "takes QEMU along" gone
# Ctrl-C without a terminal: job control gives the job default signals.
interrupted() {
	set -m
	stopped INT 130
	local result=$?
	set +m
	return "$result"
}
ok "SIGINT ends it" interrupted
ok "SIGINT: QEMU is gone" gone
reader_leaves() {
	"$twoway" run "${named[@]}" --abi native debian 2> "$work/err" < /dev/null | head -n 1 > "$work/out"
	[ "${PIPESTATUS[0]}" = 1 ]
}
ok "a reader that leaves ends it" reader_leaves
ok "QEMU is gone" gone

# --- at a terminal -----------------------------------------------------------------------------------------
abi=native
# terminal SCRIPT: run the tool on a pseudo terminal, with keys from SCRIPT; its settings before and
# after are compared. SCRIPT waits for the screen with "await".
terminal() {
	rm -f "$work/keys" "$work/screen"
	: > "$work/screen"
	mkfifo "$work/keys"
	cat > "$work/session" << END
stty -a > '$work/before'
'$twoway' run ${named[*]} --abi $abi --append quiet debian
echo "status=\$?"
stty -a > '$work/after'
END
	timeout -k 5 $((limit + 30)) script -qfec "bash '$work/session'" "$work/screen" \
		< "$work/keys" > /dev/null 2>&1 &
	local pid=$!
	# Keys for a session that has ended are no reason to die.
	trap '' PIPE
	exec 7> "$work/keys"
	"$1"
	await 'status='
	exec 7>&-
	trap - PIPE
	wait "$pid" 2> /dev/null
	cmp -s "$work/before" "$work/after"
}
# Wait until the screen shows a line; a session (pid) that has ended will not show more.
await() {
	for _ in $(seq $((limit * 5))); do
		screen "$1" && return
		kill -0 "$pid" 2> /dev/null || break
		sleep 0.2
	done
	echo "# the screen did not show $1"
	return 1
}
screen() {
	tr -d '\r' < "$work/screen" | grep -aqE -- "$1"
}
use_shell() {
	await '^guest# '
	printf 'echo typed-$((6 * 7))\r' >&7
	await '^typed-42'
	# Ctrl-C must stop the sleep in the guest, not us.
	printf 'echo start; sleep 1000\r' >&7
	await '^start'
	sleep 1
	printf '\003' >&7
	printf 'echo alive-$((1 + 1))\r' >&7
	await '^alive-2'
	printf 'exit\r' >&7
}
abi=auto
ok "a terminal: the settings are restored after power-off" terminal use_shell
abi=native
ok "a terminal: the escape key is announced once" [ "$(grep -ac 'Ctrl-\] ends the guest' "$work/screen")" = 1 ]
ok "a terminal: the shell in the guest works" screen '^typed-42'
ok "a terminal: Ctrl-C goes to the guest" screen '^alive-2'
ok "a terminal: status 0" screen '^status=0'
escape() {
	await '^guest# '
	printf '\035' >&7
}
ok "the escape key: the settings are restored" terminal escape
ok "the escape key ends the guest" screen 'guest ended by the user'
kill_tool() {
	await '^guest# '
	kill -TERM "$(pgrep -f -- "^$twoway run .*$mark")"
}
ok "SIGTERM at a terminal: the settings are restored" terminal kill_tool
ok "SIGTERM at a terminal: reported" screen '^status=143'
kill_qemu() {
	await '^guest# '
	kill -KILL "$(pgrep -f -- "-name $mark")"
}
ok "QEMU dies: the settings are restored" terminal kill_qemu
ok "QEMU dies: said" screen 'QEMU was killed'
stop_and_go() {
	local tool
	await '^guest# '
	tool=$(pgrep -f -- "^$twoway run .*$mark")
	kill -TSTP "$tool"
	sleep 1
	grep -q 'State:.*stopped' "/proc/$tool/status" || echo "# not stopped"
	kill -CONT "$tool"
	sleep 1
	printf 'echo again-$((3 * 3))\r' >&7
	await '^again-9'
	printf 'exit\r' >&7
}
ok "stop and continue: the settings are restored" terminal stop_and_go
ok "stop and continue: the guest goes on" screen '^again-9'
ok "QEMU is gone" gone
done_testing
