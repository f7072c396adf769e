"""Which names of columns mean which field, best first; patterns look at a name's words with one blank between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gateway.proposal.spelling import day, number
from gateway.proposal.words import spaced
from resolvers.survey import Content, Table

TEXT, NUMBER, DATE, FLAG, CODE, ANY = "text", "number", "date", "flag", "code", "any"
_TYPES = {
    TEXT: {"text", "json"},
    NUMBER: {"integer", "decimal", "text"},
    DATE: {"date", "datetime", "text"},
    FLAG: {"boolean", "integer"},
    CODE: {"text", "integer", "boolean"},
    ANY: {"text", "json", "integer", "decimal", "boolean", "date", "datetime", "time"},
}
_NAME = (r"^(name|nom|libelle|designation|label|bezeichnung|nombre|intitule|denominacion)$", r"^(title|titre)$")
_SITE = (
    r"^(site|lieu|location|depot|agence|standort|sede|station|emplacement|branch|work location)( id)?$",
    r"^id (site|lieu|depot|agence|location)$",
    r"^rtd location id$",
    r"\b(site|depot|agence|work location|base|standort) id$",
    r"^(company|societe)( id)?$",
)
FIELDS: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "Asset": {
        "name": (
            TEXT,
            (*_NAME, r"^(asset|vehicle|vehicule|device|resource|bien) (name|nom|libelle)$", r"\b(name|nom)$"),
        ),
        "description": (
            TEXT,
            (r"^(description|comment|commentaire|notes?|remarque|observation|bemerkung|beschreibung)$",),
        ),
        "id:VIN": (TEXT, (r"\bvin\b", r"chassis|fahrgestell|bastidor")),
        "id:LICENSE_PLATE": (
            TEXT,
            (r"immat\w*|licen[cs]e plate|number plate|plaque|kennzeichen|matricula\b", r"\bplate\b", r"^registration"),
        ),
        "id:BICYCODE": (TEXT, (r"bicycode",)),
        "id:IMEI": (TEXT, (r"\bimei",)),
        "id:SERIAL": (TEXT, (r"^serial$|serial (number|no)|\bserie$|seriennummer|numero serie|^sn$", r"^serial")),
        "id:ASSET_TAG": (TEXT, (r"asset tag|etiquette|\btag$", r"immo number")),
        "id:INVENTORY_NO": (TEXT, (r"otherserial|inventory (no|number)|inventaire|inventarn\w+|num inv|inventario",)),
        "manufacturer": (ANY, (r"\b(manufacturer|marque|brand|fabricant|constructeur|maker|make|hersteller|marca)\b",)),
        "model": (ANY, (r"\b(model|modele|modell|modelo)( (id|name))?$", r"^id (model|modele)$")),
        "modelYear": (NUMBER, (r"model year|annee modele|^annee$|^baujahr$|^year$|\bmillesime\b",)),
        "propulsion": (CODE, (r"fuel|energie|\benergy\b|carburant|kraftstoff|antrieb|motorisation|combustible",)),
        "seats": (NUMBER, (r"^(seat|seats|place|nb place|nombre place|sitzplaetze|sitze|plaza)$", r"\bseat\b")),
        "payloadKg": (NUMBER, (r"payload|charge utile|nutzlast|carga util",)),
        "grossWeightKg": (NUMBER, (r"gross weight|\bptac\b|gesamtgewicht|\bmma\b",)),
        "volumeM3": (NUMBER, (r"volume|ladevolumen",)),
        "odometerKm": (NUMBER, (r"odometer|kilometrage|mileage|kilometerstand|kilometraje|compteur|^km$", r"\bkm\b")),
        "purchaseDate": (
            DATE,
            (r"purchase date|date achat|buy date|(kauf|anschaffungs)datum|fecha compra|achete le", r"acquisition"),
        ),
        "inServiceDate": (
            DATE,
            (r"use date|mise service|mise en service|in service|inbetriebnahme|first registration|erstzulassung",),
        ),
        "inspectionDueDate": (DATE, (r"controle technique|inspection|\btue?v\b|\bct\b|\bitv\b|hauptuntersuchung",)),
        "value": (
            NUMBER,
            (
                r"purchase (cost|price)|prix achat|valeur achat|car value|kaufpreis|^(value|valeur|prix)$",
                r"anschaffungs(wert|preis|kosten)",
            ),
        ),
        "lendable": (FLAG, (r"requestable|pretable|lendable|bookable|reservable|ausleihbar",)),
        "bookingUrl": (TEXT, (r"booking url|reservation url",)),
    },
    "Person": {
        "displayName": (TEXT, (r"^(display name|full name|nom complet|name|anzeigename)$",)),
        "givenName": (TEXT, (r"^(first name|firstname|fname|given name|prenom|vorname|nombre)$",)),
        "familyName": (
            TEXT,
            (r"^(last name|lastname|lname|family name|surname|realname|nom famille|nachname|apellidos?)$", r"^nom$"),
        ),
        "id:EMPLOYEE_NO": (
            TEXT,
            (r"employee (no|num|number)|matricule|personalnummer|registration number|^barcode$|numero agent|legajo",),
        ),
        "id:USERNAME": (TEXT, (r"^(username|login|user name|uid|identifiant|benutzername)$", r"^name$")),
        "email": (
            TEXT,
            (r"^(work email|email|e mail|mail|courriel|adresse mail|correo)$", r"\b(email|mail|courriel)$"),
        ),
        "phone": (
            TEXT,
            (r"^(work phone|phone|telephone|tel|telefon|telefono|phone number)$", r"mobile|portable|handy"),
        ),
        "birthDate": (DATE, (r"birthday|birth date|date (of birth|naissance)|geburtsdatum|geboren|fecha nacimiento",)),
        "employment": (ANY, (r"employee type|employment|type contrat|user category id|user categorie|statut agent",)),
        "employedFrom": (DATE, (r"^(start date|begin date|hire date|date embauche|date entree|entree|eintritt)$",)),
        "employedUntil": (DATE, (r"^(end date|departure date|date sortie|date depart|sortie|austritt)$",)),
        "jobTitle": (ANY, (r"job title|jobtitle|^(title|fonction|poste|position|funktion|puesto|metier)$", r"job id")),
        "department": (ANY, (r"department|departement|^(service|team|equipe|unite|abteilung|departamento)( id)?$",)),
    },
    "Site": {
        "name": (TEXT, (*_NAME, r"^(site|location|lieu) (name|nom)$", r"\b(name|nom)$")),
        "kind": (CODE, (r"^(type|kind|typ|tipo|nature|categorie)( site)?$",)),
        "lines": (TEXT, (r"^(address|adresse|street|rue|voie|strasse|direccion|calle)( ?1)?$", r"\baddress$")),
        "postcode": (TEXT, (r"post ?code|zip|code postal|^cp$|^plz$|postal code|codigo postal",)),
        "city": (TEXT, (r"^(city|town|ville|commune|ort|stadt|ciudad|municipio)$",)),
        "region": (TEXT, (r"^(region|province|bundesland|provincia)$",)),
        "country": (TEXT, (r"^(country|pays|land|pais)( code)?$",)),
        "lat": (NUMBER, (r"^(partner |geo )?(lat|latitude|breitengrad|latitud)$",)),
        "lon": (NUMBER, (r"^(partner |geo )?(lon|lng|long|longitude|laengengrad|longitud)$",)),
        "timeZone": (TEXT, (r"time ?zone|fuseau|^tz$",)),
    },
    "Policy": {
        "number": (
            TEXT,
            (
                r"policy (no|number)|numero (police|contrat)|^(num|number|numero|ins ref)$|policennummer|num police",
                r"\bpolicen? (no|nr)$",
                r"\bref\b",
            ),
        ),
        "insurer": (ANY, (r"insurer|assureur|compagnie|versicherer|gesellschaft$|aseguradora",)),
        "holder": (ANY, (r"holder|souscripteur|preneur|versicherungsnehmer|tomador",)),
        "kind": (ANY, (r"\b(type|subtype|kind|nature|garantie|categorie|famille|art)( id)?$",)),
        "label": (TEXT, (*_NAME, r"^(description)$")),
        "status": (CODE, (r"^(status|state|statut|etat|zustand|estado)$",)),
        "start": (DATE, (r"start|begin|debut|effet|beginn|inicio|^von$",)),
        "end": (DATE, (r"expir\w*|\bend\b|\bfin\b|echeance|ablauf|\bende\b|vencimiento|^bis$",)),
        "tacitRenewal": (FLAG, (r"tacit|renewal|reconduction|verlaengerung",)),
        "terms": (TEXT, (r"^(note|notes|comment|commentaire|description|clause|bemerkung|observation)$",)),
    },
    "Booking": {
        "start": (DATE, (r"^(start|begin|debut|beginn|inicio|von)$", r"start|begin|debut|beginn|inicio|depart")),
        "end": (DATE, (r"^(end|fin|ende|bis)$", r"\bend\b|\bfin\b|\bende\b|retour|return")),
        "status": (ANY, (r"^(status|state|statut|etat|zustand|estado)( id)?$",)),
    },
}
KIND = (
    r"\b(type|kind|category|categorie|art|genre|nature|famille|typ|tipo)( id)?$|^id (type|categorie|famille|category)"
)
STATUS = r"\b(status|state|statut|etat|zustand|estado)( id)?$|^id (statut|etat|status)"
SITE = _SITE
CUSTODIAN = (
    r"^(user|driver|employee|custodian|assigned to|affecte|chauffeur|conducteur|agent|person|salarie|fahrer)( id)?$",
    r"^(fahrer|mitarbeiter|nutzer)( (id|nr))?$",
    r"^id (agent|user|salarie|conducteur|utilisateur)$",
    r"driver employee id|assigned (user )?id|assigned to|^(holder|owner|detenteur|affecte|responsable)( id)?$",
)
PART_OF = (r"^(parent|part of|assigned to|parent asset|main asset)( id)?$",)
MANAGER = (r"\b(manager|supervisor|superior|chef|responsable|hierarchique|vorgesetzter|jefe)\b", r"^parent id$")
WHOM = (
    r"^(user|owner|employee|person|booked for|agent|emprunteur|member|salarie|beneficiaire)( id)?$",
    r"^(mitarbeiter|fahrer|nutzer|entleiher)( (id|nr))?$",
    r"^id (user|agent)",
)
LAT = (r"^((gps|last|current) )*(lat|latitude|breitengrad|latitud)$",)
LON = (r"^((gps|last|current) )*(lon|lng|long|longitude|laengengrad|longitud)$",)
UPDATED = (
    r"^(updated at|write date|date mod|last modified|modified|modifie le|updated|maj|date maj|modified at|changed at)$",
    r"geaendert|actualizado|date modif",
)
PERSONAL = (
    r"mail|phone|tel|name|nom|prenom|birth|naissance|address|adresse|plate|immat|serial|login|matricule|driver|user"
)


def matching(table: Table, content: Mapping[str, Content], type_: str, patterns: tuple[str, ...]) -> Iterator[str]:
    """The columns whose name and type fit, the best first: filled before empty, then by pattern, then in order."""
    found = []
    for place, (name, column) in enumerate(table.columns.items()):
        if column.type not in _TYPES[type_] or not _holds(content.get(name), column.type, type_):
            continue
        told = spaced(name)
        rank = next((rank for rank, pattern in enumerate(patterns) if re.search(pattern, told)), None)
        if rank is not None:
            filled = name in content and content[name].filled > 0
            found.append((not filled, rank, place, name))
    yield from (name for *_, name in sorted(found))


def _holds(content: Content | None, type_: str, wanted: str) -> bool:
    """Whether what stands in a text column can be what is wanted; SQLite has dates and numbers as texts too."""
    if content is None or type_ != "text" or not content.filled:
        return True
    if wanted == DATE:
        return content.share(day) > 0.4
    return wanted != NUMBER or content.share(number) > 0.7
