#!/bin/sh
# The core's tests on ARM, under an emulator: sudo benchmarks/on_arm.sh [ROOT] [pytest arguments]
#
# It makes a small Debian for arm64 in ROOT and runs the tests there with qemu-user. Needs the Debian packages
# mmdebstrap, arch-test, qemu-user-static and binfmt-support. This shows that the code works on ARM, not that the order
# of its loads and stores is right: the emulator runs on this machine's processor. tests/ring/test_explored.py is for that.
set -eu
root=${1:-/tmp/shmlab-arm64}
[ $# -gt 0 ] && shift
here=$(cd "$(dirname "$0")/.." && pwd)
[ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
update-binfmts --enable qemu-aarch64
if [ ! -e "$root/usr/bin/python3" ]; then
    mmdebstrap --architectures=arm64 --variant=minbase --include=python3,python3-venv,procps,psmisc \
        bookworm "$root"
    chroot "$root" python3 -m venv /venv
    chroot "$root" /venv/bin/pip install pytest pytest-timeout hypothesis greenlet cloudpickle numpy psutil
fi
ended() { umount "$root/dev/shm" "$root/proc" "$root/shmlab"; }
mkdir -p "$root/shmlab" "$root/dev/shm"
mount --bind "$here" "$root/shmlab"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev/shm"
trap ended EXIT
[ $# -gt 0 ] || set -- tests/test_item.py tests/test_shared.py tests/test_receipts.py tests/test_fences.py tests/test_sync.py \
    tests/test_segment.py tests/test_worker.py tests/ring/test_ring.py tests/ring/test_patience.py
nice chroot "$root" sh -c 'cd /shmlab && exec env PYTHONPATH=/shmlab PYTHONDONTWRITEBYTECODE=1 /venv/bin/python -m pytest \
    -p no:cacheprovider --timeout 600 -m "not slow and not faults and not browser" "$@"' sh "$@"
