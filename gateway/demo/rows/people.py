"""Names, e-mail addresses and telephone numbers of people who do not exist."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    """Words between blanks; `_` stands for a blank inside one."""
    return tuple(word.replace("_", " ") for word in text.split())


WOMEN = _words(
    "Aïcha Anne Amina Audrey Béatrice Camille Catherine Céline Chloé Claire Élise Émilie Fatou Florence Hélène Inès "
    "Isabelle Jeanne Julie Karine Khadija Laure Léa Leïla Louise Lucie Manon Marguerite Marie Mariam Nadia Nathalie "
    "Noémie Pauline Rachida Sabrina Sandrine Solène Sophie Thi-Mai Valérie Yasmine Zoé"
)
MEN = _words(
    "Adrien Ahmed Alain Antoine Baptiste Benoît Bruno Christophe Clément Cyril Damien David Denis Éric Étienne Fabien "
    "Florian François Gaël Guillaume Hugo Ibrahima Jérôme Julien Karim Kévin Laurent Loïc Mamadou Marc Mathieu Mehdi "
    "Nicolas Olivier Pascal Pierre Quentin Rachid Rémi Samuel Sébastien Thierry Thomas Tristan Vincent Yann Youssef"
)
FAMILIES = _words(
    "Albert Arnaud Aubert Bachelet Barbier Baron Benali Bertin Besson Blanchard Bonnet Boucher Bouvier Brunet "
    "Camara Carpentier Charpentier Chevalier Colin Collet Cordier Coulibaly Da_Silva Delaunay Delorme Descamps "
    "Diarra Dumont Duval Etienne Fabre Ferrand Fontaine Fournier Gaillard Garnier Gauthier Giraud Guérin Guillot "
    "Haddad Hamon Hervé Hoarau Jacquet Jourdan Keita Lacroix Lambert Lebrun Leclerc Lefort Legrand Lemaire Lopes "
    "Maillard Marchand Masson Mercier Meunier Moreau Navarro Nguyen Noël Ouedraogo Payet Perrot Pelletier Picard "
    "Poirier Prévost Rey Rivière Robin Roussel Sanchez Sow Tessier Traoré Vasseur Vidal Weber Zerbib "
)


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name. title: M. or Mme."""

    title: str
    given: str
    family: str

    @property
    def local(self) -> str:
        """What stands before the @ of an e-mail address: ASCII, `given.family`."""
        plain = unicodedata.normalize("NFKD", f"{self.given}.{self.family}").encode("ascii", "ignore").decode()
        return plain.lower().replace(" ", "-").replace("'", "")


# Drives through the whole demonstration: the employee who borrows a van off duty.
AWA = Name("Mme", "Awa", "Diallo")


def names(draw: random.Random, count: int) -> list[Name]:
    """So many different names."""
    found: dict[Name, None] = {}
    while len(found) < count:
        title, given = draw.choice((("Mme", WOMEN), ("M.", MEN)))
        found[Name(title, draw.choice(given), draw.choice(FAMILIES))] = None
    return list(found)


def landline(draw: random.Random) -> str:
    """A number of the range that is kept for fiction: 01 99 00 xx xx (Arcep numbering plan)."""
    return f"01 99 00 {draw.randrange(100):02d} {draw.randrange(100):02d}"


def mobile(draw: random.Random) -> str:
    """A mobile number of the range that is kept for fiction: 06 39 98 xx xx (Arcep numbering plan)."""
    return f"06 39 98 {draw.randrange(100):02d} {draw.randrange(100):02d}"
