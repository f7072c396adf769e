"""Places of Île-de-France where the demonstration's partners have their sites."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A town. lat, lon: degrees, WGS 84, of its middle."""

    postcode: str
    city: str
    lat: float
    lon: float


TOWNS = (
    Place("92000", "Nanterre", 48.8924, 2.2069),
    Place("92500", "Rueil-Malmaison", 48.8769, 2.1811),
    Place("92150", "Suresnes", 48.8714, 2.2293),
    Place("92800", "Puteaux", 48.8847, 2.2389),
    Place("92400", "Courbevoie", 48.8978, 2.2531),
    Place("92700", "Colombes", 48.9226, 2.2544),
    Place("92250", "La Garenne-Colombes", 48.9056, 2.2445),
    Place("92230", "Gennevilliers", 48.9333, 2.3),
    Place("92600", "Asnières-sur-Seine", 48.9145, 2.2874),
    Place("92300", "Levallois-Perret", 48.8946, 2.2872),
    Place("92100", "Boulogne-Billancourt", 48.8352, 2.241),
    Place("92130", "Issy-les-Moulineaux", 48.8245, 2.2743),
    Place("92210", "Saint-Cloud", 48.8436, 2.219),
    Place("78000", "Versailles", 48.8049, 2.1204),
    Place("78100", "Saint-Germain-en-Laye", 48.8989, 2.0938),
    Place("78300", "Poissy", 48.9293, 2.0499),
    Place("78500", "Sartrouville", 48.9372, 2.1644),
    Place("95100", "Argenteuil", 48.9472, 2.2467),
    Place("95000", "Cergy", 49.0363, 2.0761),
    Place("95870", "Bezons", 48.9244, 2.2175),
)

# The town that is a partner of the demonstration: invented, on the bank opposite Bezons.
TOWN_HALL = Place("92990", "Rives-de-Seine", 48.9135, 2.2212)

STREETS = (
    "rue des Lilas",
    "avenue de la République",
    "rue Jean-Jaurès",
    "boulevard de la Seine",
    "rue du Port",
    "allée des Tilleuls",
    "rue Pasteur",
    "quai de l'Ouest",
    "rue de l'Industrie",
    "avenue des Peupliers",
    "rue Louise-Michel",
    "chemin des Vignes",
    "rue du Marché",
    "place de la Gare",
)


def street(draw: random.Random) -> str:
    """A house number and a street."""
    return f"{draw.randint(1, 148)} {draw.choice(STREETS)}"


def near(draw: random.Random, place: Place) -> tuple[float, float]:
    """(lat, lon) within about a kilometre of the middle of a town, to five decimals (a metre)."""
    return round(place.lat + draw.uniform(-0.008, 0.008), 5), round(place.lon + draw.uniform(-0.012, 0.012), 5)
