# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# A storm of NMIs over a guest (nmi.t, hyperv-nmi.t).
guest=$("$tw_root/tests/initramfs.sh") || exit 1
idle_sent=40

# The guest's console may not be there yet.
guest_said() {
	[ -e "$1/console" ] && grep -aq "^$2" "$1/console"
}

# Send NMIs by pipe $2 to the machine of run $1 until it is idle, then the slow ones.
send_nmis() {
	local dir=$1 pipe=$2 n
	exec 9<> "$pipe"
	until guest_said "$dir" GUEST-NMI-START; do sleep 0.1; done
	until guest_said "$dir" GUEST-NMI-IDLE; do
		echo nmi >&9
		sleep 0.002
	done
	sleep 0.5
	for n in $(seq "$idle_sent"); do
		echo nmi >&9
		sleep 0.05
	done
}

# count busy|idle: how many NMIs the guest had then.
count() {
	line '^GUEST-NMI-COUNT' | sed -n "s/.*$1 \([0-9]*\).*/\1/p"
}

storm() {
	local label=$1 name=nmi-$1 pipe drain sender status
	shift
	rm -rf "${tw_out:?}/$name"
	pipe=$(mktemp -d)/monitor
	mkfifo "$pipe.in" "$pipe.out"
	cat "$pipe.out" > /dev/null &
	drain=$!
	send_nmis "$tw_out/$name" "$pipe.in" &
	sender=$!
	tw_run "$name" --initrd "$guest" --mem 512M --timeout 300 "$@" \
		--append "tw.test=nmi tw.args=forks,syscalls panic=-1 loglevel=1" \
		-- -chardev "pipe,id=monitor,path=$pipe" -mon monitor
	status=$?
	kill "$sender" "$drain" 2> /dev/null
	wait "$sender" "$drain" 2> /dev/null
	rm -rf "$(dirname "$pipe")"
	ok "$label: all programs succeed" said '^STRESS-DONE pass [1-9][0-9]* fail 0 ' || tap_tail
	ok "$label: powers off" [ $status = 0 ] || tap_tail
	ok "$label: a healthy kernel log" healthy
	echo "# $label: $(count busy) NMIs while busy, $(count idle) of $idle_sent while idle"
	ok "$label: NMIs by the hundred" test "$(count busy)" -ge 300
	# Two that meet are one, and on a busy host they may.
	ok "$label: NMIs reach an idle guest" test "$(count idle)" -ge $((idle_sent / 2))
}
