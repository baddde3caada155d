#!/bin/busybox sh
# shellcheck shell=dash
# init-first.sh: pid 1 of the initramfs: drivers for the disk, then on to the root that is on it. (pivot_root, which every
# session does, is not possible on an initramfs itself.)
b=/bin/busybox
$b mount -t devtmpfs dev /dev
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
	[ ! -e /modules/$m.ko ] || $b insmod /modules/$m.ko
done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do
	$b sleep 0.1
	tries=$((tries + 1))
done
$b mount -t ext4 /dev/vda /root || $b poweroff -f
$b umount /dev
exec $b switch_root /root /usr/sbin/init
