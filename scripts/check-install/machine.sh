#!/bin/bash
# A Debian of its own that systemd boots: machine.sh ROOT ARCHIVE NETWORK CGROUP. Runs as process 1 of new namespaces for processes and mounts
# (machine.ts), so that all of it, mounts and memory too, is gone when that process is killed.
set -euo pipefail
root=$1 archive=$2 network=$3 group=$4

echo $$ >"$group/cgroup.procs"
mount -t tmpfs -o mode=755,size=6G tmpfs "$root"
tar --extract --numeric-owner --xattrs --xattrs-include='*' --file "$archive" --directory "$root"
echo '127.0.0.1 controller.example' >>"$root/etc/hosts"

exec nsenter --net="$network" unshare --uts --ipc --cgroup bash -euo pipefail -c '
root=$1
mount -t proc proc "$root/proc"
# Settings of the kernel are those of the host. systemd would change them.
mount --bind -o ro "$root/proc/sys" "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
hostname controller
cd "$root"
mkdir old
pivot_root . old
umount --lazy /old
rmdir /old
echo "boots"
# The variable tells systemd that it is in a container: it leaves the devices and the clock of the host alone.
exec env -i container=stockroom PATH=/usr/sbin:/usr/bin \
  setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-sys_boot,-syslog,-mknod /lib/systemd/systemd
' machine "$root"
