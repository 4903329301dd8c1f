"""Prints the files of the root file system as JSON; it runs in a container, so imports little."""

import hashlib
import json
import os
import stat

# The engine mounts or writes these.
LEFT_OUT = {"/proc", "/sys", "/dev", "/run", "/tmp"}
OF_THE_ENGINE = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab", "/.dockerenv"}


def describe(path: str) -> list[str | int]:
    """Return type and mode, owner, size, and SHA-256 or the link's target."""
    facts = os.lstat(path)
    row: list[str | int] = [stat.filemode(facts.st_mode), f"{facts.st_uid}:{facts.st_gid}"]
    if stat.S_ISLNK(facts.st_mode):
        return [*row, 0, os.readlink(path)]
    if not stat.S_ISREG(facts.st_mode):
        return [*row, 0, ""]
    with open(path, "rb") as file:
        return [*row, facts.st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def main() -> None:
    """Walk through the file system of the root, and print."""
    device = os.lstat("/").st_dev  # Mounted files of the engine are on others.
    found: dict[str, list[str | int]] = {}
    for folder, folders, names in os.walk("/"):
        paths = [os.path.join(folder, name) for name in folders + names]
        folders[:] = [
            name
            for name in folders
            if os.path.join(folder, name) not in LEFT_OUT
            and os.lstat(os.path.join(folder, name)).st_dev == device
        ]
        for path in paths:
            left_out = path in OF_THE_ENGINE | LEFT_OUT
            if not left_out and os.lstat(path).st_dev == device:
                found[path] = describe(path)
    print(json.dumps(found))


main()
