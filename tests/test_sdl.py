"""The graph's text is a contract with clients: it says when it changes and whether the change breaks them.

`schema/schema.graphql` is the committed text. Two tests hold it:

- it is what the code generates; else the failure lists the changes and the command that renews it;
- the generated schema does not break clients of the version before: the one at HEAD while the file is being changed,
  else the one before the last commit that changed it. So every change is judged against its predecessor, also after
  the file was renewed and committed. A breaking change passes only when CHANGELOG.md tells it in the words of the
  failure. Without a git history there is no version before, and only the first test speaks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLSchema,
    build_schema,
    get_introspection_query,
    is_introspection_type,
    is_specified_directive,
)
from graphql.type import (
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_leaf_type,
    is_non_null_type,
    is_object_type,
    is_scalar_type,
)
from graphql.utilities.find_schema_changes import (
    BreakingChangeType,
    DangerousChangeType,
    SchemaChange,
    find_schema_changes,
)

from schema.declaration import DECLARATION
from schema.graph import build, sdl

ROOT = Path(__file__).parent.parent
SDL = "schema/schema.graphql"
RENEW = f"gateway schema > {SDL}"


def git(root: Path, *arguments: str) -> str | None:
    """What git answers, or None where it cannot: no git, no checkout, no such version."""
    if shutil.which("git") is None:
        return None
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # a hook names its own
    done = subprocess.run(["git", *arguments], cwd=root, env=env, capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


def version_before(root: Path) -> str:
    """The SDL that clients know; the committed file itself where there is no earlier one."""
    now = (root / SDL).read_text()
    head = git(root, "show", f"HEAD:{SDL}")
    if head is None or head != now:
        return head or now
    commits = (git(root, "log", "-2", "--format=%H", "--", SDL) or "").split()
    return (git(root, "show", f"{commits[1]}:{SDL}") if len(commits) == 2 else None) or now


def breaking(old: str, new: str) -> list[str]:
    """Changes after which an operation that was good may no longer be."""
    return [change.description for change in changes(old, new) if isinstance(change.type, BreakingChangeType)]


def changes(old: str, new: str) -> list[SchemaChange]:
    return find_schema_changes(build_schema(old), build_schema(new))


def report(old: str, new: str) -> str:
    """All changes, the worst first."""

    def weight(change: SchemaChange) -> tuple[int, str]:
        if isinstance(change.type, BreakingChangeType):
            return 0, "breaks clients"
        return (1, "may surprise clients") if isinstance(change.type, DangerousChangeType) else (2, "harmless")

    ranked = sorted(changes(old, new), key=weight)
    return "\n".join(f"{weight(change)[1]}: {change.description}" for change in ranked) or "only the text differs"


def test_the_committed_text_is_what_the_code_says() -> None:
    committed, generated = (ROOT / SDL).read_text(), sdl()
    if committed != generated:
        pytest.fail(f"{SDL} is out of date. Renew it with `{RENEW}`.\n{report(committed, generated)}", pytrace=False)


def test_clients_of_the_version_before_are_not_broken() -> None:
    changelog = ROOT / "CHANGELOG.md"
    told = changelog.read_text() if changelog.exists() else ""
    untold = [change for change in breaking(version_before(ROOT), sdl()) if change not in told]
    if untold:
        text = "\n".join(untold)
        pytest.fail(
            f"This breaks clients. Take it back, or tell it in CHANGELOG.md in these words:\n{text}", pytrace=False
        )


def test_the_check_tells_breaking_changes_from_harmless_ones() -> None:
    old = """
        type Query { things(first: Int): [Thing!]! }
        type Thing { id: ID!  seats: Int  kind: Kind! }
        enum Kind { VAN OTHER }
    """

    def after(part: str, instead: str) -> str:
        assert old.count(part) == 1
        return old.replace(part, instead)

    assert breaking(old, after("seats: Int", "")) == ["Field Thing.seats was removed."]
    assert breaking(old, after("kind: Kind!", "kind: Kind")) == ["Field Thing.kind changed type from Kind! to Kind."]
    assert breaking(old, after("(first: Int)", "(first: Int!)")) == [
        "Argument Query.things(first:) has changed type from Int to Int!."
    ]
    assert breaking(old, after("VAN OTHER", "OTHER")) == ["Enum value Kind.VAN was removed."]
    harmless = after("seats: Int", "seats: Int  doors: Int")
    assert breaking(old, harmless) == [] and report(old, harmless) == "harmless: Field Thing.doors was added."
    surprising = after("VAN OTHER", "VAN TRUCK OTHER")
    assert breaking(old, surprising) == [] and report(old, surprising).startswith("may surprise clients: ")
    assert breaking(old, after("(first: Int)", "(first: Int, filter: ID)")) == []
    assert report(old, f"{old}\n# remark") == "only the text differs"


def test_a_change_is_judged_by_its_predecessor_also_when_it_is_committed(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        if os.environ.get("CI"):
            pytest.fail("git is missing")
        pytest.skip("needs git")
    file = tmp_path / SDL
    file.parent.mkdir()

    def commit(name: str, text: str) -> None:
        (tmp_path / name).write_text(text)
        assert git(tmp_path, "add", "-A") is not None
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        assert git(tmp_path, *who, "commit", "-q", "--no-verify", "-m", name) is not None

    file.write_text("one")
    assert version_before(tmp_path) == "one"  # no checkout at all
    assert git(tmp_path, "init", "-q") is not None
    assert version_before(tmp_path) == "one"  # nothing committed
    commit(SDL, "one")
    assert version_before(tmp_path) == "one"
    file.write_text("two")
    assert version_before(tmp_path) == "one"  # being changed
    commit(SDL, "two")
    commit("other", "x")
    assert version_before(tmp_path) == "one"  # changed and committed, and work went on
    file.write_text("three")
    assert version_before(tmp_path) == "two"


def test_the_text_is_the_same_on_every_run() -> None:
    texts = set()
    for seed in ("1", "2"):
        code = "import sys; from schema.graph import sdl; sys.stdout.write(sdl())"
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True
        )
        assert run.returncode == 0, run.stderr.decode()
        texts.add(run.stdout.decode())
    assert texts == {sdl()}
    names = [line.split()[1] for line in sdl().splitlines() if line.startswith(("type ", "enum ", "input ", "scalar "))]
    assert names == sorted(names)


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Every element of the schema that must say what it means, by its coordinate."""
    for name, named in schema.type_map.items():
        if is_introspection_type(named) or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        yield name, named.description
        if is_enum_type(named):
            yield from ((f"{name}.{value}", named.values[value].description) for value in named.values)
        if is_object_type(named) or is_interface_type(named) or is_input_object_type(named):
            for member, field in named.fields.items():
                yield f"{name}.{member}", field.description
                for argument in getattr(field, "args", {}):
                    yield f"{name}.{member}({argument}:)", field.args[argument].description
    for directive in schema.directives:
        if not is_specified_directive(directive):
            yield f"@{directive.name}", directive.description


def test_everything_says_what_it_means() -> None:
    elements = dict(described(build_schema(sdl())))
    assert len(elements) > 500
    assert [name for name, text in elements.items() if not text or not text.strip().endswith((".", "!"))] == []


def test_every_scalar_names_its_specification_and_an_example() -> None:
    schema = build_schema(sdl())
    scalars = {name: t for name, t in schema.type_map.items() if is_scalar_type(t)}
    own = scalars.keys() - {"String", "Int", "Float", "Boolean", "ID"}
    assert own == {"DateTime", "Date", "LocalTime", "Decimal", "CurrencyCode", "RegionCode", "JSON"}
    for name in own:
        assert (scalars[name].specified_by_url or "").startswith("https://"), name
        assert "Example" in (scalars[name].description or ""), name


def test_a_default_of_null_is_not_promised_and_null_is_what_a_partner_may_not_hold() -> None:
    assert "= null" not in sdl()
    schema = build_schema(sdl())
    entities = [t for t in schema.type_map.values() if is_object_type(t) and t.interfaces and t.name != "Partner"]
    always = {(t.name, name) for t in entities for name, field in t.fields.items() if str(field.type).endswith("!")} - {
        (t.name, name) for t in entities for name in ("id", "partner", "provenance")
    }
    assert always == {("Asset", "name"), ("Asset", "kind"), ("Coverage", "kind"), ("Site", "name"), ("Site", "kind")}
    for named in schema.type_map.values():
        if is_object_type(named):
            for name, field in named.fields.items():
                if str(field.type).rstrip("!").endswith("Connection"):
                    assert not str(field.type).endswith("!"), f"{named.name}.{name} may draw on several sources"


async def test_old_clients_can_read_the_introspection() -> None:
    result = await build().execute(get_introspection_query())
    assert result.errors is None and result.data is not None
    directives = {directive["name"]: directive["locations"] for directive in result.data["__schema"]["directives"]}
    # graphql-core < 3.2.11 raises on the location that 3.3 added.
    assert sorted(directives["deprecated"]) == [
        "ARGUMENT_DEFINITION",
        "ENUM_VALUE",
        "FIELD_DEFINITION",
        "INPUT_FIELD_DEFINITION",
    ]


def declarations() -> dict[str, Any]:
    """What each entity declares, by its name."""
    types = build()._schema.type_map.items()
    origins = {name: getattr(t.extensions.get("strawberry-definition"), "origin", None) for name, t in types}
    return {name: origin.__entity__ for name, origin in origins.items() if origin and hasattr(origin, "__entity__")}


def at_path(entity: str, path: str) -> Any:
    """The graphql-core field at a dotted path, e.g. ("Coverage", "insuredAssets.listed")."""
    named: Any = build()._schema.type_map[entity]
    *outer, last = path.split(".")
    for name in outer:
        named = get_named_type(named.fields[name].type)
    return named.fields[last]


def test_what_entities_declare_leads_to_fields_of_the_graph() -> None:
    entities = declarations()
    assert set(entities) == {"Asset", "Person", "Policy", "Coverage", "Site", "Booking", "Authorisation"}
    for entity, declared in entities.items():
        for path in filter(None, declared.orders.values()):
            assert is_leaf_type(get_nullable_type(at_path(entity, path).type)), f"{entity} sorts by {path}"
        if declared.orders:
            values = cast(GraphQLEnumType, build()._schema.type_map[f"{entity}OrderField"]).values
            assert set(values) == set(declared.orders), entity
        for path, value in declared.fallback.items():
            kind = at_path(entity, path).type
            assert is_non_null_type(kind), f"{entity}.{path} is null where the source has nothing"
            kind.of_type.coerce_output_value(value)


def test_edges_lead_back_over_fields_that_lead_here() -> None:
    edges = 0
    for name, named in build()._schema.type_map.items():
        for field in named.fields.values() if is_object_type(named) else ():
            declared = getattr(field.extensions.get("strawberry-definition"), "metadata", {}).get(DECLARATION)
            if declared is None or declared.target is None:
                continue
            kind = get_named_type(field.type)
            assert kind.name in (declared.target, f"{declared.target}Connection")
            if declared.via is None:
                continue
            edges += 1
            entity, _, path = declared.via.partition(".")
            assert entity == declared.target
            if path in declarations()[entity].hidden:
                assert declarations()[entity].hidden[path] == name
            else:
                back = at_path(entity, path).extensions["strawberry-definition"].metadata[DECLARATION]
                assert back.target == name
                assert back.field_class is declared.field_class, f"{declared.via} is told by the way back"
    assert edges == 7
