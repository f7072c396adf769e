"""Partners whose records lead to each other's, by keys, identifiers and link tables; `tests/links.py` says where to.

`ash` (PostgreSQL) and `birch` (MariaDB) own things; `fir` (SQLite) and `ash` insure them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from tests.worlds import Stock

Values = st.SearchStrategy[Any]
VIEWER = "ash"

# Few numbers, so that many meet; plates and staff numbers in many spellings, inventory numbers in one for each.
PLATES = st.one_of(
    st.builds(
        lambda number, form: form.format(number),
        st.integers(0, 1),
        st.sampled_from(["AB-{}23-CD", "ab {}23 cd ", "AB.{}23.CD", "AB\u00a0{}23\u2011CD", "(ab){}23/cD", "AB{}23CD"]),
    ),
    st.sampled_from([None, "--"]),
)
NUMBERS = st.sampled_from(["INV-0", "INV-1", "inv 2", "INV3", None])
STAFF = st.sampled_from(["E0", "e-1", "E.1", "E2", "e 2", None, "-"])
KEYS = st.sampled_from([-1, 0, 1, 2, 3, None])
COUNTRIES = st.sampled_from(["FR", "BE", None])
TIMES = st.none() | st.integers(8, 12).map(lambda hour: datetime(2026, 3, 2, hour))  # noqa: DTZ001 - MariaDB's
WHOSE = st.sampled_from(["A", "B", "?", None])
SITES = st.sampled_from(["north", "South", "é:1", None])
KINDS = st.sampled_from(["FIRE", "THEFT", "GLASS"])

_PLATE = '{ scheme = "LICENSE_PLATE", value = "plate", country = "FR", spelling = "loose" }'
_NUMBER = '{ scheme = "INVENTORY_NO", value = "inv", spelling = "exact" }'
_SCHEMES = '{ column = "scheme", values = { P = "LICENSE_PLATE", I = "INVENTORY_NO" }, otherwise = "SERIAL" }'
_LISTED = 'table = "ash_listed", on = { "cover" = "id" }, where = { off = { eq = false } }'
_KIND = 'kind = { column = "kind", values = { FIRE = "FIRE", THEFT = "THEFT", GLASS = "GLASS" } }'
STOCKS = (
    Stock("ash", "depots", "postgres", "code text primary key", ("code",), {"code": SITES.filter(bool)}, entity="Site"),
    Stock(
        "ash",
        "staff",
        "postgres",
        "id integer primary key, no text",
        ("id",),
        {"id": KEYS.filter(lambda key: key is not None), "no": STAFF},
        'identifiers = [{ scheme = "EMPLOYEE_NO", value = "no" }]',
        entity="Person",
    ),
    Stock(
        "ash",
        "vans",
        "postgres",
        "id integer primary key, plate text, inv text, site varchar(20), holder bigint, whole_kind text, whole text",
        ("id",),
        {
            "id": KEYS.filter(lambda key: key is not None),
            "plate": PLATES,
            "inv": NUMBERS,
            "site": SITES,
            "holder": KEYS,
            "whole_kind": st.sampled_from(["van", "tool", "VAN", None]),
            "whole": st.sampled_from(["0", "1", "a", "x", None]),
        },
        f"""
        identifiers = [{_PLATE}, {_NUMBER}]
        site = {{ key = "site" }}
        custodian = {{ key = "holder" }}
        partOf = {{ key = "whole", to = {{ column = "whole_kind", values = {{ van = "vans", tool = "tools" }} }} }}
        """,
    ),
    Stock(
        "ash",
        "tools",
        "postgres",
        "code char(4) primary key, serial text, site varchar(20)",
        ("code",),
        {"code": st.sampled_from(["0", "1", "a", "x", "b"]), "serial": PLATES, "site": SITES},
        'identifiers = [{ scheme = "SERIAL", value = "serial" }]\nsite = { key = "site" }',
    ),
    Stock(
        "birch",
        "people",
        "mariadb",
        "id bigint primary key, no varchar(20)",
        ("id",),
        {"id": KEYS.filter(lambda key: key is not None), "no": STAFF},
        'identifiers = [{ scheme = "EMPLOYEE_NO", value = "no" }]',
        entity="Person",
    ),
    Stock(
        "birch",
        "cars",
        "mariadb",
        "id int unsigned primary key, plate varchar(40), inv varchar(20), land char(2), holder varchar(20)",
        ("id",),
        {"id": st.integers(0, 6), "plate": PLATES, "inv": NUMBERS, "land": COUNTRIES, "holder": STAFF},
        f"""
        identifiers = [{{ scheme = "LICENSE_PLATE", value = "plate", country = {{ column = "land" }} }}, {_NUMBER}]
        custodian = {{ scheme = "EMPLOYEE_NO", value = "holder" }}
        """,
    ),
    Stock(
        "birch",
        "loans",
        "mariadb",
        "id int primary key, car decimal(9, 0), who varchar(20), whose char(1), begins datetime, ends datetime",
        ("id",),
        {
            "id": st.integers(0, 6),
            "car": st.integers(0, 6),
            "who": STAFF,
            "whose": WHOSE,
            "begins": TIMES,
            "ends": TIMES,
        },
        'start = "begins"\nend = "ends"\nasset = { key = "car" }\n'
        'bookedFor = { scheme = "EMPLOYEE_NO", value = "who", '
        'partner = { column = "whose", values = { A = "ash", B = "birch" } } }',
        entity="Booking",
    ),
    Stock(
        "fir",
        "covers",
        "sqlite",
        "id integer primary key, kind text, contract text, plate text, inv text",
        ("id",),
        {
            "id": st.integers(0, 6),
            "kind": KINDS,
            "contract": st.sampled_from(["p:1", "P%", None]),
            "plate": PLATES,
            "inv": NUMBERS,
        },
        f"""
        {_KIND}
        policy = {{ key = "contract" }}
        insuredAssets = {{ scope = {{ const = "LISTED" }}, listed = [
          {_PLATE},
          {{ scheme = "INVENTORY_NO", value = "inv", spelling = "exact", partner = "birch" }},
          {{ table = "fir_items", on = {{ "cover" = "id" }}, scheme = {_SCHEMES}, value = "ref", country = "FR" }},
        ] }}
        """,
        entity="Coverage",
    ),
    Stock(
        "fir",
        "policies",
        "sqlite",
        "no text primary key",
        ("no",),
        {"no": st.sampled_from(["p:1", "P%", "q"])},
        entity="Policy",
    ),
    Stock(
        "fir",
        "items",
        "sqlite",
        "n integer primary key, cover text, scheme text, ref text",
        ("n",),
        {
            "n": st.integers(0, 999),
            "cover": st.integers(0, 6).map(str),
            "scheme": st.sampled_from(["P", "I", "?", None]),
            "ref": st.one_of(PLATES, NUMBERS),
        },
        entity="",
    ),
    Stock(
        "ash",
        "covers",
        "postgres",
        "id bigint primary key, kind text, van integer, off boolean",
        ("id",),
        {"id": st.integers(0, 6), "kind": KINDS, "van": KEYS, "off": st.booleans()},
        f"""
        {_KIND}
        insuredAssets = {{ scope = {{ const = "LISTED" }}, listed = [
          {{ key = "van", to = "vans" }},
          {{ {_LISTED}, key = "thing", to = "tools" }},
          {{ {_LISTED}, scheme = "LICENSE_PLATE", value = "plate" }},
        ] }}
        """,
        options="where = { off = { eq = false } }",
        entity="Coverage",
    ),
    Stock(
        "ash",
        "listed",
        "postgres",
        "n integer primary key, cover numeric(9, 0), thing text, plate text, off boolean",
        ("n",),
        {
            "n": st.integers(0, 999),
            "cover": st.integers(0, 6),
            "thing": st.sampled_from(["0", "1", "a", "b", None]),
            "plate": PLATES,
            "off": st.booleans(),
        },
        entity="",
    ),
)

_SHARED = {
    "birch": {
        "Asset": ["identifiers", "custodian", "coverages", "bookings"],
        "Person": ["identifiers", "assets"],
        "Booking": ["asset", "bookedFor", "start", "end"],
    },
    "fir": {"Coverage": ["*", "policy", "insuredAssets"], "Policy": ["*", "coverages"]},
}
AGREEMENTS = {
    code: f'[[agreement]]\ncode = "all"\nwith = ["{VIEWER}"]\n'
    + "".join(f"[agreement.{entity}]\nfields = {fields}\n".replace("'", '"') for entity, fields in shared.items())
    for code, shared in _SHARED.items()
}
