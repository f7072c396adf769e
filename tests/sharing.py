"""A small federation whose agreements a test chooses, and what a caller may see of its rows, as plain Python says.

`pine` asks; `alder`, `maple` and `oak` have things, sites, covers, policies and people in three kinds of databases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from resolvers.identifier import normalize
from tests.rows import Row
from tests.worlds import Stock

VIEWER = "pine"
HOMES = {"alder": "postgres", "maple": "mariadb", "oak": "sqlite"}
KINDS = {"V": "VAN", "C": "CAR"}
STATES = {"1": "AVAILABLE", "2": "IN_USE", "3": "RETIRED"}
PLATES = st.sampled_from(["AB-123", "ab 123", "CD-456", "cd456", "X", None, "--"])
Held = Mapping[str, Sequence[Row]]


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f'{code} = "{name}"' for code, name in values.items())


def _stocks(partner: str, home: str) -> list[Stock]:
    plate = '{ scheme = "LICENSE_PLATE", value = "plate" }'
    return [
        Stock(
            partner,
            "things",
            home,
            "id integer primary key, kind varchar(2), state varchar(2), maker varchar(20), km integer, site integer,"
            " plate varchar(20), serial varchar(20), holder integer",
            ("id",),
            {
                "id": st.integers(0, 9),
                "kind": st.sampled_from([*KINDS, "?", None]),
                "state": st.sampled_from([*STATES, None]),
                "maker": st.sampled_from(["Renault", "Renoult", "Iveco", "", None]),
                "km": st.sampled_from([0, 4, 11, 14, 96, None]),
                "site": st.sampled_from([1, 2, 9, None]),
                "plate": PLATES,
                "serial": PLATES,
                "holder": st.sampled_from([1, 2, 9, None]),
            },
            f"""
            name = "tag"
            kind = {{ column = "kind", values = {{ {_pairs(KINDS)} }} }}
            status = {{ column = "state", values = {{ {_pairs(STATES)} }} }}
            manufacturer = "maker"
            odometerKm = "km"
            site = {{ to = "sites", key = "site" }}
            custodian = {{ to = "people", key = "holder" }}
            identifiers = [{plate}, {{ scheme = "SERIAL", value = "serial" }}]
            """,
        ),
        Stock(
            partner,
            "sites",
            home,
            "id integer primary key, kind varchar(9)",
            ("id",),
            {"id": st.integers(1, 3), "kind": st.sampled_from(["DEPOT", "OFFICE", None])},
            'kind = "kind"',
            entity="Site",
        ),
        Stock(
            partner,
            "covers",
            home,
            "id integer primary key, thing integer, policy integer, plate varchar(20)",
            ("id",),
            {
                "id": st.integers(0, 9),
                "thing": st.sampled_from([0, 1, 2, 3, 77, None]),
                "policy": st.sampled_from([1, 2, 9, None]),
                "plate": PLATES,
            },
            'insuredAssets = { scope = { const = "LISTED" }, listed = [{ to = "things", key = "thing" }, '
            f'{plate}] }}\npolicy = {{ to = "policies", key = "policy" }}',
            entity="Coverage",
        ),
        Stock(
            partner,
            "policies",
            home,
            "id integer primary key, holder varchar(9)",
            ("id",),
            {"id": st.integers(1, 3), "holder": st.sampled_from(["pine", "oak", "nobody", None])},
            'number = "tag"\nholderPartner = "holder"',
            entity="Policy",
        ),
        Stock(
            partner,
            "people",
            home,
            "id integer primary key, first varchar(20), phone varchar(20)",
            ("id",),
            {
                "id": st.integers(1, 3),
                "first": st.sampled_from(["Awa", "Bo", None]),
                "phone": st.sampled_from(["0611", "0711", "0622", "5", "", None]),
            },
            'displayName = "first"\nphone = "phone"',
            entity="Person",
        ),
    ]


STOCKS = [stock for partner, home in HOMES.items() for stock in _stocks(partner, home)]

# what agreements may say ----------------------------------------------------------------------------------------------

# entity -> field -> (column, class)
FIELDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Asset": {
        "status": ("state", "read"),
        "manufacturer": ("maker", "read"),
        "site": ("site", "read"),
        "odometerKm": ("km", "read:personal"),
        "custodian": ("holder", "read:personal"),
    },
    "Site": {"kind": ("kind", "read")},
    "Coverage": {"policy": ("policy", "read"), "insuredAssets": ("thing", "read")},
    "Policy": {"number": ("tag", "read"), "holderPartner": ("holder", "read")},
    "Person": {"displayName": ("first", "read:personal"), "phone": ("phone", "read:contact")},
}
TABLES = {"Asset": "things", "Site": "sites", "Coverage": "covers", "Policy": "policies", "Person": "people"}
# What a shared row shows whatever its agreements name. A tag stands for the row itself.
ALWAYS = {"Asset": ("tag", "kind"), "Site": ("tag", "kind"), "Coverage": (), "Policy": (), "Person": ()}
CONDITIONS: Mapping[str, Sequence[str]] = {
    "Asset": (
        '{ kind = { in = ["VAN"] } }',
        '{ status = { ne = "RETIRED" } }',
        '{ or = [{ site = { kind = { eq = "DEPOT" } } }, { not = { manufacturer = { eq = "Renault" } } }] }',
    ),
    "Coverage": ('{ policy = { holderPartner = { eq = "$caller" } } }',),
    "Policy": ('{ holderPartner = { eq = "$caller" } }',),
    "Site": ('{ kind = { eq = "DEPOT" } }',),
    "Person": (),
}
MASKED = {"manufacturer": "first3", "phone": "last2", "odometerKm": "round10"}


@dataclass(frozen=True)
class Share:
    """What an agreement shares of an entity. where: one of the entity's conditions, "" for none. masked: some fields.
    read, match: schemes of identifiers."""

    entity: str
    fields: frozenset[str]
    where: str
    masked: frozenset[str]
    read: frozenset[str] | None
    match: frozenset[str]

    def toml(self) -> str:
        lines = [f"[agreement.{self.entity}]", f"fields = {sorted(self.fields)}"]
        lines += [f"where = {self.where}"] if self.where else []
        masks = [f'{name} = "{MASKED[name]}"' for name in sorted(self.masked & self.fields & MASKED.keys())]
        lines += [f"mask = {{ {', '.join(masks)} }}"] if masks else []
        if self.entity == "Asset" and (self.read or self.match):
            told = [f"read = {sorted(self.read)}"] if self.read else []
            told += [f"match = {sorted(self.match)}"] if self.match else []
            lines += [f"identifiers = {{ {', '.join(told)} }}"]
        return "\n".join(lines).replace("['", '["').replace("']", '"]').replace("', '", '", "')


@dataclass(frozen=True)
class Agreement:
    """One agreement of a provider with `pine`."""

    provider: str
    purposes: tuple[str, ...]
    shares: tuple[Share, ...]

    def toml(self, number: int) -> str:
        head = f'[[agreement]]\ncode = "a{number}"\nwith = ["{VIEWER}"]\n'
        head += f'purposes = ["{self.purposes[0]}"]\n' if self.purposes else ""
        return head + "\n".join(share.toml() for share in self.shares)


SCHEMES = ("LICENSE_PLATE", "SERIAL")


def shares(entity: str) -> st.SearchStrategy[Share]:
    names = sorted(FIELDS[entity])
    schemes = st.frozensets(st.sampled_from(SCHEMES))
    return st.builds(
        Share,
        st.just(entity),
        st.frozensets(st.sampled_from(names), min_size=1),
        st.sampled_from(["", "", *CONDITIONS[entity]]),
        st.frozensets(st.sampled_from(sorted(MASKED))),
        schemes if entity == "Asset" else st.none(),
        schemes if entity == "Asset" else st.just(frozenset()),
    )


def agreements() -> st.SearchStrategy[list[Agreement]]:
    entities = st.lists(st.sampled_from(sorted(FIELDS)), min_size=3, max_size=5, unique=True)
    one = st.builds(
        Agreement,
        st.sampled_from(sorted(HOMES)),
        st.sampled_from([(), (), (), ("lending",), ("audit",)]),
        entities.flatmap(lambda found: st.tuples(*map(shares, found))),
    )
    return st.lists(one, min_size=2, max_size=6)


# what may be seen -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sight:
    """What a caller with some scopes and a purpose may see under agreements. Where it is in doubt it is too much."""

    agreements: Sequence[Agreement]
    scopes: frozenset[str]
    purpose: str | None

    def seen(self, held: Held) -> Any:
        """All that may be seen of the rows: two worlds of which it says the same must be answered alike."""
        granting = {
            (provider, entity, row["id"]): found
            for provider in HOMES
            for entity, table in TABLES.items()
            for row in held[f"{provider}.{table}"]
            if (found := self._granting(held, provider, entity, row))
        }
        return {
            (provider, entity, row["id"]): self._row(held, granting, provider, entity, row)
            for provider in HOMES
            for entity, table in TABLES.items()
            for row in held[f"{provider}.{table}"]
            if (provider, entity, row["id"]) in granting
        }

    def _granting(self, held: Held, provider: str, entity: str, row: Row) -> list[tuple[int, Share]]:
        if "read" not in self.scopes:
            return []
        return [
            (number, share)
            for number, agreement in enumerate(self.agreements)
            if agreement.provider == provider and (not agreement.purposes or self.purpose in agreement.purposes)
            for share in agreement.shares
            if share.entity == entity and self._holds(held, provider, share, row)
        ]

    def _holds(self, held: Held, provider: str, share: Share, row: Row) -> bool:
        if not share.where:
            return True
        if share.entity == "Asset":
            place = CONDITIONS["Asset"].index(share.where)
            if place == 0:
                return bool(row["kind"] == "V")
            if place == 1:
                return row["state"] in ("1", "2")
            site = _by_id(held, provider, "sites", row["site"])
            return bool((site is not None and site["kind"] == "DEPOT") or row["maker"] != "Renault")
        if share.entity == "Coverage":
            policy = _by_id(held, provider, "policies", row["policy"])
            return policy is not None and policy["holder"] == VIEWER
        return bool(row["holder"] == VIEWER if share.entity == "Policy" else row["kind"] == "DEPOT")

    def _row(
        self, held: Held, granting: Mapping[Any, Sequence[tuple[int, Share]]], provider: str, entity: str, row: Row
    ) -> Any:
        mine = granting[provider, entity, row["id"]]
        shown: dict[str, Any] = {column: row[column] for column in ALWAYS[entity]}
        shown["agreements"] = tuple(number for number, _ in mine)
        for name, (column, scope) in FIELDS[entity].items():
            sharing = [share for _, share in mine if name in share.fields]
            if not sharing or scope not in self.scopes or (scope != "read" and self.purpose is None):
                continue
            value = row[column]
            if all(name in share.masked and name in MASKED for share in sharing):
                shown[name] = _masked(name, value)
            elif name in LEADS and entity in ("Asset", "Coverage"):
                shown[name] = _target(granting, provider, LEADS[name], value)
            else:
                shown[name] = value
            if name == "insuredAssets":
                shown["plate"] = normalize(row["plate"] or "")
        if entity == "Asset":
            for scheme, column in zip(SCHEMES, ("plate", "serial"), strict=True):
                if any(share.read is not None and scheme in share.read for _, share in mine):
                    shown[scheme] = row[column]
                elif any(scheme in share.match for _, share in mine):
                    shown[scheme] = normalize(row[column] or "")
        return shown


LEADS = {"site": "Site", "custodian": "Person", "policy": "Policy", "insuredAssets": "Asset"}


def _target(granting: Mapping[Any, Any], provider: str, entity: str, value: Any) -> Any:
    """What a reference leads to; what is hidden is as what does not exist."""
    if value is None:
        return None
    return value if (provider, entity, value) in granting else "nothing"


def _by_id(held: Held, provider: str, table: str, key: Any) -> Row | None:
    return next((row for row in held[f"{provider}.{table}"] if row["id"] == key), None)


def _masked(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "odometerKm":
        return round(value / 10)
    if name == "phone":
        return value[-2:] if len(value) > 2 else ""
    return value[:3] if len(value) > 3 else ""
