#!/bin/sh
# Runs the server of an image on a read-only root file system, as the account of the image, in the network of this machine.
# It needs a mount namespace of its own. Usage: run-read-only.sh CONTAINER NAME=VALUE...
set -eu
root=$(buildah mount "$1")
shift
mount --bind "$root" "$root"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root"
exec chroot --userspec=1000:1000 "$root" /usr/bin/env -i PATH=/usr/bin "$@" /bin/sh -c 'cd /app && ! mkdir /tmp/written 2> /dev/null && exec node --max-semi-space-size=64 dist/main.js'
