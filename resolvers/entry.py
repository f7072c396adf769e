"""From raw columns to one entry of a list of composite values: an identifier, a limit and the like."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.composition import ASSUMED, Issues
from resolvers.entity import Field, Model
from resolvers.expression import Constant
from resolvers.identifier import BARE, KEPT
from resolvers.inline import Function, Inline, or_else, there
from resolvers.leaf import Reading, leaf, model_field, several, stand_in, write_several
from resolvers.mapping import Value


@dataclass(frozen=True, slots=True)
class Entry:
    """What reads the entries of one list of parts."""

    model: Model
    entity: str
    field: Field
    zone: str
    path: str

    @property
    def compared(self) -> bool:
        """Whether they are identifiers."""
        return "normalized" in self._fields

    @property
    def _fields(self) -> Map[str, Field]:
        return self.model.parts[self.field.type].fields

    @property
    def _required(self) -> list[str]:
        return [name for name, inner in self._fields.items() if inner.required and inner.mapped]

    @property
    def _nested(self) -> dict[str, list[str]]:
        """The leaves that the parts inside must have."""
        return {
            name: [leaf for leaf, declared in self.model.parts[inner.type].fields.items() if declared.required]
            for name, inner in self._fields.items()
            if inner.type in self.model.parts and not inner.many
        }

    def reading(self, form: Map[str, Value], *, telling: bool = True) -> Reading:
        """How a row delivers one; None where it says nothing of it, or not all that it must have."""
        model, path, compared = self.model, self.path, self.compared
        names, required, nested = list(self._fields), self._required, self._nested
        said = _said(form)
        readings, defaults = {}, {}
        for name, value in form.items():
            inner = model_field(model, self._fields, name)
            where = f"{path}.{name}"
            readings[name] = leaf(inner, value, self.zone, where, telling=telling)
            defaults[name] = stand_in(model, self.entity, where, inner)
        values, spans = several(readings)

        def build(raws: Sequence[Any], issues: Issues) -> dict[str, Any] | None:
            before = len(issues) if issues is not None else 0
            read = {name: inner(raws[start:end], issues) for name, start, end, inner in spans}
            if said and all(read[name] is None for name in said):
                _tell(issues, before, None, path)
                return None  # the row says nothing of this entry: constants and stand-ins alone make none
            item: dict[str, Any] = dict.fromkeys(names)
            for name, value in read.items():
                _put(item, name, defaults[name] if value is None else value)
            for name, needed in nested.items():
                if item[name] is not None and any(item[name].get(leaf) is None for leaf in needed):
                    item[name] = None
            _tell(issues, before, item, path)
            if compared and item["value"] is not None:
                item["value"] = item["value"].strip()
                item["normalized"] = model.compared(item["value"], item["scheme"])
                if not item["normalized"]:
                    return None
            return item if all(item.get(name) is not None for name in required) else None

        return Reading(values, build, self._inline(readings, defaults, said))

    def _inline(self, readings: Map[str, Reading], defaults: Map[str, Any], said: Sequence[str]) -> Inline | None:
        """As one dictionary after another; None for what is nested deeper, or compared though it may be missing."""
        required, nested = self._required, self._nested
        dotted = [name.split(".") for name in readings]
        if any(len(way) > 2 or (len(way) == 2 and way[0] not in nested) for way in dotted):
            return None
        if any(name in nested for name in readings) or (self.compared and "value" not in required):
            return None

        def inline(function: Function, raws: Sequence[str]) -> str:
            read = write_several(readings, function, raws)
            entry = function.keep("None", "entry")
            with function.under(there(function, (read[name] for name in said), "or") if said else ""):
                whole = {name: or_else(function, found, defaults[name]) for name, found in read.items()}
                item = dict.fromkeys(self._fields, "None")
                item |= {name: found for name, found in whole.items() if "." not in name}
                for outer, needed in nested.items():
                    members = {
                        name.partition(".")[2]: found for name, found in whole.items() if name.startswith(outer + ".")
                    }
                    if members:
                        item[outer] = _part(function, members, needed)
                with function.under(there(function, (item[name] for name in required if name in item))):
                    self._end(function, entry, item)
            return entry

        return inline

    def _end(self, function: Function, entry: str, item: dict[str, str]) -> None:
        if not self.compared:
            function.dictionary(entry, item)
            return
        item["value"] = function.keep(f"{item['value']}.strip()")
        item["normalized"] = write_compared(self.model, function, item["value"], item["scheme"])
        with function.under(f"if {item['normalized']}"):
            function.dictionary(entry, item)


def write_compared(model: Model, function: Function, value: str, scheme: str) -> str:
    """Say the compare key of an identifier inside a function, of value and scheme by their names."""
    kept = f"{scheme} in {function.given(model.kept, 'kept')}"
    return function.keep(f"({function.given(KEPT, 'kept')} if {kept} else {function.given(BARE, 'bare')})[{value}]")


def _said(form: Map[str, Value]) -> list[str]:
    """The members that a row can leave unsaid."""
    return [
        name for name, value in form.items() if not isinstance(value.expression, Constant) and value.assumed is None
    ]


def _part(function: Function, members: Map[str, str], needed: Sequence[str]) -> str:
    """A part inside, null without all that it must have."""
    part = function.keep("None", "part")
    with function.under(there(function, (members.get(name, "None") for name in needed))):
        function.dictionary(part, members)
    return part


def _tell(issues: Issues, start: int, item: dict[str, Any] | None, path: str) -> None:
    """Leave out what was assumed for a part that is not there after all."""
    if issues is None or len(issues) == start:
        return

    def stands(at: str) -> bool:
        return item is not None and item.get(at.removeprefix(path + ".").partition(".")[0]) is not None

    issues[start:] = [issue for issue in issues[start:] if issue[0] != ASSUMED or stands(issue[1])]


def _put(item: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted member of nested objects; an inner object without its value is null."""
    *outer, last = path.split(".")
    for name in outer:
        inner = item.get(name)
        if inner is None:
            inner = item[name] = {}
        item = inner
    item[last] = value
