# SPDX-License-Identifier: Apache-2.0
"""The embedded PostgreSQL: a server of our own under DATA_DIR, for installations that bring none.

The programs come from a wheel; starting, watching and ending them is ours, because the wheel's own way leaves
servers behind, trusts stale pid files and opens up folders as root. Exactly one process owns the server of a
DATA_DIR: it holds a lock on `DATA_DIR/postgres.lock` as long as it lives. When it is killed, the kernel ends
the server (Linux); should that fail, the next owner finds what is left and ends it before it starts anew.
"""

from scheduler.db.embedded.errors import AlreadyRunning, EmbeddedError, NoPlace, NotRunning, ServerFailed
from scheduler.db.embedded.server import EmbeddedPostgres, attach, attach_or_start

__all__ = [
    "AlreadyRunning",
    "EmbeddedError",
    "EmbeddedPostgres",
    "NoPlace",
    "NotRunning",
    "ServerFailed",
    "attach",
    "attach_or_start",
]
