"""The file system type of a path, from the text of /proc/mounts; pure."""

import re

# These report a change only to the machine that made it, or not at all.
_VIRTUAL = ("9p", "drvfs", "fuse.vmhgfs-fuse", "prl_fs", "vboxsf", "virtiofs", "vmhgfs")
_SHARED = ("cifs", "davfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "nfs", "nfs4", "smb3")
_CLUSTER = ("afs", "beegfs", "ceph", "fuse.glusterfs", "glusterfs", "gpfs", "lustre", "ocfs2")
_REMOTE = frozenset((*_VIRTUAL, *_SHARED, *_CLUSTER, "smbfs"))


def filesystem_of(path: str, mounts: str) -> str | None:
    """The type of the innermost mount that holds the real path; None if none is known."""
    return _innermost(path, mounts)[1] or None


def mount_of(path: str, mounts: str) -> str | None:
    """The mount point of that mount."""
    return _innermost(path, mounts)[0] or None


def _innermost(path: str, mounts: str) -> tuple[str, str]:
    best = ("", "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _plain(fields[1])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # Not shorter: of two mounts on one point the later one hides the earlier.
        if inside and len(point) >= len(best[0]):
            best = (point, fields[2])
    return best


def is_remote(filesystem: str | None) -> bool:
    return filesystem in _REMOTE


def _plain(field: str) -> str:
    """The kernel writes space, tab, newline and backslash as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda digits: chr(int(digits[1], 8)), field)
