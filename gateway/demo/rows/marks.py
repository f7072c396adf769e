"""What is stamped, screwed or glued on things: plates, VINs, IMEIs, serial numbers."""

from __future__ import annotations

import random

PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTVWXYZ"
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"

# First letters of French plates by year of first registration.
PLATE_YEARS = {
    2016: ("DZ", "EJ"),
    2017: ("EK", "ET"),
    2018: ("EV", "FC"),
    2019: ("FD", "FN"),
    2020: ("FP", "FV"),
    2021: ("FW", "GC"),
    2022: ("GD", "GJ"),
    2023: ("GK", "GS"),
    2024: ("GT", "GZ"),
    2025: ("HA", "HF"),
    2026: ("HG", "HL"),
}


def plate(draw: random.Random, year: int) -> str:
    """A plate of the form AB-123-CD, of the series of that year (2016 to 2026); no I, O, U, no SS."""
    low, high = PLATE_YEARS[min(max(year, 2016), 2026)]
    pairs = [a + b for a in PLATE_LETTERS for b in PLATE_LETTERS if low <= a + b <= high and a + b != "SS"]
    last = draw.choice(PLATE_LETTERS) + draw.choice(PLATE_LETTERS)
    return f"{draw.choice(pairs)}-{draw.randint(1, 999):03d}-{'ST' if last == 'SS' else last}"


def vin(draw: random.Random, maker: str) -> str:
    """A VIN by ISO 3779: 17 signs without I, O, Q; the maker's three first, the last four digits."""
    middle = "".join(draw.choice(VIN_LETTERS) for _ in range(10))
    return f"{maker}{middle}{draw.randrange(10_000):04d}"


def imei(draw: random.Random) -> str:
    """A 15-digit IMEI with its Luhn check digit. A type code that begins with 00 is for tests."""
    body = f"00100000{draw.randrange(1_000_000):06d}"
    total = 0
    for place, sign in enumerate(reversed(body)):
        digit = int(sign) * (2 if place % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return f"{body}{-total % 10}"


def serial(draw: random.Random, prefix: str) -> str:
    """A maker's serial number."""
    return f"{prefix}{draw.randrange(16**8):08X}"
