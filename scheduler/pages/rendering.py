# SPDX-License-Identifier: Apache-2.0
"""From templates to HTML: escaped, compiled once, and loud about a word that is missing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from scheduler.pages import assets, zones


def render(template: str, **context: Any) -> str:
    return _environment().get_template(f"candidate/{template}.html").render(context)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("scheduler.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(asset=assets.named, everywhere=zones.everywhere)
    return made
