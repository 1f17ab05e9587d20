# SPDX-License-Identifier: Apache-2.0
"""Where in the whole database something is still written, whatever table and column."""

from __future__ import annotations

import psycopg
from psycopg import sql

TABLES = "select tablename from pg_tables where schemaname = 'public'"
#: bytes are written as hexadecimal digits there
FIND = """
    select word from unnest(%s::text[]) word where exists (
        select from {} t cross join lateral lower(to_jsonb(t)::text) said
        where strpos(said, lower(word)) > 0
           or strpos(said, encode(convert_to(word, 'UTF8'), 'hex')) > 0)
"""


def traces_of(database_url: str, *words: str) -> set[tuple[str, str]]:
    """Each of the words that stands in some row, with the table; seen as the owner sees it."""
    with psycopg.connect(database_url) as owner:
        return {
            (table, word)
            for (table,) in owner.execute(TABLES).fetchall()
            for (word,) in owner.execute(sql.SQL(FIND).format(sql.Identifier(table)), [list(words)])
        }
