"""The insurer's store: contracts, guarantees, what and whom they cover. Amounts are cents, end days are covered."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, MetaData, Numeric, String, Table, Text

CONTRACTS = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=False)


Table(
    "contrats",
    CONTRACTS,
    _id(),
    Column("numero", String(20), nullable=False, unique=True),
    Column("code_souscripteur", String(4), index=True),
    Column("souscripteur", String(80)),
    Column("effet_le", Date, index=True),
    Column("echeance_le", Date, index=True),
    Column("tacite", String(1)),
    Column("etat", String(10)),
    Column("maj_le", DateTime, nullable=False),
)
Table(
    "garanties",
    CONTRACTS,
    _id(),
    Column("contrat_id", Integer, nullable=False, index=True),
    Column("code", String(8), nullable=False, index=True),
    Column("libelle", String(120)),
    Column("effet_le", Date, index=True),
    Column("fin_le", Date, index=True),
    Column("illimitee", String(1)),
    Column("plafond_cts", BigInteger),
    Column("plafond_base", String(4)),
    Column("plafond_regle", String(2)),
    Column("plafond_objet", String(60)),
    Column("franchise_type", String(4)),
    Column("franchise_cts", Integer),
    Column("franchise_pct", Numeric(5, 2, asdecimal=False)),
    Column("franchise_min_cts", Integer),
    Column("franchise_max_cts", Integer),
    Column("franchise_si", String(80)),
    Column("usages", String(1)),
    Column("usages_inclus", String(60)),
    Column("usages_exclus", String(60)),
    Column("hors_service", String(1)),
    Column("territoires", String(60)),
    Column("march", String(1)),
    Column("march_incluses", String(60)),
    Column("march_exclues", String(60)),
    Column("march_proprio", String(40)),
    Column("biens", String(8), nullable=False),
    Column("biens_genres", String(60)),
    Column("biens_ptac_max", Integer),
    Column("pers", String(8)),
    Column("pers_codes", String(40)),
    Column("pers_autorisation", String(1)),
    Column("pers_age_min", Integer),
    Column("pers_permis_ans", Integer),
    Column("pers_permis_cat", String(20)),
    Column("cond_code", String(20)),
    Column("cond_texte", String(200)),
    Column("etend", String(40)),
    Column("priorite", Integer),
    Column("clauses", Text),
)
Table(
    "objets_assures",
    CONTRACTS,
    _id(),
    Column("contrat_id", Integer, nullable=False, index=True),
    Column("type_ref", String(6), nullable=False),
    Column("reference", String(40), nullable=False, index=True),
    Column("depuis", Date),
    Column("sens", String(1), nullable=False),
)
Table(
    "personnes_designees",
    CONTRACTS,
    _id(),
    Column("garantie_id", Integer, nullable=False, index=True),
    Column("employeur", String(4), nullable=False),
    Column("matricule", String(12), nullable=False, index=True),
    Column("sens", String(1), nullable=False),
)
