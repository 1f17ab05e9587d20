# SPDX-License-Identifier: Apache-2.0
"""What the demo remembers from one start to the next, in a file that only its owner can read.

An API key is shown once and known by its hash: a real one is nobody's to print again. The demo's stands in
`DATA_DIR/demo.json`, because the demo prints it at every start.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where the demo stands."""

    organization_id: str
    #: the API key itself
    key: str
    #: people, rooms and plans were all made; what is missing now, somebody has removed
    complete: bool = False
    #: the Monday up to which calendars are filled
    filled_to: date | None = None
    #: how many candidates were invited
    invited: int = 0
    #: the run whose link is printed
    run_id: str | None = None

    def evolve(self, **changes: Any) -> Kept:
        return replace(self, **changes)


def load(path: Path) -> Kept | None:
    """What was kept, or None when there is nothing that can be used."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        filled_to = date.fromisoformat(data.pop("filled_to")) if data.get("filled_to") else None
        return Kept(**data | {"filled_to": filled_to})
    except (OSError, ValueError, TypeError):
        return None


def save(path: Path, kept: Kept) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(  # mode 0600
        "w", encoding="utf-8", dir=path.parent, prefix=".demo-", delete=False
    ) as file:
        json.dump(asdict(kept), file, default=str, indent=1)
    Path(file.name).replace(path)
