#!/bin/bash
# majors.sh MAJOR...: build and run the SQL layers on other PostgreSQL versions, in Debian chroots
# (17: trixie, 18: sid). The chroots stay in MAJORS_DIR (default build/majors, about 1 GB each); removing
# the folder fetches them again. Needs root or sudo, debootstrap and the network.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ]; then exec sudo "$PWD/tools/majors.sh" "$@"; fi
dir=${MAJORS_DIR:-build/majors}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

if ! command -v debootstrap >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends debootstrap
fi

make_chroot() { # make_chroot MAJOR SUITE ROOT
    echo "== fetching PostgreSQL $1 from Debian $2 (some minutes)"
    rm -rf "$3.part"
    debootstrap --variant=minbase \
        --include="gcc,libc6-dev,make,libgsl-dev,postgresql-$1,postgresql-$1-pgtap,libtap-parser-sourcehandler-pgtap-perl,libipc-run-perl,perl" \
        "$2" "$3.part" "$mirror" >"$dir/$2.log" 2>&1 || { tail -n 20 "$dir/$2.log" >&2; return 1; }
    # unpacked, not installed: its dependencies on clang and LLVM are not needed
    (cd "$3.part/tmp" && chroot "$3.part" sh -c "cd /tmp && apt-get -q -o APT::Sandbox::User=root download postgresql-server-dev-$1 libpq-dev &&
        for deb in *.deb; do dpkg -x \$deb /; done && rm *.deb") >>"$dir/$2.log" 2>&1 || { tail -n 20 "$dir/$2.log" >&2; return 1; }
    mv "$3.part" "$3"
}

# The tree as it is, without what was built from it.
copy_tree() {
    rm -rf "$1/margin_calib"
    mkdir -p "$1/margin_calib"
    tar --exclude=./.git --exclude=./build --exclude=./.demo --exclude=./results --exclude=./output_iso \
        --exclude='*.o' --exclude='*.bc' --exclude='*.so' -cf - . | tar -xf - -C "$1/margin_calib"
}

test_major() { # test_major MAJOR
    local suite root layer
    case $1 in
        17) suite=trixie ;;
        18) suite=sid ;;
        *) echo "majors: no Debian suite is known for PostgreSQL $1" >&2; return 1 ;;
    esac
    root=$dir/$suite
    [ -d "$root" ] || make_chroot "$1" "$suite" "$root"
    copy_tree "$root"
    mkdir -p "$root/dev/shm" && chmod 1777 "$root/dev/shm"
    mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
    for layer in regress isolation pgtap; do
        tools/layer.sh "$1-$layer" chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
            make -s -C /margin_calib with_llvm=no PG_CONFIG="/usr/lib/postgresql/$1/bin/pg_config" "check-$layer"
    done
    umount "$root/proc"
}

rm -f build/tally
for major in "$@"; do
    test_major "$major" || echo "$major-setup 0 1 0 0" >>build/tally
done
tools/tally.sh
