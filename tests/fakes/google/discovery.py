# SPDX-License-Identifier: Apache-2.0
"""Google's own description of the API, as its client ships it: methods, parameters, scopes, shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tests.fakes.google.problems import wrong

TYPES: dict[str, type] = {"string": str, "boolean": bool, "integer": int, "number": float}


@dataclass(frozen=True, kw_only=True)
class Method:
    """One method of the API."""

    id: str
    http: str
    path: re.Pattern[str]
    parameters: Mapping[str, Any]
    scopes: frozenset[str]
    request: str | None
    response: str | None


@cache
def document() -> dict[str, Any]:
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    found: dict[str, Any] = json.loads((folder / "calendar.v3.json").read_text())
    return found


@cache
def methods() -> tuple[Method, ...]:
    return tuple(_methods(document()))


def find(http: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """The method a call means and what its path names. ``path`` is decoded, behind `calendar/v3/`."""
    for method in methods():
        if method.http == http and (match := method.path.fullmatch(path)):
            return method, match.groupdict()
    return None


def check_parameters(method: Method, query: tuple[tuple[str, str], ...]) -> None:
    """Refuse parameters the method does not have, and values of another type."""
    common = document()["parameters"]
    for name, value in query:
        known = method.parameters.get(name) or common.get(name)
        if known is None or known.get("location") != "query":
            raise wrong("invalid", f"Unknown parameter: {name}")
        if known["type"] == "boolean" and value not in {"true", "false"}:
            raise wrong("invalid", f"Invalid boolean value: {value} ({name})")
        if known["type"] == "integer" and not re.fullmatch(r"-?\d+", value):
            raise wrong("invalid", f"Invalid integer value: {value} ({name})")
        if "enum" in known and value not in known["enum"]:
            raise wrong("invalid", f"Invalid value: {value} ({name})")


def names(schema: str) -> frozenset[str]:
    """The fields a named shape has."""
    return frozenset(document()["schemas"][schema]["properties"])


def mismatches(schema: str, value: Any) -> list[str]:
    """What in a body is not as the named shape says, a sentence each."""
    return list(_mismatches({"$ref": schema}, value, schema))


def _methods(resource: Mapping[str, Any]) -> Iterator[Method]:
    for found in resource.get("methods", {}).values():
        yield Method(
            id=found["id"].removeprefix("calendar."),
            http=found["httpMethod"],
            path=re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", found["path"])),
            parameters=found.get("parameters", {}),
            scopes=frozenset(scope.rpartition("/")[2] for scope in found.get("scopes", ())),
            request=found.get("request", {}).get("$ref"),
            response=found.get("response", {}).get("$ref"),
        )
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner)


def _mismatches(shape: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    if "$ref" in shape:
        shape = document()["schemas"][shape["$ref"]]
    kind = shape["type"]
    if kind == "object":
        yield from _object_mismatches(shape, value, where)
    elif kind == "array":
        if not isinstance(value, list):
            yield f"{where} is no list."
            return
        for number, item in enumerate(value):
            yield from _mismatches(shape["items"], item, f"{where}[{number}]")
    elif kind != "any" and type(value) is not TYPES[kind]:
        yield f"{where} is no {kind}."


def _object_mismatches(shape: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} is no object."
        return
    named, others = shape.get("properties", {}), shape.get("additionalProperties")
    for name, inner in value.items():
        known = named.get(name, others)
        if known is None:
            yield f"{where}.{name} does not exist."
        else:
            yield from _mismatches(known, inner, f"{where}.{name}")
