"""Words in labels and codes that mean a value of an enum, in four languages; the first that fits wins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.proposal.words import plain

Meanings = Sequence[tuple[str, str]]

KINDS: Meanings = (
    ("CARGO_BIKE", r"(velo|bike|rad|bici\w*)s?[ -]?cargos?|cargos? ?(bike|velo)|triporteur|lastenrad|biporteur"),
    ("TRAILER", r"remorque|trailer|anhaenger|anhanger|remolque"),
    (
        "VAN",
        r"utilitaires?|fourgon\w*|\bvans?\b|\bvul\b|transporter|lieferwagen|furgoneta|kangoo|caddy|partner|berlingo|sprinter|trafic|vito",
    ),
    ("TRUCK", r"camions?|poids lourds?|trucks?|\blkw\b|lorry|\bpl\b"),
    ("MOPED", r"mopeds?|cyclomoteurs?|\bmofa\b|scooters?|ciclomotor"),
    ("MOTORCYCLE", r"motos?\b|motorcycles?|motorrad"),
    ("BICYCLE", r"velos?\b|bicycles?|\bbikes?\b|fahrrad|\bvae\b|bicicletas?|\bebike"),
    (
        "CAR",
        r"voitures?|\bcars?\b|\bpkw\b|coches?|vehicules? leger|\bvl\b|berline|citadine|tourisme|automobile|\bauto\b",
    ),
    ("LAPTOP", r"laptops?|portables?|notebook|ultrabook"),
    ("DESKTOP", r"desktops?|ordinateurs? fixe|tower|workstation|poste fixe|\bpc\b|\bfixes?\b"),
    ("TABLET", r"tablets?|tablettes?|ipad"),
    ("HANDHELD", r"handhelds?|\bpdas?\b|terminal|scanner|douchette|facteo"),
    ("PHONE", r"phones?|smartphones?|telephones?|mobiles?|handy|telefonos?|\bgsm\b"),
    ("ROOM", r"rooms?|salles?|raum|sala\b|conference|reunion"),
    ("PARKING", r"parkings?|stationnement|stellplatz|aparcamiento"),
    ("DESK", r"\bdesks?\b|poste de travail|arbeitsplatz"),
    ("LOCKER", r"lockers?|consignes?|casiers?|schliessfach"),
    ("TOOL", r"tools?|outils?|outillages?|werkzeug|herramientas?|perceuse|machine"),
    ("PERIPHERAL", r"monitors?|ecrans?|\bprinters?|imprimantes?|peripher\w*|drucker|dock"),
    ("FACILITY", r"batiments?|buildings?|gebaeude|edificio"),
)
STATUSES: Meanings = (
    ("STOLEN", r"\bvole\b|stolen|gestohlen|robado"),
    ("LOST", r"perdu|lost|missing|verloren|introuvable"),
    ("ON_ORDER", r"command|on order|ordered|to order|bestellt|new request|waiting list|nouvelle demande|pedido"),
    (
        "OUT_OF_SERVICE",
        r"hors service|out of (order|service)|immobilis|unavailable|indisponible|downgraded|\bhs\b|\bpanne",
    ),
    ("MAINTENANCE", r"repar|repair|maintenance|entretien|atelier|werkstatt|taller|revision|garage"),
    ("RETIRED", r"reform|rebut|retired|archiv|vendu|sold|scrap|disposed|cede\b|inactive|sorti|ausgemustert|baja\b"),
    ("RESERVED", r"reserv"),
    ("IN_STOCK", r"stock|reserve|lager|almacen|pending|new\b|neuf"),
    (
        "IN_USE",
        r"en service|in use|in service|deployed|affect|\bprete?\b|registered|inscrit|utilis|en uso|im einsatz|actif",
    ),
    ("AVAILABLE", r"available|disponible|\blibre\b|ready|free|verfugbar|frei|active|parc"),
)
COVERAGES: Meanings = (
    ("GOODS_IN_TRANSIT", r"marchandise|goods|transit|facultes|cargo|waren|mercanc"),
    ("VEHICLE_LOAN", r"pret de|\bloan|leihe|prestamo"),
    ("OCCASIONAL_DRIVER", r"occasionnel|occasional"),
    ("THIRD_PARTY_LIABILITY", r"responsabilite civile|\brc\b|liability|haftpflicht|\btiers\b|responsabilidad"),
    ("DRIVER_INJURY", r"conducteur|driver|corporel|insassen"),
    ("THEFT", r"\bvol\b|theft|diebstahl|robo"),
    ("FIRE", r"incendie|fire|brand"),
    ("GLASS", r"glace|glass|vitre|lunas"),
    ("NATURAL_EVENT", r"catastrophe|natural|tempete|grele"),
    ("COLLISION", r"collision"),
    ("LEGAL_PROTECTION", r"juridique|legal|rechtsschutz"),
    ("ASSISTANCE", r"assistance|depannage|breakdown|pannenhilfe|asistencia"),
    ("EQUIPMENT_ALL_RISKS", r"tous risques (materiel|info)|bris de machine|materiel|equipment|elektronik"),
    ("OWN_DAMAGE", r"omnium|tous risques|dommage|own damage|kasko|casco|all risk|todo riesgo"),
    ("PREMISES", r"locaux|batiment|premises|gebaude|multirisque"),
    ("THIRD_PARTY_LIABILITY", r"automobile|flotte|motor|vehicul|fleet|auto\b"),
)
INSURANCE = r"assur|insur|versicher|seguro|garanti|polic|\brc\b|omnium|kasko|haftpflicht"
BOOKINGS: Meanings = (
    ("CANCELLED", r"cancel|annul|delet|supprim|storniert"),
    ("REFUSED", r"refus|reject|rejet|denied|abgelehnt"),
    ("REQUESTED", r"pending|request|demand|attente|await|draft|brouillon|angefragt"),
    ("NO_SHOW", r"no show|absent"),
    ("RETURNED", r"return|rendu|done|termin|closed|zuruck"),
    ("CHECKED_OUT", r"checked out|en cours|ongoing|sorti|picked"),
    ("CONFIRMED", r"confirm|created|approv|valid|accept|booked|bestatigt"),
)
POLICIES: Meanings = (
    ("DRAFT", r"draft|brouillon|entwurf"),
    ("FUTURE", r"futur|incoming|a venir|zukunft"),
    ("SUSPENDED", r"suspend"),
    ("CANCELLED", r"cancel|annul|resili|closed|clos|gekundigt"),
    ("EXPIRED", r"expir|echu|ended|termin|abgelaufen"),
    ("IN_FORCE", r"open|en cours|in force|active|actif|valid|running|laufend|vigente"),
)
FUELS: Meanings = (
    ("PLUG_IN_HYBRID", r"plug ?in|rechargeable|phev"),
    ("HYBRID", r"hybrid"),
    ("ELECTRIC", r"electri|elektro|\bev\b|\bbev\b"),
    ("DIESEL", r"diesel|gazole|gasoil|\bgo\b"),
    ("PETROL", r"petrol|essence|gasoline|benzin|gasolina|\bes\b|\bsp9"),
    ("GAS", r"\bgpl\b|\blpg\b|\bgnv\b|\bcng\b|\bgas\b"),
    ("HYDROGEN", r"hydrog"),
    ("HUMAN", r"musculaire|human|muscle"),
)
EMPLOYMENTS: Meanings = (
    ("TRAINEE", r"trainee|student|stagiaire|apprenti|alternan|praktikant|becario"),
    ("TEMP_AGENCY", r"interim|temp\b|leiharbeit"),
    ("CONTRACTOR", r"contractor|freelance|prestataire|externe"),
    ("VOLUNTEER", r"benevole|volunteer|ehrenamt"),
    ("MEMBER", r"membre|member|adherent|societaire|mitglied"),
    ("ELECTED", r"\belus?\b|elected"),
    ("RETIRED", r"retraite|retired"),
    ("EMPLOYEE", r"employee|employe|salarie|titulaire|\bcdi\b|\bcdd\b|contractuel|fonctionnaire|agent|mitarbeiter"),
)
ACTIVE: Meanings = (
    (
        "false",
        r"inactive|inactif|disabled|blocked|await|pending|suspend|sorti|parti|inaktiv|gesperrt|baja|\bno\b|\bnon\b",
    ),
    ("true", r"active|actif|enabled|aktiv|activo|present|\byes\b|\boui\b|\bja\b"),
)


def meaning(label: object, meanings: Meanings) -> str | None:
    """The value that a label means, or None."""
    text = plain(str(label))
    return next((value for value, pattern in meanings if re.search(pattern, text)), None)
