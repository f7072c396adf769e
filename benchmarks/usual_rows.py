"""The tables of the three partners as SQLAlchemy's ORM has them, for the server made the usual way."""

import datetime
import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class SiteRow(Base):
    __tablename__ = "sites"
    id: Mapped[int] = mapped_column(primary_key=True)
    nom: Mapped[str | None]
    ville: Mapped[str | None]


class AgentRow(Base):
    __tablename__ = "agents"
    id: Mapped[int] = mapped_column(primary_key=True)
    nom: Mapped[str | None]
    prenom: Mapped[str | None]
    courriel: Mapped[str | None]
    fonction: Mapped[str | None]


class VehicleRow(Base):
    __tablename__ = "vehicules"
    id: Mapped[int] = mapped_column(primary_key=True)
    immatriculation: Mapped[str | None]
    libelle: Mapped[str | None]
    type: Mapped[str | None]
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    disponible: Mapped[bool | None]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))


class PointRow(Base):
    __tablename__ = "points"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str | None]
    city: Mapped[str | None]


class StaffRow(Base):
    __tablename__ = "staff"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    full_name: Mapped[str | None]
    email: Mapped[str | None]
    job: Mapped[str | None]


class EquipmentRow(Base):
    __tablename__ = "equipment"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    tag: Mapped[str | None]
    title: Mapped[str | None]
    category: Mapped[str | None]
    point_id: Mapped[int | None] = mapped_column(ForeignKey("points.id"))
    custodian_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("staff.id"))
    available: Mapped[bool | None]


class PolicyRow(Base):
    __tablename__ = "policies"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    kind: Mapped[str | None]
    limit_cents: Mapped[int | None]
    currency: Mapped[str | None]
    valid_from: Mapped[datetime.date | None]
    valid_to: Mapped[datetime.date | None]


class PolicyAssetRow(Base):
    __tablename__ = "policy_assets"
    policy_id: Mapped[int] = mapped_column(ForeignKey("policies.id"), primary_key=True)
    scheme: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(primary_key=True)
