"""Random operations that the schema takes, grown from its types: fragments, aliases, merged selections, directives,
variables, and arguments inside and outside of their bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from hypothesis import strategies as st

from schema import graph
from tests.operations import MOMENTS, NAMES, UNSTEADY, VALUES

SCHEMA: GraphQLSchema = graph.build()._schema
UNBOUND: Any = object()
"""The value of a variable that the request does not send."""

INTROSPECTION = (
    "__schema { queryType { name } types { name kind } }",
    '__type(name: "Asset") { name interfaces { name } fields { name isDeprecated } }',
    '__type(name: "AssetOrderField") { enumValues { name } }',
    '__type(name: "Nobody") { name }',
    "__schema { directives { name locations args { name type { kind name ofType { name } } } } }",
)
CODES = ("poste", "coop", "city", "insurer", "broker", "nobody")
IDS = tuple(f"%ids:0:{n}%" for n in range(45))
FIRSTS = (1, 1, 2, 2, 3, 50, 1000, 0, -1, 1001)


CURSORS = {
    "Query.assets": ("", "orderBy: [{field: NAME}]"),
    "Query.people": ("",),
    "Query.coverages": ("", "orderBy: [{field: KIND, direction: DESC}]"),
    "Query.bookings": ("",),
    "Asset.coverages": ("first: 2",),
}
"""Lists whose cursors an operation may hold: "Type.field" -> the arguments that stand beside one."""
MARK = re.compile(r"%([\w.]+):(\d+):(\d+)%")


@dataclass(frozen=True, slots=True)
class Known:
    """What a caller may name. cursors: by list and place of its arguments in `CURSORS`."""

    ids: Sequence[str] = ()
    cursors: Mapping[tuple[str, int], Sequence[str]] = field(default_factory=dict)

    def put(self, text: str) -> str:
        """A text with its marks filled in."""
        return MARK.sub(self._named, text)

    def _named(self, found: re.Match[str]) -> str:
        among = self.ids if found[1] == "ids" else self.cursors.get((found[1], int(found[2])), ())
        return among[int(found[3]) % len(among)] if among else "nothing is here"


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation and the variables that are sent with it."""

    text: str
    variables: Mapping[str, Any]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # how Hypothesis shows it
        printer.text(f"{self.text}\n{json.dumps(self.variables)}")

    def known(self, known: Known) -> Asked:
        """The same, with what a caller knows in the place of marks."""
        return Asked(known.put(self.text), json.loads(known.put(json.dumps(self.variables))))

    @property
    def fits(self) -> bool:
        """Whether the schema takes it: fields of different types may have come under one key."""
        return not validate(SCHEMA, parse(self.text))


@st.composite
def operations(draw: st.DrawFn, size: int = 40) -> Asked:
    """Operations of about so many fields, with marks for what only their world can name."""
    return _Growth(lambda below: draw(st.integers(0, below - 1)), size).operation()


@dataclass(frozen=True, slots=True)
class _Fragment:
    """depth, lists: how much room it needs."""

    name: str
    depth: int
    lists: int


class _Growth:
    def __init__(self, below: Callable[[int], int], size: int) -> None:
        self._below = below
        self._left = size
        self._names = 0
        self._plain: dict[tuple[str, str], str] = {}  # (type, field) -> arguments, wherever it has no alias
        self._aliased: dict[str, list[tuple[str, str, str]]] = {}  # type -> (alias, field, arguments)
        self._fragments: dict[str, list[_Fragment]] = {}
        self._texts: list[str] = []
        self._declared: dict[str, str] = {}
        self._by_type: dict[str, list[str]] = {}
        self._sent: dict[str, Any] = {}

    # chance; the first choice is the plainest, which shrinking tends to

    def _once_in(self, times: int) -> bool:
        return self._below(times) == times - 1

    def _one(self, of: Sequence[Any]) -> Any:
        return of[self._below(len(of))]

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    # selections

    def operation(self) -> Asked:
        root = SCHEMA.query_type
        assert root is not None
        found = [self._field(root, self._one(list(root.fields)), 6, 3) for _ in range(1 + self._below(3))]
        if self._once_in(6):
            found.append(f"{self._name('i')}: {self._one(INTROSPECTION)}")
        if self._once_in(6):
            found.append("__typename")
        if self._once_in(6):
            found.append(f"... on Query{self._directives()} {{ {self._field(root, 'viewer', 3, 1)} }}")
        head = ", ".join(f"${name}: {declared}" for name, declared in self._declared.items())
        text = "\n".join([f"query Q{f'({head})' if head else ''} {{ {' '.join(found)} }}", *self._texts])
        return Asked(text, {name: value for name, value in self._sent.items() if value is not UNBOUND})

    def _selections(self, of: Any, depth: int, lists: int) -> str:
        """The inside of a selection set; never empty."""
        found: list[str] = []
        wanted = 1 + self._below(4)
        if of.name.endswith("Connection"):
            found.append(self._field(of, self._one(["nodes", "nodes", "edges"]), depth, lists))
            wanted = self._below(3)
        elif of.name.endswith("Edge"):
            found.append(self._field(of, "node", depth, lists))
        for _ in range(wanted):
            if self._left <= 0 and found:
                break
            found.append(self._selection(of, depth, lists))
        return " ".join(found) or "__typename"

    def _selection(self, of: Any, depth: int, lists: int) -> str:
        choice = self._below(20)
        if choice == 19:
            return f"__typename{self._directives()}" if self._once_in(2) else f"{self._name('t')}: __typename"
        if choice >= 17:
            return self._spread(of, depth, lists)
        if choice >= 15 or (isinstance(of, GraphQLInterfaceType) and choice > 2):
            return self._inline(of, depth, lists)
        names = [name for name, each in of.fields.items() if self._fits(of, name, each, depth, lists)]
        edges = [name for name in names if not is_leaf_type(get_named_type(of.fields[name].type))]
        if not names:
            return "__typename"
        return self._field(of, self._one(edges if edges and choice > 6 and self._left > 0 else names), depth, lists)

    def _fits(self, of: Any, name: str, each: GraphQLField, depth: int, lists: int) -> bool:
        named = get_named_type(each.type)
        if (of.name, name) in UNSTEADY:
            return False
        return is_leaf_type(named) or (depth > 0 and (lists > 0 or not named.name.endswith("Connection")))

    def _field(self, of: Any, name: str, depth: int, lists: int) -> str:
        self._left -= 1
        each: GraphQLField = of.fields[name]
        named: Any = get_named_type(each.type)
        known = self._aliased.setdefault(of.name, [])
        again = [entry for entry in known if entry[1] == name]
        if again and self._once_in(3):
            alias, _, arguments = self._one(again)
        elif self._once_in(5) or (of.name, name) in _UNLIKE:
            arguments = self._arguments(of, name)
            alias = self._name("x")
            known.append((alias, name, arguments))
        else:
            alias = ""
            if (of.name, name) not in self._plain:
                self._plain[of.name, name] = self._arguments(of, name)
            arguments = self._plain[of.name, name]
        inner = ""
        if not is_leaf_type(named):
            less = 0 if named.name.endswith(("Connection", "Edge")) or of.name.endswith(("Connection", "Edge")) else 1
            inner = self._selections(named, depth - less, lists - named.name.endswith("Connection"))
            inner = f" {{ {inner} }}"
        found = f"{f'{alias}: ' if alias else ''}{name}{arguments}{self._directives()}{inner}"
        if inner and self._once_in(8):  # the same key again, with other fields
            found += f" {self._again(of, name, alias, arguments, named, depth, lists)}"
        return found

    def _again(self, of: Any, name: str, alias: str, arguments: str, named: Any, depth: int, lists: int) -> str:
        inner = self._selections(named, depth - 1, lists - named.name.endswith("Connection"))
        text = f"{f'{alias}: ' if alias else ''}{name}{arguments} {{ {inner} }}"
        return text if self._once_in(2) else f"... on {of.name}{self._directives()} {{ {text} }}"

    def _inline(self, of: Any, depth: int, lists: int) -> str:
        inside = self._narrowed(of)
        condition = "" if inside is of and self._once_in(2) else f" on {inside.name}"
        return f"...{condition}{self._directives()} {{ {self._selections(inside, depth, lists)} }}"

    def _spread(self, of: Any, depth: int, lists: int) -> str:
        inside = self._narrowed(of)
        fitting = [f for f in self._fragments.get(inside.name, ()) if f.depth <= depth and f.lists <= lists]
        if fitting and (self._once_in(2) or self._left <= 0):
            return f"...{self._one(fitting).name}{self._directives()}"
        name = self._name("F")
        text = self._selections(inside, depth, lists)
        self._texts.append(f"fragment {name} on {inside.name} {{ {text} }}")
        self._fragments.setdefault(inside.name, []).append(_Fragment(name, depth, lists))
        return f"...{name}{self._directives()}"

    def _narrowed(self, of: Any) -> Any:
        """A type whose fields may be asked of a type's objects: itself, one that it may be, an interface of it."""
        if isinstance(of, GraphQLInterfaceType):
            return self._one([*SCHEMA.get_possible_types(of), of])
        if isinstance(of, GraphQLObjectType) and of.interfaces and self._once_in(4):
            return of.interfaces[0]
        return of

    def _directives(self) -> str:
        if not self._once_in(12):
            return ""
        given = {name: self._condition() for name in self._one([["skip"], ["include"], ["include", "skip"]])}
        return "".join(f" @{name}(if: {value})" for name, value in given.items())

    def _condition(self) -> str:
        if self._once_in(2):
            return str(self._one(["true", "false"]))
        declared, sent = self._one(_CONDITIONS)
        return self._variable(declared, self._one(sent))

    # arguments

    def _arguments(self, of: Any, name: str) -> str:
        lists = CURSORS.get(f"{of.name}.{name}")
        if lists and self._once_in(4):
            at = self._below(len(lists))
            cursor = f'after: "%{of.name}.{name}:{at}:{self._below(7)}%"'
            return f"({', '.join(filter(None, [lists[at], cursor]))})"
        given = {key: self._argument(key, each) for key, each in of.fields[name].args.items() if self._wants(key, each)}
        return f"({', '.join(f'{key}: {value}' for key, value in given.items())})" if given else ""

    def _wants(self, key: str, each: GraphQLArgument) -> bool:
        if is_non_null_type(each.type):
            return True
        # A cursor is good for its own list only, and `last` is no friend of `first`.
        return self._once_in({"first": 2, "after": 25, "before": 25, "last": 12}.get(key, 3))

    def _argument(self, key: str, each: GraphQLArgument) -> str:
        if self._once_in(3):
            return self._as_variable(each.type, self._value(key, each.type))
        if not is_non_null_type(each.type) and self._once_in(15):
            return "null"
        return self._written(each.type, self._value(key, each.type))

    def _as_variable(self, type_: Any, value: Any) -> str:
        """A variable of a type: with and without a default, sent, not sent, or sent as null."""
        known = self._by_type.get(str(type_), ())
        if known and self._once_in(3):
            return f"${self._one(known)}"
        text = str(type_)
        if is_non_null_type(type_):
            with_default, nullable = self._once_in(3), self._once_in(3)
            default = f" = {self._written(type_.of_type, value)}"
            if with_default:
                sent = self._one([value, UNBOUND, *([None] if nullable and self._once_in(2) else [])])
                return self._variable(f"{str(type_.of_type) if nullable else text}{default}", sent)
            return self._variable(text, value)
        if self._once_in(3):
            return self._variable(f"{text} = {self._written(type_, value)}", self._one([value, UNBOUND, None]))
        return self._variable(text, self._one([value, value, UNBOUND, None]))

    def _variable(self, declared: str, sent: Any) -> str:
        name = self._name("v")
        self._declared[name] = declared
        self._sent[name] = sent
        self._by_type.setdefault(declared, []).append(name)
        return f"${name}"

    def _value(self, key: str, type_: Any) -> Any:
        """A value for an argument: lists and objects of texts, numbers, and names of enum values."""
        named = get_named_type(type_)
        if key in ("first", "last"):
            return self._one(FIRSTS)
        if key in ("id", "ids", "code", "value"):
            among = {"code": CODES, "value": [value for _, value in NAMES]}.get(key, IDS)
            return [self._one(among) for _ in range(self._below(6))] if key == "ids" else self._one(among)
        if key == "scheme":
            return self._one([scheme for scheme, _ in NAMES])
        if key == "start":
            return "2026-01-01T00:00:00Z"
        if key == "end":
            return self._one(["2027-01-01T00:00:00Z", "2026-11-22T00:00:00+01:00", "2025-01-01T00:00:00Z"])
        if key in ("after", "before"):
            return "not a cursor"
        if key == "orderBy":
            return [self._value("", named) for _ in range(self._one([1, 1, 2, 0]))]
        if named.name == "Near":
            return {"lat": self._one([48.89, 0.0, 91.0]), "lon": self._one([2.2, 181.0]), "km": self._one([5, 500, -1])}
        if isinstance(named, GraphQLInputObjectType):
            return self._filled(named, 4)
        return self._leaf(named)

    def _leaf(self, named: Any) -> Any:
        if isinstance(named, GraphQLEnumType):
            return self._one(list(named.values))
        return self._one(VALUES.get(named.name, MOMENTS))

    def _filled(self, of: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        names = list(of.fields)
        if not of.name.endswith("Filter"):  # of an order
            names = [name for name in names if is_non_null_type(of.fields[name].type) and name != "direction"]
            names += ["direction"] if self._once_in(2) else []
        elif depth <= 0:
            names = [n for n in names if not isinstance(get_named_type(of.fields[n].type), GraphQLInputObjectType)]
        if of.name.endswith("Filter"):
            names = [self._one(names) for _ in range(1 + self._once_in(4))] if names else []
        for name in names:
            type_ = of.fields[name].type
            named: Any = get_named_type(type_)
            inner = isinstance(named, GraphQLInputObjectType)
            value = self._filled(named, depth - 1) if inner else self._leaf(named)
            found[name] = [value] if is_list_type(getattr(type_, "of_type", type_)) or is_list_type(type_) else value
        return found

    def _written(self, type_: Any, value: Any) -> str:
        """A value as a document writes it."""
        named = get_named_type(type_)
        if isinstance(value, list):
            return f"[{', '.join(self._written(named, each) for each in value)}]"
        if isinstance(value, dict):
            fields = named.fields
            return f"{{{', '.join(f'{key}: {self._written(fields[key].type, each)}' for key, each in value.items())}}}"
        if isinstance(named, GraphQLEnumType):
            return str(value)
        return json.dumps(value, ensure_ascii=False)


# (declaration, what may be sent for it)
_CONDITIONS: Sequence[tuple[str, Sequence[Any]]] = (
    ("Boolean!", (True, False)),
    ("Boolean! = true", (True, False, UNBOUND)),
    ("Boolean = false", (True, False, UNBOUND)),
    ("Boolean = true", (True, False, True, False, UNBOUND, None)),
)


def _unlike() -> set[tuple[str, str]]:
    """The fields of what can be a Node whose name stands for another type elsewhere: they need a key of their own."""
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    types: dict[str, set[str]] = {}
    possible = SCHEMA.get_possible_types(node)
    for each in possible:
        for name, found in each.fields.items():
            types.setdefault(name, set()).add(str(found.type))
    return {(each.name, name) for each in possible for name in each.fields if len(types[name]) > 1}


_UNLIKE = _unlike()
