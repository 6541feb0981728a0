"""A PostgreSQL server of one's own on loopback, for as long as something is measured."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retrieval.errors import Unreachable


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a server whose files lie in ``folder``; raises Unreachable saying why there is none."""
    if (place := _programs()) is None:
        raise Unreachable("no PostgreSQL server binary: neither /usr/lib/postgresql/*/bin nor initdb on PATH")
    become = _somebody()
    for parent in (folder, *folder.parents):
        if parent.owner() == pwd.getpwuid(os.geteuid()).pw_name and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    folder.chmod(0o777)
    cluster = folder / "cluster"
    made = subprocess.run(
        [place / "initdb", "-D", cluster, "-U", "enishi", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        **become, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise Unreachable(f"initdb did not run here: {made.stderr.strip().splitlines()[-1]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [place / "postgres", "-D", cluster, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"],
        **become, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        ready = [place / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-U", "enishi", "-d", "postgres", "-t", "1"]
        if not any(
            subprocess.run(ready, capture_output=True, check=False).returncode == 0
            for _ in range(200)
            if _pause(process)
        ):
            raise Unreachable("the PostgreSQL server did not start")
        yield f"postgresql://enishi@127.0.0.1:{port}/postgres"
    finally:
        # Fast shutdown: whoever is still connected is disconnected, not waited for.
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _programs() -> Path | None:
    """Where ``initdb`` and ``postgres`` are."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then it runs as a user who owns nothing else."""
    if os.geteuid() != 0:
        return {}
    name = "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"
    return {"user": name, "group": grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_name, "extra_groups": []}


def _pause(process: subprocess.Popen[bytes]) -> bool:
    """A moment for the server to start; false when it ended."""
    try:
        process.wait(timeout=0.1)
    except subprocess.TimeoutExpired:
        return True
    return False
