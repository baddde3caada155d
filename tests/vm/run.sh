#!/bin/bash
# run.sh: boots Debian's cloud kernel in QEMU (software emulation, so that it runs anywhere) with a pure cgroup v2, and runs
# tests/vm/guest.sh in there. Prints its PASS, FAIL and SKIP lines and a count. Exit 0, 1 when a test failed or the guest did
# not finish, 77 (with the reason) when it cannot be run here.
#
# O is the build directory. WARDER_VM_KERNEL may name a linux-image .deb; else the package is downloaded by apt-get, without
# being installed, and kept in O/vm.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
O=${O:-build}
mkdir -p "$O/vm"
vm=$(cd "$O/vm" && pwd)
here=$top/tests/vm
time_limit=${WARDER_VM_TIMEOUT:-420}

cannot() {
	echo "skipped: $*"
	exit 77
}

for tool in qemu-system-x86_64 busybox cpio mkfs.ext4 dpkg-deb ldd setpriv; do
	PATH=$PATH:/usr/sbin command -v $tool >/dev/null || cannot "no $tool (make test-vm installs what is missing)"
done
[ "$(uname -m)" = x86_64 ] || cannot "the guest is x86_64, this machine is not"

# ---- the kernel: unpacked, never installed ----

newest_deb() {
	find "$vm" -maxdepth 1 -name 'linux-image-*.deb' -printf '%T@ %p\n' | sort -rn | head -1 | cut -d' ' -f2-
}

kernel_package() {
	local name
	name=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p' | head -1)
	[ -n "$name" ] || cannot "no package linux-image-cloud-amd64 (apt-get update?)"
	# apt-get download is not allowed to write as another user into private directories, and says so
	(cd "$vm" && apt-get download -qq "$name" 2>/dev/null) || cannot "could not download $name"
	newest_deb
}

unpack_kernel() {
	local deb=${WARDER_VM_KERNEL:-}
	if [ -z "$deb" ]; then
		deb=$(newest_deb)
		[ -n "$deb" ] || deb=$(kernel_package)
	fi
	if [ ! -e "$vm/kernel/.done" ] || [ "$deb" -nt "$vm/kernel/.done" ]; then
		rm -rf "$vm/kernel"
		dpkg-deb -x "$deb" "$vm/kernel"
		touch "$vm/kernel/.done"
	fi
	kernel=$(echo "$vm"/kernel/boot/vmlinuz-*)
	modules=$(find "$vm/kernel" -type d -path '*/modules/*/kernel' | head -1)
}

# ---- the first root: finds the disk ----

build_initramfs() {
	local dir=$vm/initramfs module
	rm -rf "$dir"
	mkdir -p "$dir"/{bin,proc,sys,dev,root,modules}
	cp "$(command -v busybox)" "$dir/bin/busybox"
	for module in drivers/virtio/virtio drivers/virtio/virtio_ring \
		drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci_modern_dev \
		drivers/virtio/virtio_pci drivers/block/virtio_blk; do
		# built into some kernels
		[ ! -e "$modules/$module.ko" ] || cp "$modules/$module.ko" "$dir/modules/"
	done
	cp "$here/init-first.sh" "$dir/init"
	chmod 755 "$dir/init"
	(cd "$dir" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$vm/initramfs.gz"
}

# ---- the second root: a small Debian out of this machine's own files ----

root=$vm/root

# A program or library with all that it is linked with, at its real place.
add() {
	local file real
	for file in "$@"; do
		case $file in */*) ;; *) file=$(PATH=$PATH:/usr/sbin type -P "$file") ;; esac
		real=$(realpath "$file")
		case $real in /usr/*) ;; *) echo "not under /usr: $real" >&2; exit 1 ;; esac
		[ ! -e "$root$real" ] || continue
		install -D -m 755 "$real" "$root$real"
		add_libraries "$real"
	done
}

add_libraries() {
	local library real
	for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ )]*' | sort -u); do
		real=$(realpath "$library")
		install -D -m 755 "$real" "$root$real"
		# the name that the loader looks for is often a link
		library=$(realpath "$(dirname "$library")")/$(basename "$library")
		[ "$library" = "$real" ] || ln -srf "$root$real" "$root$library"
	done
}

own() { # a program of this build
	install -D -m 755 "$1" "$root$2"
	add_libraries "$1"
}

build_root() {
	local test name
	rm -rf "$root"
	mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib,usr/lib64,etc,proc,sys,dev,run,tmp,root,home/user,mnt,var/lib,tests,srv/project}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root/"
	add bash dash env id cat ls sleep head tail seq stat mkdir rmdir rm touch sort wc tr cut date \
		basename dirname readlink true false timeout mktemp chmod chown mv cp ln find grep sed \
		setpriv nproc uname tee test yes dd sync
	ln -s dash "$root/usr/bin/sh"
	install -m 755 "$(command -v busybox)" "$root/usr/bin/busybox"
	for name in mount umount ps kill poweroff dmesg ip su; do
		[ -e "$root/usr/bin/$name" ] || ln -s busybox "$root/usr/bin/$name"
	done
	printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'user:x:1000:1000:user:/home/user:/bin/bash' \
		'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'user:x:1000:' 'nogroup:x:65534:' >"$root/etc/group"
	echo '127.0.0.1 localhost' >"$root/etc/hosts"
	: >"$root/etc/ld.so.conf"
	/sbin/ldconfig -r "$root" 2>/dev/null || true
	if [ -x "$O/warder" ]; then
		own "$O/warder" /usr/local/bin/warder
		mkdir -p "$root/usr/local/share/warder"
		cp -r policies "$root/usr/local/share/warder/"
	fi
	cp -r policies "$root/tests/" # where the unit tests look for them: beside
	for name in $UNIT_TESTS; do
		test=$O/tests/unit/$name
		[ ! -x "$test" ] || own "$test" "/tests/$name"
	done
	cp "$here/guest.sh" "$here/sessions.sh" "$here/init-second.sh" "$root/tests/"
	chmod -R go+rX "$root"
	ln -s /tests/init-second.sh "$root/usr/sbin/init"
	# owned by root whoever builds it; the guest's script gives out what is the user's
	rm -f "$vm/root.img"
	PATH=$PATH:/usr/sbin mkfs.ext4 -q -F -E root_owner=0:0 -d "$root" "$vm/root.img" 256m >/dev/null
}

# What depends on the kernel or the cgroup world; the rest says the same in here as outside.
UNIT_TESTS="test_cgroup test_identity test_network test_capabilities test_landlock test_mounts test_mounts_attacks test_seccomp
	test_seccomp_base"

unpack_kernel
build_initramfs
build_root

timeout "$time_limit" qemu-system-x86_64 -accel tcg -cpu max -m 1024 -smp 2 -nographic -no-reboot -nodefaults \
	-serial stdio -kernel "$kernel" -initrd "$vm/initramfs.gz" \
	-drive "file=$vm/root.img,if=virtio,format=raw,cache=unsafe" \
	-append "console=ttyS0 panic=-1 quiet loglevel=3 random.trust_cpu=on" </dev/null 2>&1 |
	tr -d '\r' | tee "$vm/console.log" | grep --line-buffered -E '^(PASS|FAIL|SKIP|  \| )' || true

count=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$vm/console.log" | tail -1 || true)
if [ -z "$count" ]; then
	echo "FAIL boot: the guest did not finish (within ${time_limit}s); its console ends:"
	tail -15 "$vm/console.log"
	exit 1
fi
echo "$count"
case $count in
"0 passed, "*) exit 1 ;;
*" 0 failed, "*) exit 0 ;;
*) exit 1 ;;
esac
