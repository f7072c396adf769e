"""The cooperative's store, a lending library for heavy things: English, uuid keys, soft deletes, times in UTC."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Float, ForeignKey, Integer, MetaData, String, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

LIBRARY = MetaData()


def _uuid() -> TypeEngine[str]:
    """Text everywhere but on PostgreSQL, which has the type: the same 36 signs on every engine."""
    return String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")


Table(
    "pickup_points",
    LIBRARY,
    Column("id", _uuid(), primary_key=True),
    Column("name", String(80), nullable=False, index=True),
    Column("kind", String(20)),
    Column("street", String(120)),
    Column("zip", String(10)),
    Column("city", String(60)),
    Column("lat", Float(53)),
    Column("lng", Float(53)),
)
Table(
    "members",
    LIBRARY,
    Column("id", _uuid(), primary_key=True),
    Column("first_name", String(60)),
    Column("last_name", String(60), index=True),
    Column("email", String(120), unique=True),
    Column("phone", String(20)),
    Column("born_on", Date),
    Column("membership", String(20), nullable=False),
    Column("joined_on", Date),
    Column("left_on", Date),
    Column("licence_categories", String(40)),
    Column("licence_since", Date),
    Column("licence_until", Date),
    Column("pickup_point_id", _uuid(), ForeignKey("pickup_points.id"), index=True),
    Column("updated_at", DateTime, nullable=False, index=True),
    Column("deleted_at", DateTime),
)
Table(
    "equipment",
    LIBRARY,
    Column("id", _uuid(), primary_key=True),
    Column("asset_tag", String(12), nullable=False, unique=True),
    Column("label", String(80), index=True),
    Column("category", String(20), nullable=False, index=True),
    Column("brand", String(40)),
    Column("model", String(40)),
    Column("year", Integer),
    Column("power", String(12)),
    Column("plate", String(12), index=True),
    Column("frame_no", String(30), index=True),
    Column("bicycode", String(12), index=True),
    Column("seats", Integer),
    Column("payload_kg", Float(53)),
    Column("state", String(12), nullable=False, index=True),
    Column("public", Integer, nullable=False),
    Column("home_point_id", _uuid(), ForeignKey("pickup_points.id"), index=True),
    Column("keeper_id", _uuid(), ForeignKey("members.id"), index=True),
    Column("replacement_cents", Integer),
    Column("tags", String(120)),
    Column("page", String(160)),
    Column("updated_at", DateTime, nullable=False, index=True),
    Column("deleted_at", DateTime),
)
Table(
    "loans",
    LIBRARY,
    Column("id", _uuid(), primary_key=True),
    Column("equipment_id", _uuid(), ForeignKey("equipment.id"), nullable=False, index=True),
    Column("member_id", _uuid(), ForeignKey("members.id"), index=True),
    Column("starts_at", DateTime, nullable=False, index=True),
    Column("due_at", DateTime, nullable=False, index=True),
    Column("purpose", String(20)),
    Column("state", String(12), nullable=False),
)
