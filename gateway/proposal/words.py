"""Names of tables and columns taken apart into plain words, in the singular, and what such words are about."""

from __future__ import annotations

import re
import unicodedata
from functools import cache


def some(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def each(weight: float, text: str) -> dict[str, float]:
    """The words of a text, each with a weight."""
    return dict.fromkeys(text.split(), weight)


# What a table is about, by its words: English, French, German, Spanish. A word's weight says how clear it is.
ENTITIES: dict[str, dict[str, float]] = {
    "Asset": each(
        6.0,
        "vehicle vehicule fahrzeug vehiculo van truck camion car voiture coche bike velo fahrrad bicycle "
        "bicicleta asset computer laptop ordinateur phone telephone peripheral monitor printer tool outil "
        "outillage werkzeug trailer remorque machine equipment equipement materiel device scooter resource "
        "ressource room salle",
    )
    | each(
        4.0,
        "fleet flotte flota fuhrpark inventory inventaire inventar bien geraet parc raum objet",
    ),
    "Person": each(
        6.0,
        "user employee employe salarie person personne people staff mitarbeiter benutzer usuario empleado "
        "persona utilisateur agent driver chauffeur conducteur fahrer facteur member membre mitglied "
        "adherent societaire",
    )
    | each(
        3.0,
        "contact partner kontakt personnel",
    ),
    "Site": each(
        6.0,
        "location site lieu depot warehouse building batiment standort agence branch station sede ubicacion "
        "emplacement localisation implantation",
    )
    | each(
        4.0,
        "place office bureau company societe hub",
    ),
    "Policy": each(
        6.0,
        "contract contrat vertrag contrato policy police poliza insurance assurance versicherung seguro",
    ),
    "Coverage": each(
        6.0,
        "coverage garantie guarantee deckung cobertura",
    ),
    "Booking": each(
        6.0,
        "reservation booking reservierung buchung reserva emprunt loan pret ausleihe prestamo rental",
    ),
}
# Words of tables that say something about others: lists to choose from, links, histories.
ASIDE = some(
    "type kind category categorie model modele brand marque manufacturer fabricant state status statut "
    "tag template right profile preference attribute attribut group groupe gruppe rel typ tipo famille "
    "nature"
)
ASIDE_LAST = some(
    "log line item note file image document rule field value cost reminder mail email alias title titre "
    "service color event message comment reason position history historique odometer level link "
    "assignation request maintenance announcement accessory accessories guest waitlist map capability "
    "location_usage layout label supplier antivirus disk software license licence port connection ticket "
    "problem change series block credential unavailability quota statistic art"
)
NOISE = some(
    "migration session cache translation permission token config configuration setting cron crontask job "
    "queue menu view audit oauth password plugin dashboard display search saved notification ssovariable "
    "blacklist webhook activity alert access currency lang language module report telescope failed "
    "revision schema dbversion bank sequence ir bus base auth django wizard onboarding iap sms digest "
    "rule criteria knowbase slm domainrecord network snmp impact pdu rack enclosure dc datacenter "
    "virtual cluster appliance certificate"
)
_SPLIT = some(
    "plate number date name year first last family given full sur employee registration serial asset "
    "purchase inventory start end begin deleted updated created archive active phone mobile mail address "
    "zip post code city town country make maker fuel energy seat weight payload km mileage odometer "
    "price value cost manager supervisor owner holder insurer assure numero num immat immatriculation "
    "kilometrage nom prenom telephone adresse ville pays job department service last modified lat lon "
    "longitude latitude contract item user work home reference status state"
)
_SAME = {"categorie": "category"}  # which plurals do not tell apart
_ALWAYS = {"status", "gps", "bus", "lens", "address", "access", "pays", "series", "us", "is", "vis", "imei", "acces"}
_VOCABULARY = (
    frozenset(word for words in ENTITIES.values() for word in words) | ASIDE | ASIDE_LAST | NOISE | _SPLIT | {"id"}
)


def plain(text: str) -> str:
    """Lower case without accents; what is no letter or digit becomes a blank."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    bare = "".join(c for c in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", bare.lower().replace("ß", "ss").replace("œ", "oe")).strip()


@cache
def words(name: str) -> tuple[str, ...]:
    """The words of a name, in the singular: `glpi_peripheraltypes` -> glpi, peripheral, type."""
    return tuple(word for token in plain(name).split() for word in _compound(token))


def spaced(name: str) -> str:
    """The words of a name with one blank between, as patterns look at them."""
    return " ".join(words(name))


def singular(word: str) -> str:
    """A word without its plural, where that is plain to see."""
    if word in _ALWAYS or len(word) < 4:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches")):
        return word[:-2]
    if word.endswith("aux"):
        return word[:-3] + "al"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _compound(token: str) -> list[str]:
    single = singular(token)
    if single in _VOCABULARY:
        return [_SAME.get(single, single)]
    for ending in ("e", "n", "en", "er", "es"):  # plurals of other languages
        if token.endswith(ending) and token.removesuffix(ending) in _VOCABULARY:
            return [token.removesuffix(ending)]
    if len(token) < 6:
        return [single]
    for cut in range(len(token) - 3, 2, -1):
        head, tail = singular(token[:cut]), singular(token[cut:])
        if head in _VOCABULARY and tail in _VOCABULARY:
            return [head, tail]
    return [singular(token)]
