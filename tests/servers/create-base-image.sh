#!/bin/sh
# Creates an image from files of this machine that replaces node:24-bookworm-slim if images cannot be pulled. It has a
# shell, the core utilities, Node.js, npm and the certificates. Usage: create-base-image.sh IMAGE NODE_PROGRAM
set -eu
image=$1 node=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")

mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/etc" "$root/tmp" "$root/root" "$root/home/node" "$root/proc" "$root/dev" "$root/sys"
chmod 1777 "$root/tmp"
for folder in bin lib lib64 sbin; do ln -s "usr/$folder" "$root/$folder"; done
mkdir -p "$root/usr/lib64" "$root/usr/sbin" "$root/usr/lib/node_modules"
cp -RL "$npm" "$root/usr/lib/node_modules/npm"
cp "$node" "$root/usr/bin/node"
printf '#!/bin/sh\nexec node /usr/lib/node_modules/npm/bin/npm-cli.js "$@"\n' > "$root/usr/bin/npm"
chmod 755 "$root/usr/bin/npm"
for program in sh env rm mkdir cat ls cp chmod find du true; do cp -L "/bin/$program" "$root/usr/bin/"; done
for program in "$root/usr/bin/node" "$root/usr/bin/sh" "$root/usr/bin/ls" "$root/usr/bin/cp" "$root/usr/bin/find"; do
  ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -Ln "$library" "$root$library" || [ -e "$root$library" ]
  done
done
# Other parts of the C library, which native packages load.
libc=$(dirname "$(ldd /bin/sh | grep -o '/[^ ]*libc\.so[^ ]*')")
mkdir -p "$root$libc"
for library in librt.so.1 libdl.so.2 libpthread.so.0 libm.so.6 libresolv.so.2; do
  if [ -e "$libc/$library" ]; then cp -Ln "$libc/$library" "$root$libc/"; fi
done
mkdir -p "$root/etc/ssl/certs" "$root/usr/etc"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
if [ -e /usr/etc/npmrc ]; then cp /usr/etc/npmrc "$root/usr/etc/"; fi
printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' > "$root/etc/group"

container=$(buildah from scratch)
buildah copy --quiet "$container" "$root" / > /dev/null
buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt --env PATH=/usr/bin "$container"
buildah commit --quiet "$container" "$image" > /dev/null
buildah rm "$container" > /dev/null
