"""What a text is by its spelling: VIN, licence plate, IMEI, e-mail address."""

from __future__ import annotations

import re
from collections.abc import Callable

from resolvers.survey import Content

PLATES = {
    "FR": r"[A-Z]{2}[ -]?\d{3}[ -]?[A-Z]{2}|\d{1,4}[ -]?[A-Z]{2,3}[ -]?(\d\d|2[AB])",
    "BE": r"[12][ -]?[A-Z]{3}[ -]?\d{3}",
    "ES": r"\d{4}[ -]?[BCDFGHJKLMNPRSTVWXYZ]{3}",
    "DE": r"[A-ZÄÖÜ]{1,3}[ -][A-Z]{1,2}[ -]?\d{1,4}[EH]?",
}


def vin(text: str) -> bool:
    """A vehicle identification number: 17 characters, no I, O, Q, some letters and some digits."""
    bare = re.sub(r"[\s-]", "", text.upper())
    return bool(re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", bare)) and not bare.isdigit() and not bare.isalpha()


def plate(text: str) -> str | None:
    """The country in which a text may be a licence plate, or None."""
    bare = text.upper().strip()
    return next((country for country, pattern in PLATES.items() if re.fullmatch(pattern, bare)), None)


def imei(text: str) -> bool:
    """15 digits, the last of which checks the others (Luhn)."""
    if not re.fullmatch(r"\d{15}", text.strip()):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(text.strip())]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def email(text: str) -> bool:
    """An e-mail address."""
    return bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", text.strip()))


SCHEMES: dict[str, Callable[[str], object]] = {"VIN": vin, "LICENSE_PLATE": plate, "IMEI": imei, "EMAIL": email}


def scheme(content: Content) -> tuple[str, float] | None:
    """The scheme that most of a column's values are spelled as, and which part of them; None under one in ten."""
    shares = {name: content.share(test) for name, test in SCHEMES.items()}
    best = max(shares, key=lambda name: shares[name])
    return (best, shares[best]) if shares[best] >= 0.1 else None


def bicycode(text: str) -> bool:
    """The number of the French register of bicycles, said so."""
    return bool(re.match(r"BICYCODE|BC\d{6}", text.strip().upper()))


FORMATS = {
    "YYYY-MM-DD": r"\d{4}-\d\d-\d\d",
    "DD/MM/YYYY": r"\d\d/\d\d/\d{4}",
    "DD.MM.YYYY": r"\d\d\.\d\d\.\d{4}",
    "YYYYMMDD": r"(19|20)\d{6}",
}


def formats(content: Content) -> list[str]:
    """The ways in which the days of a text column are written, the most common first; none where all are ISO's."""
    shares = {name: content.share(re.compile(pattern + "$").match) for name, pattern in FORMATS.items()}
    found = sorted((name for name, share in shares.items() if share > 0), key=lambda name: -shares[name])
    return [] if found == ["YYYY-MM-DD"] else found


def day(text: str) -> bool:
    """A date, perhaps with a time."""
    return any(re.match(rf"{pattern}([T ]\d\d:\d\d|$)", text) for pattern in FORMATS.values())


def number(text: str) -> bool:
    """A number, perhaps with blanks between its thousands, a comma, a unit."""
    return bool(re.fullmatch(r"-?\d[\d\s.,']*(k|km|kg|€|EUR)?", text.strip(), re.IGNORECASE))


def plain_number(text: str) -> bool:
    """A number as SQL writes it."""
    return bool(re.fullmatch(r"-?\d+([.]\d+)?", text.strip()))
