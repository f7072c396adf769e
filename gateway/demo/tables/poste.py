"""The postal operator's two stores: the fleet, as a French department grew it, and the staff register beside it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, DateTime, Float, Index, Integer, MetaData, Numeric, String, Table, Text

FLEET = MetaData()
HR = MetaData()


def _id(name: str = "id") -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


Table(
    "sites",
    FLEET,
    _id(),
    Column("code_regate", String(6), nullable=False, unique=True),
    Column("nom", String(80), nullable=False, index=True),
    Column("type", String(6)),
    Column("adresse", String(120)),
    Column("complement", String(120)),
    Column("code_postal", String(5)),
    Column("ville", String(60)),
    Column("latitude", Float(53)),
    Column("longitude", Float(53)),
)
Table(
    "carburants",
    FLEET,
    _id(),
    Column("code", String(2), nullable=False),
    Column("libelle", String(40), nullable=False),
)
Table(
    "vehicules",
    FLEET,
    _id(),
    Column("numero_parc", String(12), nullable=False, unique=True),
    Column("libelle", String(80), index=True),
    Column("type", String(6), nullable=False),
    Column("marque", String(30)),
    Column("modele", String(40)),
    Column("annee", Integer),
    Column("immatriculation", String(12), index=True),
    Column("vin", String(17), index=True),
    Column("carburant_id", Integer, index=True),
    Column("places", Integer),
    Column("charge_utile_kg", Integer),
    Column("volume_m3", Float(53)),
    Column("ptac_kg", Integer),
    Column("kilometrage", Integer, index=True),
    Column("date_achat", Date),
    Column("date_mise_service", Date),
    Column("date_controle_technique", Date),
    # asdecimal: SQLite has no decimals, and the generator needs none.
    Column("valeur_achat", Numeric(10, 2, asdecimal=False)),
    Column("couleur", String(20)),
    Column("critair", String(4)),
    Column("site_id", Integer, index=True),
    Column("agent_id", Integer, index=True),
    Column("etat", String(12), index=True),
    Column("pretable", String(1), nullable=False),
    Column("observations", Text),
    Column("maj_le", DateTime, nullable=False, index=True),
    Column("supprime_le", DateTime),
    Index("ix_vehicules_type", "type", "id"),
)
Table(
    "equipements",
    FLEET,
    _id(),
    Column("code_inventaire", String(12), nullable=False, unique=True),
    Column("designation", String(80), index=True),
    Column("famille", String(10), nullable=False),
    Column("marque", String(30)),
    Column("modele", String(40)),
    Column("numero_serie", String(30), index=True),
    Column("imei", String(15), index=True),
    Column("site_id", Integer, index=True),
    Column("agent_id", Integer, index=True),
    Column("vehicule_id", Integer, index=True),
    Column("statut", Integer, index=True),
    Column("achete_le", Date),
    Column("valeur_ht", Numeric(10, 2, asdecimal=False)),
    Column("maj_le", DateTime, nullable=False, index=True),
)
Table(
    "reservations",
    FLEET,
    _id(),
    Column("vehicule_id", Integer, nullable=False, index=True),
    Column("agent_id", Integer, index=True),
    Column("debut", DateTime, nullable=False, index=True),
    Column("fin", DateTime, nullable=False, index=True),
    Column("usage", String(12)),
    Column("etat", String(1), nullable=False),
)
Table(
    "habilitations",
    FLEET,
    _id(),
    Column("agent_id", Integer, nullable=False, index=True),
    Column("vehicule_id", Integer, index=True),
    Column("type_vehicule", String(6)),
    Column("usages", String(60)),
    Column("hors_service", String(1), nullable=False),
    Column("debut", DateTime, nullable=False, index=True),
    Column("fin", DateTime, index=True),
    Column("reservation_id", Integer, index=True),
)

Table(
    "agents",
    HR,
    _id(),
    Column("matricule", String(10), nullable=False, unique=True),
    Column("civilite", String(4)),
    Column("prenom", String(40)),
    Column("nom", String(60), nullable=False, index=True),
    Column("courriel", String(120), index=True),
    Column("telephone", String(20)),
    Column("date_naissance", Date),
    Column("contrat", String(10)),
    Column("entree_le", Date),
    Column("sortie_le", Date),
    Column("fonction", String(40)),
    Column("service", String(60)),
    Column("site_id", Integer, index=True),
    Column("responsable_id", Integer, index=True),
    Column("actif", Boolean, nullable=False),
    Column("maj_le", DateTime, nullable=False, index=True),
)
Table(
    "permis",
    HR,
    Column("agent_id", Integer, primary_key=True, autoincrement=False),
    Column("numero", String(15)),
    Column("categories", String(40)),
    Column("obtenu_le", Date),
    Column("valable_au", Date),
    Column("pays", String(2)),
    Column("suspendu", Boolean, nullable=False),
)
