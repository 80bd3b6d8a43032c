#!/bin/bash
# First process of the user-mode kernel: the machine's own files are the root, read-only; what is written goes to
# memory. Runs the tests given and tells their verdict.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run TERM=dumb NODE_COMPILE_CACHE=/run/compiled
echo "HARDWARE UP"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t configfs configfs /sys/kernel/config
mount -t tracefs tracefs /sys/kernel/tracing
$hw_busybox ip link set lo up
cd "$hw_root" || exit 1
timeout -k 5 "$hw_limit" "$hw_node" --test --test-concurrency=1 --test-force-exit --test-reporter=spec $(echo "$hw_tests" | tr , ' ')
echo "HARDWARE EXIT $?"
$hw_busybox poweroff -f
