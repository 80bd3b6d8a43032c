#!/bin/busybox sh
# First process under QEMU: loads the modules, mounts the machine's own root read-only with a layer in memory over it,
# and goes on there as the user-mode kernel does.
/bin/busybox mkdir -p /proc /sys /dev /host /layer /root2
/bin/busybox --install -s /bin
echo "HARDWARE UP"
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules.boot /modules.usb); do
  case $module in dummy_hcd.ko) told=num=2 ;; *) told= ;; esac # two ports for two boards
  [ -d "/sys/module/$(basename "$module" .ko | tr - _)" ] || insmod "/modules/$module" $told || {
    echo "The kernel does not load $module, which the tests of this mode need."
    echo "HARDWARE EXIT 1"
    poweroff -f
  }
done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose host /host
mount -t tmpfs tmpfs /layer
mkdir -p /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /root2
for d in proc sys dev; do mount --bind /$d /root2/$d; done
mkdir -p /root2/dev/pts
mount -t devpts devpts /root2/dev/pts
mount -t tmpfs tmpfs /root2/run
mount -t configfs configfs /root2/sys/kernel/config
mount -t tracefs tracefs /root2/sys/kernel/tracing
ip link set lo up
chroot /root2 /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run \
  TERM=dumb NODE_COMPILE_CACHE=/run/compiled hw_busybox="$hw_busybox" hw_kernel="$hw_kernel" hw_gpiod="$hw_gpiod" \
  hw_gpiod2="$hw_gpiod2" \
  /bin/bash -c "cd '$hw_root' && exec timeout -k 5 $hw_limit '$hw_node' --test --test-concurrency=1 --test-force-exit \
  --test-reporter=spec $(echo "$hw_tests" | tr , ' ')"
echo "HARDWARE EXIT $?"
poweroff -f
