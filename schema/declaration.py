"""How a Strawberry type says what stands behind each of its fields: once, for the planner and the resolver alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from resolvers import fields
from resolvers.entity import FieldClass, Kind, Strong, Veil
from resolvers.operand import Clock
from resolvers.predicate import And, Compare, Or, Predicate
from schema.cost import FEW, LINKS_SIZE, PAGE_SIZE, ListSize
from schema.criterion import Reading
from schema.near import Near

T = TypeVar("T")
PLAIN, CONTACT, PERSONAL, SENSITIVE = FieldClass
DECLARATION = "partner-gateway"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a field is made of.

    compute: of a DERIVED field, (values by needed path, now, **arguments) -> value. conditions: what an argument asks
    of the records of a list, by the argument's Python name; a comparison's value is the name of the argument to put in.
    strong: of a SAME field, the identifiers that make two records the same thing. veil: when it is null for everybody.
    """

    kind: Kind
    target: str | None = None
    field_class: FieldClass = FieldClass.PLAIN
    via: str | None = None
    needs: tuple[str, ...] = ()
    compute: Callable[..., Any] | None = None
    conditions: Mapping[str, Predicate] = field(default_factory=lambda: MappingProxyType({}))
    strong: tuple[Strong, ...] = ()
    veil: Veil | None = None


class GraphField(StrawberryField):
    """A Strawberry field that is resolved from its declaration, with arguments given as a list."""

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        given = {name: asked(name, value) for name, value in kwargs.items()}
        return fields.resolve(self.metadata[DECLARATION], source, info._raw_info, given)


def asked(name: str, value: Any) -> Any:
    """An argument's value as the resolvers know it: what asks something of records is a predicate."""
    if value is None or name not in ("filter", "near"):
        return value
    return value.predicate("position") if isinstance(value, Near) else Reading(name).predicate(value)


def argument(name: str, annotation: Any, description: str, default: Any = strawberry.UNSET) -> StrawberryArgument:
    """One argument of a declared field; `name` in Python's spelling."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
        default=default,
    )


def _field(
    declaration: Declaration,
    description: str,
    arguments: Sequence[StrawberryArgument] = (),
    directives: Sequence[object] = (),
) -> Any:
    names = {each.python_name for each in arguments}
    sizes = [PAGE_SIZE] if "last" in names else [LINKS_SIZE] if "first" in names else []
    declared = GraphField(description=description, metadata={DECLARATION: declaration}, directives=directives or sizes)
    declared.arguments = list(arguments)
    return declared


def system(description: str, arguments: Sequence[StrawberryArgument] = (), size: ListSize | None = None) -> Any:
    """Never mapped: what comes with every record (id, partner, provenance), and the single things of Query.

    size: of a list that is no page.
    """
    return _field(Declaration(Kind.SYSTEM), description, arguments, [size] if size else ())


def mapped(description: str, field_class: FieldClass = PLAIN, veil: Veil | None = None) -> Any:
    """A scalar, an enum, a part, or a list of one of them, as the annotation says; mapped by partners. veil: when it is
    null for everybody."""
    return _field(Declaration(Kind.LEAF, field_class=field_class, veil=veil), description)


def partner(description: str, field_class: FieldClass = PLAIN) -> Any:
    """Another partner (or a list of them), named by its code in the mapping; null when the caller may not see it."""
    return _field(Declaration(Kind.PARTNER, field_class=field_class), description)


def to_one(target: str, description: str, field_class: FieldClass = PLAIN) -> Any:
    """At most one record of another entity, mapped as a reference; null when unknown, hidden or dangling."""
    return _field(Declaration(Kind.REFERENCE, target=target, field_class=field_class), description)


PAGE = (
    argument("first", int | None, "How many to return from the start: 1 to 1,000; 50 where nothing is said."),
    argument("after", str | None, "Only those after this cursor."),
)
NEAR = argument("near", Near | None, "Only those that are near a point: by their own position, no other.")
BACKWARD = (
    argument("last", int | None, "How many to return from the end: 1 to 1,000. Not together with `first`."),
    argument("before", str | None, "Only those before this cursor."),
)


def links(target: str, description: str, field_class: FieldClass = PLAIN) -> Any:
    """Many records of another entity, of any partner, named by the mapping; a connection, by partner and key."""
    return _field(Declaration(Kind.LINKS, target=target, field_class=field_class), description, PAGE)


def reverse(
    target: str,
    via: str,
    description: str,
    *,
    field_class: FieldClass = PLAIN,
    order: type[Any] | None = None,
    backward: bool = False,
    arguments: Sequence[StrawberryArgument] = (),
    conditions: Mapping[str, Predicate] | None = None,
    page: bool = True,
    filtered: bool = False,
) -> Any:
    """The records whose reference or links `via` ("Entity.field") lead here: a connection, a list with page=False."""
    return _field(
        Declaration(Kind.REVERSE, target=target, via=via, field_class=field_class, conditions=conditions or {}),
        description,
        [
            *(_filter(target) if filtered else ()),
            *arguments,
            *_order(order),
            *(PAGE if page else ()),
            *(BACKWARD if backward else ()),
        ],
        () if page else [FEW],
    )


def collection(
    target: str,
    description: str,
    order: type[Any],
    arguments: Sequence[StrawberryArgument] = (),
    conditions: Mapping[str, Predicate] | None = None,
) -> Any:
    """One sorted, paged list of an entity: of all partners on Query, of one partner on Partner."""
    return _field(
        Declaration(Kind.COLLECTION, target=target, conditions=conditions or {}),
        description,
        [*_filter(target), *arguments, *_order(order), *PAGE, *BACKWARD],
    )


def named(target: str, description: str, arguments: Sequence[StrawberryArgument]) -> Any:
    """The records of an entity, of all partners, that carry the identifier in the arguments scheme, value, country."""
    return _field(Declaration(Kind.NAMED, target=target), description, [*arguments, *PAGE])


def same(target: str, description: str, strong: Sequence[Strong], field_class: FieldClass = PLAIN) -> Any:
    """The records of other mappings, of any partner, that are the same thing by an identifier; a connection."""
    declaration = Declaration(Kind.SAME, target=target, field_class=field_class, strong=tuple(strong))
    return _field(declaration, description, PAGE)


AT = argument("at", datetime | None, "Only those whose period holds this moment.")
# The half-open period [start, end) of a record; a bound that is null is open.
HOLDS_AT = {
    "at": And(
        (
            Or((Compare("start", "isNull", True), Compare("start", "le", "at"))),
            Or((Compare("end", "isNull", True), Compare("end", "gt", "at"))),
        )
    )
}
LENT_OFF_DUTY = Veil(
    "Booking.asset",
    And(
        (
            Compare("use", "eq", "PRIVATE"),
            Or((Compare("status", "isNull", True), Compare("status", "in", ("CONFIRMED", "CHECKED_OUT", "UNKNOWN")))),
            Or((Compare("start", "isNull", True), Compare("start", "le", Clock("now")))),
            Or((Compare("end", "isNull", True), Compare("end", "gt", Clock("now")))),
        )
    ),
)
OVERLAPS = {
    "start": Or((Compare("end", "isNull", True), Compare("end", "gt", "start"))),
    "end": Or((Compare("start", "isNull", True), Compare("start", "lt", "end"))),
}


def derived(
    compute: Callable[..., Any],
    description: str,
    *,
    needs: Sequence[str],
    field_class: FieldClass = PLAIN,
    arguments: Sequence[StrawberryArgument] = (),
) -> Any:
    """Computed from other fields of the record: compute(values by path, now, **arguments); null where it says None."""
    return _field(
        Declaration(Kind.DERIVED, field_class=field_class, needs=tuple(needs), compute=compute),
        description,
        arguments,
    )


def _filter(target: str) -> list[StrawberryArgument]:
    # by name: filters are made of the entities' declarations, these among them
    wanted: Any = Annotated[f"{target}Filter", strawberry.lazy("schema.filter")]
    return [argument("filter", wanted | None, "Only those that fulfil this.")]


def _order(order: type[Any] | None) -> list[StrawberryArgument]:
    if order is None:
        return []
    text = "Sort keys, first the most important. Nulls last ascending, first descending; then by partner and own key."
    return [argument("order_by", list[order] | None, text)]  # type: ignore[valid-type]


@dataclass(frozen=True, slots=True)
class EntityDeclaration:
    """What an entity says besides its fields. See `resolvers.entity.Entity`."""

    orders: Mapping[str, str]
    fallback: Mapping[str, Any]
    hidden: Mapping[str, str]
    node: bool


def entity(
    description: str,
    *,
    orders: Mapping[str, str] | None = None,
    fallback: Mapping[str, Any] | None = None,
    hidden: Mapping[str, str] | None = None,
    node: bool = True,
) -> Callable[[type[T]], type[T]]:
    """Make a Strawberry type an entity.

    orders: order field -> dotted leaf path ("" = partner). fallback: dotted path of a required leaf -> value where
    the source has none ("" = the record's local key). hidden: references that partners map but the graph does not
    show, name -> target.
    """

    def decorate(cls: type[T]) -> type[T]:
        made = strawberry.type(cls, description=description)
        made.__entity__ = EntityDeclaration(orders or {}, fallback or {}, hidden or {}, node)  # type: ignore[attr-defined]
        return made

    return decorate


@strawberry.interface(
    description="A thing with identity. Its id is opaque, stable and unique over all partners; `node(id)` finds it "
    "again."
)
class Node:
    """GraphQL Global Object Identification, https://graphql.org/learn/global-object-identification/."""

    id: strawberry.ID = system(
        "Opaque, stable and globally unique; e.g. `QXNzZXQucG9zdGUudmVoaWNsZXM6MTI`. Names the mapping and the key, "
        "not the database's address."
    )

    __entity__: ClassVar[EntityDeclaration]

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return bool(obj.entity == cls.__name__)

    @classmethod
    def resolve_type(cls, obj: Any, *_: Any) -> str:
        return str(obj.entity)
