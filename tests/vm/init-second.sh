#!/bin/bash
# init-second.sh: pid 1 of the guest: mounts, then the tests, then off. It also reaps what the tests orphan (bash does).
export PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin LANG=C.UTF-8 HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
chmod 1777 /tmp # on the disk: this kernel has id-mapped mounts for ext4, not for tmpfs
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
ip link set lo up
echo guest >/proc/sys/kernel/hostname
bash /tests/guest.sh </dev/null >/dev/console 2>&1
sync
poweroff -f
sleep 60
