"""The broker's store: what a small office keeps. Limits are euros, lines have numbers of their own, much is prose."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, MetaData, SmallInteger, String, Table, Text

BOOK = MetaData()

Table(
    "police",
    BOOK,
    Column("no_police", String(16), primary_key=True),
    Column("compagnie", String(60)),
    Column("client", String(60)),
    Column("du", Date, index=True),
    Column("au", Date, index=True),
    Column("statut", String(12)),
)
Table(
    "ligne",
    BOOK,
    Column("no_police", String(16), primary_key=True),
    Column("no_ligne", SmallInteger, primary_key=True, autoincrement=False),
    Column("nature", String(30), nullable=False),
    Column("libelle", String(120)),
    Column("plafond_eur", Integer),
    Column("franchise_eur", Integer),
    Column("texte", Text),
)
Table(
    "bien",
    BOOK,
    Column("no_police", String(16), primary_key=True),
    Column("no_ligne", SmallInteger, primary_key=True, autoincrement=False),
    Column("type", String(8), primary_key=True),
    Column("ref", String(30), primary_key=True, index=True),
)
