#!/bin/bash
# The files of a Debian 13 as one archive, which each machine unpacks: debian.sh ARCHIVE FOLDER. FOLDER is empty.
set -euo pipefail
archive=$1 folder=$2

# In memory: dpkg waits for the disk after every file.
mount -t tmpfs -o size=3G tmpfs "$folder"
# The modules of Python that no command imports are half of the time of installing: without py3compile, Python compiles those that root imports.
# Machines do not fetch the lists of packages again.
TMPDIR=$folder mmdebstrap --quiet --variant=important --include=dbus,ca-certificates --skip=cleanup/apt/lists \
  --customize-hook='chroot "$1" dpkg-divert --quiet --local --rename --add /usr/bin/py3compile && ln -s true "$1/usr/bin/py3compile"' \
  trixie "$archive"
