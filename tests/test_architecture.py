# SPDX-License-Identifier: Apache-2.0
"""Imports point inward. The table says who may import whom; everything that is not in it is refused."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from scheduler.db import rows
from scheduler.solver.problem import CandidateFacts

ROOT = Path(__file__).parents[1]

#: The rooms, the longest name first where one lies in another. `run` is what starts processes.
ROOMS = {
    "scheduler.domain": "domain",
    "scheduler.solver": "solver",
    "scheduler.db": "db",
    "scheduler.services": "services",
    "scheduler.messages": "messages",
    "scheduler.webhooks": "webhooks",
    "scheduler.ats": "ats",
    "scheduler.jobs": "jobs",
    "scheduler.clock": "jobs",
    "scheduler.api": "api",
    "scheduler.pages": "pages",
    "calendars": "calendars",
    "scheduler.app": "wiring",
    "scheduler.wiring": "wiring",
    "scheduler.access": "wiring",
    "scheduler.settings": "settings",
    "scheduler.points": "settings",
    "scheduler.logs": "settings",
    "scheduler.processes": "settings",
}
#: Everything else: commands, roles, the demo.
OTHERWISE = "run"

ALLOWED = {
    "domain": {"scheduler.domain"},
    "solver": {"scheduler.domain", "scheduler.solver"},
    "calendars": {"calendars"},
    "db": {
        "scheduler.domain",
        "scheduler.solver.problem",
        "scheduler.solver.outcome",
        "scheduler.db",
        "scheduler.processes",  # the embedded server ends with its owner
    },
    "services": {
        "scheduler.domain",
        "scheduler.solver",
        "calendars.provider",
        "calendars.values",
        "calendars.errors",
        "calendars.oauth",
        "scheduler.db",
        "scheduler.services",
        "scheduler.messages.content",  # what a mail says
        "scheduler.messages.errors",
        "scheduler.webhooks.content",  # what comes of posting
        "scheduler.webhooks.signing",
        "scheduler.points",
    },
    "messages": {"scheduler.domain", "scheduler.messages"},
    "webhooks": {
        "scheduler.domain",
        "scheduler.webhooks",
        "calendars.retry",  # reads Retry-After
    },
    "ats": {"scheduler.domain", "scheduler.ats"},
    "jobs": {"scheduler.domain", "scheduler.db.session", "scheduler.services", "scheduler.jobs"},
    "api": {
        "scheduler.domain",
        "scheduler.db.session",
        "scheduler.db.pages",  # Page: the value that lists come in
        "scheduler.services",
        "scheduler.api",
    },
    "pages": {"scheduler.domain", "scheduler.db.session", "scheduler.services", "scheduler.pages"},
    "wiring": {"scheduler", "calendars"},
    "settings": {"scheduler.points"},
    "run": {"scheduler", "calendars"},
}
#: Libraries that only some rooms may know.
KEPT = {
    "flask": {"api", "pages", "wiring"},
    "flask_smorest": {"api", "pages", "wiring"},
    "gunicorn": {"run"},
    "sqlalchemy": {"db", "services", "jobs", "api", "pages", "wiring", "run"},
    "psycopg": {"db", "services", "jobs", "api", "wiring", "run"},
    "procrastinate": {"db", "jobs"},
    "apscheduler": {"jobs", "run"},
    "ortools": {"solver"},
    "numpy": {"solver"},
    "icalendar": {"calendars", "messages", "run"},
    # the network
    "socket": {"calendars", "messages", "webhooks", "ats", "wiring", "run"},
    "smtplib": {"messages", "wiring"},
    "urllib.request": {"calendars", "ats", "wiring", "run"},
    "http.client": {"calendars", "webhooks", "ats", "wiring"},
    "googleapiclient": {"calendars"},
    "msal": {"calendars"},
    "requests": {"calendars"},
    "httplib2": {"calendars"},
}
#: These import the standard library and nothing else.
PURE = {"domain"}
#: In these, time comes from the caller.
TIMELESS = {"domain", "solver", "services"}


def modules() -> dict[str, Path]:
    found = {}
    for package in ("scheduler", "calendars"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def room_of(module: str) -> str:
    return next((room for name, room in ROOMS.items() if within(module, name)), OTHERWISE)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def imports_of(path: Path) -> Iterator[str]:
    """Yield what a file imports, wherever in the file it does so; of a package, the module meant."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else str(node.module)


def is_ours(name: str) -> bool:
    return within(name, "scheduler") or within(name, "calendars")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_room_may(module):
    room = room_of(module)
    imported = set(imports_of(MODULES[module]))
    strangers = {
        name
        for name in imported
        if is_ours(name) and name != "scheduler" and not any(within(name, one) for one in ALLOWED[room])
    }
    guarded = {
        name for name in imported for kept, rooms in KEPT.items() if within(name, kept) and room not in rooms
    }
    outsiders = {
        name
        for name in imported
        if room in PURE and not is_ours(name) and name.split(".")[0] not in sys.stdlib_module_names
    }
    assert strangers | guarded | outsiders == set()


@pytest.mark.parametrize("module", [module for module in MODULES if room_of(module) in TIMELESS])
def test_nobody_inside_looks_at_a_clock(module):
    asked = {
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in READS_A_CLOCK
    }
    assert asked == set()


READS_A_CLOCK = {
    f"{owner}.{name}"
    for owner in ("datetime", "datetime.datetime", "dt.datetime", "date", "datetime.date", "dt.date")
    for name in ("now", "utcnow", "today")
} | {"time.time"}


def test_every_room_of_the_table_is_lived_in_or_yet_to_come():
    lived_in = {room_of(module) for module in MODULES}
    assert set(ALLOWED) - lived_in <= {"ats"}
    assert lived_in <= set(ALLOWED)


def loaded_after(statement: str) -> set[str]:
    """Return the names of all modules that a fresh process has loaded once it has run the statement."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split())


def test_the_web_process_never_loads_the_solver_library():
    loaded = loaded_after("import scheduler.app, scheduler.wiring; scheduler.app.openapi_yaml()")
    assert loaded & {"ortools", "numpy", "pandas"} == set()


def test_solve_loads_neither_database_nor_web():
    loaded = loaded_after("import scheduler.__main__, scheduler.solver.cli")
    assert loaded & {"sqlalchemy", "psycopg", "flask", "gunicorn", "procrastinate", "alembic"} == set()


def test_help_loads_next_to_nothing():
    statement = "import scheduler.__main__\ntry: scheduler.__main__.main(['--help'])\nexcept SystemExit: pass"
    loaded = loaded_after(statement)
    assert {name for name in loaded if is_ours(name)} == {"scheduler", "scheduler.__main__"}


def test_the_calendars_can_be_used_alone():
    loaded = loaded_after("import calendars")
    assert {name for name in loaded if within(name, "scheduler")} == set()


#: what a field that compares people would be called
COMPARING = re.compile(
    r"rank|scor|rating|grade|priorit|percentile|seniority|merit|fitness|match_", re.IGNORECASE
)


def test_no_field_of_a_table_compares_people():
    columns = {
        f"{table.name}.{column.name}"
        for table in rows.Base.metadata.tables.values()
        for column in table.columns
    }
    assert len(columns) > 100
    assert {name for name in columns if COMPARING.search(name)} == set()


def test_no_field_of_the_api_compares_people():
    described = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    schemas = described["components"]["schemas"]
    names = {f"{schema}.{field}" for schema, form in schemas.items() for field in form.get("properties", ())}
    parameters = {item["name"] for path in described["paths"].values() for item in path.get("parameters", ())}
    assert len(names) > 100
    assert {name for name in names | parameters if COMPARING.search(name)} == set()


def test_no_field_of_a_problem_compares_people():
    forms = json.loads((ROOT / "docs" / "problem.schema.json").read_text(encoding="utf-8"))["$defs"]
    names = {f"{name}.{field}" for name, form in forms.items() for field in form.get("properties", ())}
    assert {item.name for item in fields(CandidateFacts)} == {"id", "time_zone", "availability"}
    assert {name for name in names if COMPARING.search(name)} == set()


@pytest.mark.parametrize("name", ["rank", "candidate_score", "Rating", "seniority"])
def test_a_field_that_compares_people_would_be_found(name):
    assert COMPARING.search(name)
