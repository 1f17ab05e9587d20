# SPDX-License-Identifier: Apache-2.0
"""JSON Patch (RFC 6902), as far as relaxations use it: `replace`, by the book."""

from __future__ import annotations

import copy


def patched(document, patch):
    """A copy of the document with the operations carried out in turn; what is replaced must be there."""
    document = copy.deepcopy(document)
    for step in patch:
        assert step.keys() == {"op", "path", "value"}
        assert step["op"] == "replace"
        *way, last = [_unescaped(name) for name in step["path"].split("/")[1:]]
        place = document
        for name in way:
            place = place[int(name)] if isinstance(place, list) else place[name]
        last = int(last) if isinstance(place, list) else last
        assert last in (range(len(place)) if isinstance(place, list) else place)
        place[last] = step["value"]
    return document


def _unescaped(name):
    return name.replace("~1", "/").replace("~0", "~")


def relaxed(question, relaxation):
    """The question with a relaxation's patch applied to `{plan, window}`, read again as the API would."""
    document = question.to_json()
    told = patched({"plan": document["plan"], "window": document["window"]}, relaxation.patch)
    return type(question).from_json(document | told)
