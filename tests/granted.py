"""What a caller may see, worked out from the partner files' TOML and the graph's SDL alone."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.operations import ENTITIES, is_leaf, is_required, members, type_of

# Fields that are not plain, as the design says; (type, field) -> class.
CLASSES: dict[tuple[str, str], str] = {
    **{("Asset", name): "personal" for name in ("odometerKm", "position", "custodian", "bookings")},
    **{
        ("Person", name): "personal"
        for name in (
            *("displayName", "givenName", "familyName", "identifiers", "employment", "employedFrom", "employedUntil"),
            *("manager", "licences", "authorisations", "assets", "coverages"),
        )
    },
    ("Person", "email"): "contact",
    ("Person", "phone"): "contact",
    ("Person", "birthDate"): "sensitive",
    ("DrivingLicence", "number"): "sensitive",
    ("InsuredPersons", "named"): "personal",
    ("InsuredPersons", "excluded"): "personal",
    ("Booking", "asset"): "personal",
    ("Booking", "bookedFor"): "personal",
}
ALWAYS = {"Asset": {"name", "kind"}, "Coverage": {"kind"}, "Site": {"name", "kind"}}
FREE = {"attributes", "unparsedTerms"}
SYSTEM = {"id", "partner", "provenance"}
LOGIC = {"and", "or", "not"}


@dataclass(frozen=True)
class Granted:
    """files: partner code -> parsed partner file. day: on which agreements are looked at."""

    files: Mapping[str, Mapping[str, Any]]
    partner: str
    scopes: frozenset[str]
    day: date
    purpose: str | None = "lending"

    def agreements(self, receiver: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(provider, agreement) of those in force with a partner."""
        for provider, file in self.files.items():
            for agreement in file.get("agreement", ()):
                with_ = agreement["with"]
                begun = "start" not in agreement or agreement["start"] <= self.day
                ended = "end" in agreement and agreement["end"] <= self.day
                if provider != receiver and begun and not ended and (receiver in with_ or "*" in with_):
                    yield provider, agreement

    def neighbours(self) -> set[str]:
        """The partners that the caller may know."""
        providers = {provider for provider, _ in self.agreements(self.partner)}
        receivers = {code for code in self.files for provider, _ in self.agreements(code) if provider == self.partner}
        return {self.partner} | providers | receivers

    def names(self, partner: str, entity: str) -> set[str] | None:
        """What agreements name of an entity; None where its records do not exist for the caller."""
        found = [
            a[entity]["fields"] for provider, a in self.agreements(self.partner) if provider == partner and entity in a
        ]
        if not found:
            return None
        return {name for names in found for name in ([names] if isinstance(names, str) else names)}

    def exists(self, partner: str, entity: str) -> bool:
        """Whether a partner's records of an entity exist for the caller."""
        if "read" not in self.scopes:
            return False
        return partner == self.partner or self.names(partner, entity) is not None

    def reads(self, partner: str, entity: str, path: str) -> bool:
        """Whether the caller may read a dotted path of a partner's entity."""
        if not self.exists(partner, entity):
            return False
        classes = classes_of(entity, path)
        if not all(kind == "plain" or f"read:{kind}" in self.scopes for kind in classes):
            return False
        if not self.purposeful(partner, entity, path):
            return False
        return self.shares(partner, entity, path)

    def purposeful(self, partner: str, entity: str, path: str) -> bool:
        """Whether a dotted path needs no purpose, or there is one."""
        return partner == self.partner or self.purpose is not None or set(classes_of(entity, path)) == {"plain"}

    def shares(self, partner: str, entity: str, path: str) -> bool:
        """Whether agreements show a dotted path, whatever the scopes."""
        names = path.split(".")
        if partner == self.partner or names[0] in ALWAYS.get(entity, ()):
            return True
        granted = self.names(partner, entity)
        if granted is None:
            return False
        if (entity, names[0]) == ("Authorisation", "person"):
            return True  # an edge that the graph does not show
        classes = classes_of(entity, path)
        if "*" in granted and classes[0] == "plain" and names[0] not in FREE:
            granted = granted | {names[0]}
        for length in range(1, len(names) + 1):
            inner = {"plain", classes[length - 1]}
            if ".".join(names[:length]) in granted and set(classes[length:]) <= inner:
                return True
        return any(name.startswith(path + ".") for name in granted)

    # columns ---------------------------------------------------------------------------------------------------------

    def mappings(self, partner: str, source: str | None = None) -> Iterator[Mapping[str, Any]]:
        """A partner's mappings, of one source or of all."""
        for mapping in self.files[partner]["mapping"].values():
            if source is None or mapping["source"] == source:
                yield mapping

    def visible(self) -> dict[tuple[str, str], set[str]]:
        """("partner.source", table) -> the columns that answers may depend on; absent tables may not be read at all."""
        found: dict[tuple[str, str], set[str]] = {}
        for partner in self.files:
            for mapping in self.mappings(partner):
                if self.exists(partner, mapping["entity"]):
                    home = f"{partner}.{mapping['source']}"
                    for table, columns in self.columns(partner, mapping, structure=True).items():
                        found.setdefault((home, table), set()).update(columns)
        return found

    def columns(self, partner: str, mapping: Mapping[str, Any], structure: bool) -> dict[str, set[str]]:
        """table -> the columns that readable fields, the key and links come from; with structure, also those that joins
        and conditions look at."""
        joins = mapping.get("join", {})
        found: dict[str, set[str]] = {mapping["table"]: set(_list(mapping["key"]))}

        def take(names: Iterator[str], main: str) -> None:
            for name in names:
                join, _, column = name.rpartition(".")
                found.setdefault(joins[join]["table"] if join else main, set()).add(column)

        for path, form in leaves(mapping["entity"], mapping["fields"]):
            if not self.reads(partner, mapping["entity"], path):
                continue
            said = {key: value for key, value in form.items() if key not in ("on", "where")}
            take(columns_of(said), form.get("table", mapping["table"]))
            for column, own in form.get("on", {}).items():
                found.setdefault(form["table"], set()).add(column)
                take(iter([own]), mapping["table"])
            if structure and "where" in form:
                take(predicate_columns(form["where"]), form["table"])
        if structure:
            take(predicate_columns(mapping.get("where", {})), mapping["table"])
            for join in joins.values():
                found.setdefault(join["table"], set()).update(name.rpartition(".")[2] for name in join["on"])
                take(iter(join["on"].values()), mapping["table"])
                take(predicate_columns(join.get("where", {})), join["table"])
        return found


def classes_of(entity: str, path: str) -> list[str]:
    """The class of each field that a dotted path goes through."""
    type_name, found = entity, []
    for name in path.split("."):
        found.append(CLASSES.get((type_name, name), "plain"))
        type_name = members(type_name).get(name, "String")
        if is_leaf(type_name) or type_name in ENTITIES:
            type_name = "Query"  # nothing is inside
    return found


def required(entity: str, path: str) -> list[str]:
    """The members without which an entry of a list cannot be; none where the path is no list of parts."""
    type_name, many = entity, False
    for name in path.split("."):
        if name not in members(type_name):
            return []
        type_name, many = type_of(type_name, name)
    if not many or is_leaf(type_name) or type_name in (*ENTITIES, "Partner"):
        return []
    return [name for name in members(type_name) if is_required(type_name, name) and name != "normalized"]


def owner(identifier: str) -> tuple[str, str]:
    """(entity, partner) of a global id."""
    raw = base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4))
    entity, partner = re.split(rb"[.:~]", raw)[:2]
    return entity.decode(), partner.decode()


# partner files --------------------------------------------------------------------------------------------------------


def leaves(type_name: str, fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """(dotted path, form) of all that a mapping says of a type; each entry of a list and each link apart."""
    for name, form in fields.items():
        path = prefix + name
        inner = members(type_name).get(name, "Person")  # the one field that the SDL does not show
        for item in form if isinstance(form, list) else [form]:
            if isinstance(item, str):
                yield path, {"column": item}
            elif name == "attributes":
                yield path, {"coalesce": list(item.values())}
            elif inner == "Identifier":
                for part in {"scheme", "value", "country"} & item.keys():
                    yield f"{path}.{part}", _form(item[part])
            elif is_leaf(inner) or inner in (*ENTITIES, "Partner") or inner.endswith("Connection"):
                yield path, item
            else:
                yield from leaves(inner, item, path + ".")


def columns_of(form: Any) -> Iterator[str]:
    """The columns that a value form, reference or link reads; of a link, those of its own table."""
    if isinstance(form, str):
        yield form
        return
    for key, value in form.items():
        match key:
            case "column" | "json" | "key":
                yield from _list(value)
            case "coalesce":
                for member in value:
                    yield from columns_of(member)
            case "template":
                yield from re.findall(r"\{([^{}]+)\}", value)
            case "when":
                for case in value:
                    yield from predicate_columns(case["if"])
            case "to" | "scheme" | "country" if isinstance(value, dict):
                yield from columns_of(value)
            case "value" if "scheme" in form:
                yield from columns_of(value)


def predicate_columns(predicate: Mapping[str, Any]) -> Iterator[str]:
    """The columns that a predicate looks at."""
    for name, value in predicate.items():
        if name not in LOGIC:
            yield name
        else:
            for member in _list(value):
                yield from predicate_columns(member)


def _form(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return {"const": value} if re.fullmatch(r"[A-Z_]{2,}", value) else {"column": value}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
