"""The file system of a path."""

import pytest

from ingest.tail.mounts import filesystem_of, is_remote

MOUNTS = r"""/dev/vda / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/me/local\040disk xfs rw 0 0
me@host:/ /home/me/\303\244 fuse.sshfs rw 0 0
/dev/vdc /mnt ext4 rw 0 0
//server/share /mnt cifs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "filesystem"),
    [
        ("/", "ext4"),
        ("/etc/codex", "ext4"),
        ("/tmp", "tmpfs"),
        ("/tmpfile", "ext4"),
        ("/home/me/.codex", "nfs4"),
        ("/home/me/local disk/.codex", "xfs"),
        ("/home/me/local disk 2", "nfs4"),
        ("/mnt/x", "cifs"),
    ],
)
def test_the_innermost_and_latest_mount_decides(path: str, filesystem: str) -> None:
    assert filesystem_of(path, MOUNTS) == filesystem


def test_without_a_list_of_mounts_nothing_is_known() -> None:
    assert filesystem_of("/home", "") is None
    assert not is_remote(None)


def test_network_file_systems_are_remote_and_local_ones_are_not() -> None:
    assert all(map(is_remote, ("nfs", "nfs4", "cifs", "9p", "fuse.sshfs", "virtiofs")))
    assert not any(map(is_remote, ("ext4", "xfs", "btrfs", "zfs", "apfs", "tmpfs", "overlay")))
