"""Records of one entity that are fetched together: what is asked of which mapping, as far as the grant shows it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from typing import TypeVar

from resolvers.agreement import stricter
from resolvers.entity import LINKED, Model
from resolvers.expression import Constant
from resolvers.fetch import Along, Arm, Fetch, Show
from resolvers.kept import Kept
from resolvers.mapping import ByKey, Mapping, Parts, Value

T = TypeVar("T")
# What is kept of what was worked out of a level, by question; over it, all is worked out anew.
KEPT = 64
Refusal = Callable[[Mapping, str], str | None]
"""Why a mapping's dotted path is not readable; None where it is."""


@dataclass(slots=True, eq=False)
class Level:
    """Records of one entity that come with the same fetches. names: the path of the identifiers by which they are
    linked. paths: dotted path -> place in a row's values.

    mappings: those whose records can stand here, by view. wanted: view -> what is asked of it, parts and members of
    lists too ("address", "licences.number"). given: view -> what of it is shared. fetches: one per source. The last two
    are there once the level is closed. looks: paths that conditions look at, delivered or not. places: where in the
    response its records stand; aim: the edge of a filter that they are asked for instead. latest: what a list of them
    was last asked for, by whoever asks lists. edges: by path, the level that a reference of its records leads to.
    shows: how its records are shown, by each place of the response that does.
    """

    entity: str
    names: str | None = None
    paths: dict[str, int] = field(default_factory=dict)
    mappings: dict[str, Mapping] = field(default_factory=dict)
    wanted: dict[str, set[str]] = field(default_factory=dict)
    issues: bool = False
    fetches: tuple[Fetch, ...] = ()
    given: dict[str, frozenset[str]] = field(default_factory=dict)
    looks: frozenset[str] = frozenset()
    places: list[tuple[str, ...]] = field(default_factory=list)
    aim: str = ""
    edges: dict[str, Level] = field(default_factory=dict)
    shows: list[Show] = field(default_factory=list)
    latest: object = field(default=None, init=False, repr=False)
    _kept: Kept = field(default_factory=lambda: Kept(KEPT), init=False, repr=False)

    def allow(self, mappings: Iterable[Mapping]) -> tuple[Mapping, ...]:
        """Let records of mappings stand here; the same mappings."""
        found = tuple(mappings)
        for mapping in found:
            self.mappings.setdefault(mapping.view, mapping)
        return found

    def want(self, path: str, mappings: Iterable[Mapping]) -> None:
        """Ask some mappings for a path."""
        self.paths.setdefault(path, len(self.paths))
        self.want_inside(path, mappings)

    def want_inside(self, path: str, mappings: Iterable[Mapping]) -> None:
        """Ask some mappings for a part, or for a member of a list, which come with other paths."""
        for mapping in mappings:
            self.wanted.setdefault(mapping.view, set()).add(path)

    def close(self, model: Model, refusal: Refusal) -> None:
        """Make the fetches. Columns that nothing asked for, or that the grant does not show, are in none of them."""
        if self.issues:  # a record's issues are those of every field that the caller may read
            for mapping in self.mappings.values():
                for path in _readable(mapping, refusal):
                    self.want(path, [mapping])
        paths, veils = tuple(self.paths), model.veils(self.entity)
        by_source: dict[str, list[Arm]] = {}
        for mapping in sorted(self.mappings.values(), key=lambda m: m.rank):
            asked = self.wanted.get(mapping.view, set())
            sayable = {*mapping.fields, *(path for path in model.entities[self.entity].orders.values() if path)}
            withheld = frozenset(path for path in sayable if refusal(mapping, path) is not None)
            withheld |= {path for path in self.looks if self._unknown(model, mapping, path, refusal)}
            given = frozenset(path for path in paths if path in mapping.fields and path in asked) - withheld
            self.given[mapping.view] = frozenset(path for path in asked if refusal(mapping, path) is None)
            narrow = self._narrowed(model, mapping, given, asked, refusal)
            by_source.setdefault(mapping.source_id, []).append(Arm(narrow, given, withheld))
        self.fetches = tuple(
            Fetch(
                source,
                self.entity,
                paths,
                tuple(arms),
                self.issues,
                places=tuple(self.places),
                aim=self.aim,
                veiled=any(path.partition(".")[0] in veils for arm in arms for path in arm.given),
            )
            for source, arms in by_source.items()
        )

    def _unknown(self, model: Model, mapping: Mapping, path: str, refusal: Refusal) -> bool:
        """Whether a path is withheld, or something without which the part around it is not there."""
        return any(refusal(mapping, found) is not None for found in (path, *model.guards(self.entity, path)))

    def once(self, question: Hashable, make: Callable[[], T]) -> T:
        """What follows from the closed level and its grant alone, the same object each time as long as it is kept."""
        return self._kept.once(question, make)

    def looking(self, model: Model, refusal: Refusal, looks: frozenset[str], extra: tuple[str, ...] = ()) -> Level:
        """A closed copy whose fetches say of some paths whether they are withheld, and that delivers extra ones."""
        return self.once((looks, extra), lambda: self._looking(model, refusal, looks, extra))

    def _looking(self, model: Model, refusal: Refusal, looks: frozenset[str], extra: tuple[str, ...]) -> Level:
        wanted = {name: set(paths) for name, paths in self.wanted.items()}
        found = Level(self.entity, self.names, dict(self.paths), dict(self.mappings), wanted, self.issues, looks=looks)
        found.places, found.aim, found.shows = self.places, self.aim, self.shows
        for path in extra:
            found.want(path, self.mappings.values())
        for path in looks:  # members of lists, so that they are in them
            found.want_inside(path, self.mappings.values())
        found.edges = {path: level for path, level in self.edges.items() if path not in looks and path not in extra}
        found.close(model, refusal)
        found.join()
        return found

    def shown(self, fetch: Fetch) -> Fetch:
        """A fetch of the level whose rows are shown while they are read, where one place alone shows them."""
        if len(self.shows) != 1 or fetch.veiled or fetch.issues:
            return fetch
        return self.once((Show, fetch), lambda: self._shown(fetch))

    def _shown(self, fetch: Fetch) -> Fetch:
        joins = tuple(
            replace(along, fetch=replace(along.fetch, show=there.shows[0]))
            if len((there := self.edges[along.path]).shows) == 1 and not along.fetch.veiled
            else along
            for along in fetch.joins
        )
        return replace(fetch, show=self.shows[0], joins=joins)

    def join(self) -> None:
        """Say in the fetches which references their source may follow. It and the levels below must be closed."""
        self.fetches = tuple(
            replace(fetch, joins=found) if (found := tuple(self._along(fetch))) else fetch for fetch in self.fetches
        )

    def _along(self, fetch: Fetch) -> Iterator[Along]:
        """The references of a fetch of one mapping that lead to one mapping of the same source by its key."""
        if len(fetch.arms) != 1 or fetch.issues:
            return
        arm = fetch.arms[0]
        for path, there in self.edges.items():
            binding = arm.mapping.fields.get(path)
            if not isinstance(binding, ByKey) or binding.code is not None or path not in arm.given or there.issues:
                continue
            targets = [m for m in there.mappings.values() if m.id == binding.to[""]]
            if len(targets) != 1 or targets[0].source_id != fetch.source:
                continue
            inner = next(found for found in there.fetches if found.source == fetch.source)
            if inner.veiled:
                continue
            arms = tuple(found for found in inner.arms if found.mapping.view == targets[0].view)
            yield Along(path, replace(inner, arms=arms))

    def _narrowed(
        self, model: Model, mapping: Mapping, given: frozenset[str], asked: set[str], refusal: Refusal
    ) -> Mapping:
        """The mapping with its lists cut down to the members that the grant shows.

        All of these are read, asked for or not, because an entry stands or falls with them; but what is more private
        than its list is read only when it is asked for.
        """
        fields = dict(mapping.fields)
        for path, binding in mapping.fields.items():
            if path in given and isinstance(binding, Parts):
                left = {
                    name
                    for member in binding.forms
                    for name in member
                    if refusal(mapping, inner := f"{path}.{name}") is None
                    and (self.issues or inner in asked or not stricter(model, self.entity, inner))
                }
                fields[path] = _cut(binding, left)
        return replace(mapping, fields=fields) if fields != mapping.fields else mapping


def _cut(parts: Parts, left: set[str]) -> Parts:
    """A list's entries without some members; an entry of which only constants would be left goes altogether."""
    members: list[Map[str, Value]] = []
    exact: set[int] = set()
    for index, member in enumerate(parts.members):
        kept = {name: value for name, value in member.items() if name in left}
        if _says(kept) or not _says(member):
            if index in parts.exact:
                exact.add(len(members))
            members.append(kept)
    gathered = []
    for entries in parts.gathered:
        kept = {name: value for name, value in entries.fields.items() if name in left}
        if _says(kept) or not _says(entries.fields):
            gathered.append(replace(entries, fields=kept))
    return replace(parts, members=tuple(members), exact=frozenset(exact), gathered=tuple(gathered))


def _says(member: Map[str, Value]) -> bool:
    return any(not isinstance(value.expression, Constant) for value in member.values())


def _readable(mapping: Mapping, refusal: Refusal) -> list[str]:
    return [
        path
        for path, binding in mapping.fields.items()
        if path != LINKED and isinstance(binding, Value | Parts | ByKey) and refusal(mapping, path) is None
    ]
