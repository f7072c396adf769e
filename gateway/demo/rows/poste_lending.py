"""Who has, had or will have which of the postal operator's vehicles, and by what permission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from gateway.demo.rows import founding
from gateway.demo.rows.draw import TODAY, Row, day, dice
from gateway.demo.rows.poste_staff import AGENTS, TEAM_LEADS

BOOKINGS, STANDING = 130, 60
MIDNIGHT = time(0)


def bookings(vehicles: Sequence[Row]) -> list[Row]:
    """Weekends (private, or for a partner) and hours of a working day; the founding case among them."""
    draw = dice("poste.reservations")
    lent = [vehicle["id"] for vehicle in vehicles if vehicle["pretable"] == "O" and vehicle["id"] != founding.VAN]
    rows: list[Row] = []
    for key in range(1, BOOKINGS + 1):
        friday = TODAY + timedelta(days=7 * draw.randint(-20, 6))
        weekend = draw.random() < 0.6
        if weekend:
            start, lasts = datetime.combine(friday, time(18)), timedelta(days=2, hours=12)
            usage = draw.choices(("PRIVE", "PRET"), (4, 1))[0]
        else:
            morning = time(draw.randint(7, 14), draw.choice((0, 30)))
            start = datetime.combine(friday - timedelta(days=draw.randint(1, 4)), morning)
            lasts, usage = timedelta(hours=draw.randint(2, 9)), "SERVICE"
        past = start.date() < TODAY
        rows.append(
            {
                "id": key,
                "vehicule_id": draw.choice(lent),
                "agent_id": draw.randint(TEAM_LEADS + 1, AGENTS),
                "debut": start,
                "fin": start + lasts,
                "usage": usage,
                "etat": draw.choices(("R", "A", "N") if past else ("C", "D", "X"), (80, 15, 5) if past else (6, 3, 1))[
                    0
                ],
            }
        )
    rows[founding.BOOKING - 1] |= {
        "vehicule_id": founding.VAN,
        "agent_id": founding.AGENT,
        "debut": founding.START,
        "fin": founding.END,
        "usage": "PRIVE",
        "etat": "C",
    }
    rows[99]["vehicule_id"] = 7_777  # the vehicle is gone, the booking stayed
    return rows


def permissions(booked: Sequence[Row]) -> list[Row]:
    """One for every private booking that stands or stood, and standing ones by kind of vehicle."""
    rows: list[Row] = [
        {
            "agent_id": row["agent_id"],
            "vehicule_id": row["vehicule_id"],
            "type_vehicule": None,
            "usages": "PRIVE",
            "hors_service": "O",
            "debut": row["debut"],
            "fin": row["fin"],
            "reservation_id": row["id"],
        }
        for row in booked
        if row["usage"] == "PRIVE" and row["etat"] in ("C", "R")
    ]
    draw = dice("poste.habilitations")
    for agent in sorted(draw.sample(range(TEAM_LEADS + 1, AGENTS + 1), STANDING)):
        since = day(draw, date(2024, 1, 2), date(2026, 6, 30))
        until = date(since.year + 3, since.month, 1)
        rows.append(
            {
                "agent_id": agent,
                "vehicule_id": None,
                "type_vehicule": draw.choice(("VUL", "VUL", "STABY", "VELO", "PL")),
                "usages": draw.choice(("SERVICE,TOURNEE", "TOURNEE", "SERVICE, TOURNEE,TRAJET")),
                "hors_service": "N",
                "debut": datetime.combine(since, MIDNIGHT),
                "fin": datetime.combine(until, MIDNIGHT) if draw.random() < 0.7 else None,
                "reservation_id": None,
            }
        )
    return [{"id": key} | row for key, row in enumerate(rows, start=1)]
