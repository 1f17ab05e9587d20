# SPDX-License-Identifier: Apache-2.0
"""The commands: `python -m scheduler --help`.

Each imports only what it needs, so that `--help` is quick and `solve` meets neither database nor web.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from scheduler.settings import Settings

# A command takes what argparse found and returns the exit status.
Command = Callable[[argparse.Namespace], int]


DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
HIGHEST_PORT = 65535
LONGEST_NAME = 200
NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
OURS = ("scheduler", "calendars")
INSTALL = "`make run` installs it, and then: .venv/bin/python -m scheduler"
SCOPES = frozenset({"read", "schedule", "manage", "admin"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["solve"]:  # has options of its own
        from scheduler.solver.cli import main as solve

        return solve(arguments[1:])
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.command(parsed)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] in OURS:
            raise
        print(f"convene: the package {missing.name} is missing; {INSTALL}", file=sys.stderr)
        return 1
    except Exception as error:
        if not isinstance(error, _expected_errors()):
            raise
        print(f"convene: {_in_one_line(error)}", file=sys.stderr)
        return 1
    return status


def _in_one_line(error: Exception) -> str:
    """What the error says, less what is of no use at a prompt: the statement, links to explanations."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m scheduler", description="Convene, interview scheduling.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_roles(commands)
    _add(commands, "migrate", _migrate, "bring the database to the newest schema")
    organizations = _add_group(commands, "organization", "organisations")
    create = _add(organizations, "create", _create_organization, "create one and print its id")
    create.add_argument("--name", required=True, type=_name)
    keys = _add_group(commands, "key", "API keys")
    create = _add(keys, "create", _create_key, "create one and print it, this once, alone on the last line")
    create.add_argument("--organization", required=True, metavar="ID")
    create.add_argument("--name", required=True, type=_name)
    create.add_argument(
        "--scopes", required=True, type=_scopes, metavar="a,b", help="read,schedule,manage,admin"
    )
    listed = _add(keys, "list", _list_keys, "those of an organisation, a line each, never the key itself")
    listed.add_argument("--organization", required=True, metavar="ID")
    revoke = _add(keys, "revoke", _revoke_key, "take one back: it opens nothing from now on")
    revoke.add_argument("--key", required=True, metavar="ID", help="its id, key_…")
    credentials = _add_group(commands, "credentials", "what people granted")
    _add(credentials, "rotate", _rotate, "seal all of it with the newest of SECRET_KEYS")
    jobs = _add_group(commands, "jobs", "what is done after the answer")
    listed = _add(jobs, "list", _list_jobs, "those of all organisations that are not over, a line each")
    listed.add_argument("--status", choices=("queued", "running", "failed"), help="only these")
    again = _add(jobs, "retry", _retry_job, "have one that failed for good tried once more")
    again.add_argument("job_id", metavar="ID")
    commands.add_parser("solve", help="solve one problem from a JSON file (solve --help)", add_help=False)
    replay = _add(commands, "replay", _replay, "solve a stored run again and compare: exit 1 if it differs")
    replay.add_argument("run_id", metavar="RUN_ID")
    doctor = _add(
        commands, "doctor", _doctor, "check database, role, calendars, mail, keys, promises and clock"
    )
    doctor.add_argument(
        "--invariants", action="store_true", help="ask the database instead whether every promise holds"
    )
    _add(commands, "openapi", _openapi, "print openapi.yaml")
    return parser


def _add_roles(commands: Any) -> None:
    serve = _add(
        commands, "serve", _serve, "web, worker and clock, with an embedded PostgreSQL unless one is given"
    )
    demo = _add(commands, "demo", _demo, "serve, with a demo organisation whose calendars are .ics files")
    web = _add(commands, "web", _web, "answer HTTP requests")
    for command in (serve, demo, web):
        command.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (%(default)s)")
        command.add_argument(
            "--port", type=_port, default=DEFAULT_PORT, help="port to listen on, 0 for any (%(default)s)"
        )
    demo.add_argument(
        "--with-parent", action="store_true", help="end when the process that started this ends"
    )
    _add(commands, "worker", _worker, "carry out jobs")
    _add(commands, "clock", _clock, "put what is due into the queue of jobs")


def _add(commands: Any, name: str, command: Command, text: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{_sentence(text)}.")
    added.set_defaults(command=command)
    return added


def _add_group(commands: Any, name: str, text: str) -> Any:
    group = commands.add_parser(name, help=text, description=_sentence(text))
    return group.add_subparsers(required=True, metavar="COMMAND")


def _sentence(text: str) -> str:
    """With a capital in front; names keep theirs."""
    return text[0].upper() + text[1:]


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"must be a port, 0 to {HIGHEST_PORT}, not {text!r}")
    return int(text)


def _name(text: str) -> str:
    """As the API takes names."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    if len(text) > LONGEST_NAME or NOT_IN_A_LINE.search(text):
        raise argparse.ArgumentTypeError(f"must be one line of at most {LONGEST_NAME} characters")
    return text


def _scopes(text: str) -> frozenset[str]:
    scopes = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not scopes or not scopes <= SCOPES:
        raise argparse.ArgumentTypeError(f"must be some of {','.join(sorted(SCOPES))}, not {text!r}")
    return scopes


def _settings() -> Settings:
    """Read the settings and set up logging as they say."""
    from scheduler import logs, settings

    read = settings.load()
    logs.set_up(read.log_level, read.log_format)
    return read


def _serve(arguments: argparse.Namespace) -> int:
    from scheduler import roles

    roles.serve(_settings(), arguments.host, arguments.port)
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from scheduler import processes, roles

    if arguments.with_parent:
        processes.die_with_parent(signal.SIGTERM, os.getppid())
    roles.serve(_settings(), arguments.host, arguments.port, demo=True)
    return 0


def _web(arguments: argparse.Namespace) -> int:
    from scheduler import roles

    roles.web(_settings(), arguments.host, arguments.port)
    return 0


def _worker(_: argparse.Namespace) -> int:
    from scheduler import roles

    roles.worker(_settings())
    return 0


def _clock(_: argparse.Namespace) -> int:
    from scheduler import roles

    roles.clock(_settings())
    return 0


def _migrate(_: argparse.Namespace) -> int:
    from scheduler import roles

    roles.migrate(_settings())
    return 0


def _create_organization(arguments: argparse.Namespace) -> int:
    from scheduler import roles, wiring
    from scheduler.services import organizations

    with roles.migrated_database(_settings()) as settings:
        print(organizations.create(wiring.build(settings), name=arguments.name))
    return 0


def _create_key(arguments: argparse.Namespace) -> int:
    from scheduler import roles, wiring
    from scheduler.services import keys

    with roles.migrated_database(_settings()) as settings:
        key_id, key = keys.create(
            wiring.build(settings), arguments.organization, name=arguments.name, scopes=arguments.scopes
        )
    print(key_id, key, sep="\n")
    return 0


def _list_keys(arguments: argparse.Namespace) -> int:
    from scheduler import roles, wiring
    from scheduler.services import keys

    with roles.migrated_database(_settings()) as settings:
        for key in keys.find(wiring.build(settings), arguments.organization):
            revoked = f"revoked {key['revoked_at']}" if key["revoked_at"] else "in use"
            print(
                key["id"],
                ",".join(key["scopes"]),
                f"created {key['created_at']}",
                revoked,
                key["name"],
                sep="  ",
            )
    return 0


def _revoke_key(arguments: argparse.Namespace) -> int:
    from scheduler import roles, wiring
    from scheduler.services import keys

    with roles.migrated_database(_settings()) as settings:
        key = keys.revoke(wiring.build(settings), arguments.key)
    print(f"{key['id']} ({key['name']}) is revoked")
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    from scheduler import replay, roles, wiring

    with roles.migrated_database(_settings()) as settings:
        return replay.run(wiring.build(settings), arguments.run_id)


def _rotate(_: argparse.Namespace) -> int:
    from scheduler import roles, wiring
    from scheduler.services import grants

    with roles.migrated_database(_settings()) as settings:
        done, unopened = grants.rotate(wiring.build(settings))
    print(f"{done} sealed with the newest key")
    for id_ in unopened:
        print(
            f"{id_}: no key of SECRET_KEYS opens it; add its key, or let its owner connect again",
            file=sys.stderr,
        )
    return 1 if unopened else 0


def _list_jobs(arguments: argparse.Namespace) -> int:
    from scheduler import roles, wiring
    from scheduler.services import jobs

    with roles.migrated_database(_settings()) as settings:
        for organization_id, job in jobs.everywhere(wiring.build(settings), arguments.status):
            about = ",".join(job["about"].values())
            fields = (job["id"], job["status"], job["task"], about, organization_id, job["created_at"])
            tries = f"{job['attempts']} failed" + (f": {job['reason']}" if job["reason"] else "")
            print(*(field or "-" for field in fields), tries)
    return 0


def _retry_job(arguments: argparse.Namespace) -> int:
    from scheduler import roles, wiring
    from scheduler.services import jobs

    with roles.migrated_database(_settings()) as settings:
        job = jobs.retry_anywhere(wiring.build(settings), arguments.job_id)
    print(f"{job['id']} is {job['status']}")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from scheduler import doctor, roles

    with roles.running_database(_settings()) as settings:
        return doctor.promises(settings) if arguments.invariants else doctor.run(settings)


def _openapi(_: argparse.Namespace) -> int:
    from scheduler.app import openapi_yaml

    print(openapi_yaml(), end="")
    return 0


def _expected_errors() -> tuple[type[Exception], ...]:
    """Return what a command may fail with in the course of things: one line tells it, no traceback.

    Imported after the failure; what was never imported cannot have been raised.
    """
    from importlib import import_module

    return tuple(
        getattr(import_module(module), name)
        for module, name in (
            ("scheduler.settings", "SettingsError"),
            ("scheduler.db.embedded", "EmbeddedError"),
            ("scheduler.roles", "CannotListen"),
            ("scheduler.db.state", "NotMigrated"),
            ("scheduler.supervisor", "ChildFailed"),
            ("scheduler.domain.errors", "Refusal"),
            ("sqlalchemy.exc", "OperationalError"),
            ("psycopg", "OperationalError"),
        )
    )


if __name__ == "__main__":
    sys.exit(main())
