# SPDX-License-Identifier: Apache-2.0
"""What all tables have in common."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]
JsonList = list[Any]


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: sa.Text(),
        dt.datetime: sa.DateTime(timezone=True),
        # None is no value: a column that was not read would be given JSON's null.
        Json: JSONB(none_as_null=True),
        JsonList: JSONB(none_as_null=True),
        bytes: sa.LargeBinary(),
    }


def key() -> Mapped[str]:
    return mapped_column(primary_key=True)


def ref(target: str, *, nullable: bool = False, index: bool = True) -> Any:
    return mapped_column(sa.ForeignKey(target, ondelete="RESTRICT"), nullable=nullable, index=index)


def large() -> Any:
    """Read when it is asked for, and not with the rest of its row: all calendars of a run may be in it."""
    return mapped_column(deferred=True)


def tenant() -> Any:
    return mapped_column(sa.ForeignKey("organizations.id", ondelete="RESTRICT"), nullable=False)
