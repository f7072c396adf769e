"""The town's store: short names and numbers for codes, rooms and bikes in tables of their own, bookings over both."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Float, Integer, MetaData, SmallInteger, String, Table

INVENTORY = MetaData()

Table(
    "lieu",
    INVENTORY,
    Column("cd", String(6), primary_key=True),
    Column("lb", String(80), index=True),
    Column("chemin", String(160)),
    Column("ty", SmallInteger),
    Column("voie", String(120)),
    Column("cp", String(5)),
    Column("commune", String(60)),
    Column("y_lat", Float(53)),
    Column("x_lon", Float(53)),
)
Table(
    "agt",
    INVENTORY,
    Column("mat", String(8), primary_key=True),
    Column("nm", String(60), index=True),
    Column("pn", String(60)),
    Column("mel", String(120), index=True),
    Column("tel", String(20)),
    Column("stt", String(1)),
    Column("dt_ent", Date),
    Column("dt_sor", Date),
    Column("fct", String(60)),
    Column("dir", String(60)),
    Column("mat_resp", String(8), index=True),
    Column("cd_lieu", String(6), index=True),
)
Table(
    "salle",
    INVENTORY,
    Column("cd", String(8), primary_key=True),
    Column("lb", String(80), index=True),
    Column("ty", SmallInteger, nullable=False),
    Column("cap", SmallInteger),
    Column("surf_m2", Float(53)),
    Column("etage", SmallInteger),
    Column("cd_lieu", String(6), index=True),
    Column("st", SmallInteger, index=True),
    Column("ref_inv", String(12), index=True),
    Column("pret", SmallInteger, nullable=False),
)
Table(
    "cycle",
    INVENTORY,
    Column("cd", String(8), primary_key=True),
    Column("lb", String(80), index=True),
    Column("ty", SmallInteger, nullable=False),
    Column("mq", String(40)),
    Column("md", String(40)),
    Column("bicycode", String(12), index=True),
    Column("no_cadre", String(30), index=True),
    Column("cd_lieu", String(6), index=True),
    Column("mat", String(8), index=True),
    Column("st", SmallInteger, index=True),
    Column("km", Integer, index=True),
    Column("dt_ach", Date),
    Column("val_eur", Integer),
    Column("pret", SmallInteger, nullable=False),
)
Table(
    "resa",
    INVENTORY,
    Column("an", SmallInteger, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("obj_ty", String(1), nullable=False),
    Column("obj_cd", String(8), nullable=False, index=True),
    Column("mat", String(8), index=True),
    Column("du", DateTime, nullable=False, index=True),
    Column("au", DateTime, nullable=False, index=True),
    Column("motif", SmallInteger),
    Column("st", SmallInteger, nullable=False),
)
