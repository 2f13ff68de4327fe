#!/bin/sh
# The quick tests on ARM, under an emulator, half an hour: sudo benchmarks/on_arm.sh [ROOT] [pytest arguments]
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
    mmdebstrap --architectures=arm64 --variant=minbase --include=python3,python3-venv,procps,psmisc,make \
        bookworm "$root"
    chroot "$root" python3 -m venv /venv
    chroot "$root" /venv/bin/pip install pytest pytest-timeout pytest-xdist hypothesis greenlet "cloudpickle<3.1.3" numpy psutil click \
        pyyaml websocket-client jupyterlab jupyter_client ipywidgets bqplot rich nbval nbclient playwright voila
fi
ended() { umount "$root/dev/shm" "$root/proc" "$root/shmlab"; }
mkdir -p "$root/shmlab" "$root/dev/shm"
mount --bind "$here" "$root/shmlab"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev/shm"
trap ended EXIT
[ $# -gt 0 ] || set -- tests
nice chroot "$root" sh -c 'cd /shmlab && exec env PYTHONPATH=/shmlab PYTHONDONTWRITEBYTECODE=1 /venv/bin/python -m pytest \
    -p no:cacheprovider -p no:anyio -p no:nbval --timeout 900 -m "not slow and not faults and not browser and not alone and not long" \
    "$@"' sh "$@"
