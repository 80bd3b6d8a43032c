#!/bin/busybox sh
# First process of the emulated Raspberry Pi: a root in memory, then the guest's part of the test.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/run DAISEE_HOME=/run/daisee TMPDIR=/run NODE_COMPILE_CACHE=/run/compiled
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
ip link set lo up
code=0
for part in $(echo "$hw_parts" | tr , ' '); do
  node "/app/tools/hardware/pi3/$part.ts" || code=$?
done
echo "HARDWARE EXIT $code"
poweroff -f
