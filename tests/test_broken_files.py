"""A partner file broken anywhere gives mistakes; one that is taken all the same can be asked anything."""

from __future__ import annotations

import asyncio
import copy
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_object_type, is_required_argument
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import demo
from gateway import settings as gateway_settings
from gateway.demo.federation import PARTNERS
from gateway.documents import Documents
from gateway.federation import Federation
from gateway.http import OperationRequest
from gateway.limits import Limits
from gateway.media import JSON
from resolvers.catalog import load
from resolvers.errors import OPERATOR_CODES
from resolvers.viewer import Viewer
from schema import graph
from schema.model import model
from tests.broken import KEYS, ODD, places, toml

FILES = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(PARTNERS.glob("*.toml"))}


@st.composite
def broken(draw: st.DrawFn, most: int = 3) -> tuple[str, dict[str, Any]]:
    """One of the demonstration's files with one or more places that are otherwise."""
    name = draw(st.sampled_from(sorted(FILES)))
    file = copy.deepcopy(FILES[name])
    for _ in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(places(file)[1:]))
        outer = file
        for key in path[:-1]:
            outer = outer[key]
        match draw(st.sampled_from(["value", "value", "swap", "key", "gone"])):
            case "gone":
                del outer[path[-1]]
            case "key" if isinstance(outer, dict):
                outer[draw(KEYS)] = outer.pop(path[-1])
            case "swap":
                other = draw(st.sampled_from(places(file)[1:]))
                taken: Any = file
                for key in other:
                    taken = taken[key]
                outer[path[-1]] = copy.deepcopy(taken)
            case _:
                outer[path[-1]] = copy.deepcopy(draw(ODD))
    return name, file


# taken or refused -----------------------------------------------------------------------------------------------------

VARIABLES = dict.fromkeys(demo.environment(Path()), "sqlite+aiosqlite:///x")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(broken())
def test_a_file_broken_anywhere_gives_mistakes_and_never_an_exception(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[str, dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "file.toml").write_text(toml(case[1]), "utf-8")
    catalog, mistakes = load(folder, model(), VARIABLES)
    for mistake in mistakes:
        assert mistake.code in OPERATOR_CODES
        assert mistake.message
    assert bool(catalog.partners) == all(mistake.level != "error" for mistake in mistakes)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=40), st.integers(0, 5_000))
def test_bytes_broken_anywhere_give_mistakes_and_never_an_exception(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    text = (PARTNERS / "city.toml").read_bytes()
    (folder / "file.toml").write_bytes(text[:place] + noise + text[place + len(noise) :])
    for mistake in load(folder, model(), VARIABLES)[1]:
        assert mistake.code in OPERATOR_CODES


# asked ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration's folder: all stores, and the partner files beside them."""
    folder = tmp_path_factory.mktemp("whole")
    asyncio.run(demo.prepare(folder))
    shutil.copytree(PARTNERS, folder / "partners")
    (folder / "gateway.toml").write_text('partners = "partners"\nown_issuer = true\n', "utf-8")
    return folder


def selection(type_: GraphQLObjectType, depth: int) -> Iterator[str]:
    """Every field of a type that needs no argument, down to a depth."""
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if any(map(is_required_argument, field.args.values())):
            continue
        if is_leaf_type(inner):
            yield name
        elif is_object_type(inner) and depth > 0 and inner.name not in ("Partner", "Agreement"):
            members = " ".join(selection(inner, depth - (not inner.name.endswith("Connection"))))
            if members:
                yield f"{name}{'(first: 3)' if 'first' in field.args else ''} {{ {members} }}"


def questions() -> Iterator[str]:
    """A list of every entity with all its fields, in each of its orders."""
    for name, field in graph.build()._schema.query_type.fields.items():  # type: ignore[union-attr]
        connection = get_named_type(field.type)
        if not connection.name.endswith("Connection") or "nodes" not in connection.fields:
            continue
        node = get_named_type(connection.fields["nodes"].type)
        if node.name not in model().entities:  # nothing of a partner's data source
            continue
        fields = " ".join(selection(node, 2))
        if "orderBy" not in field.args:  # records by an identifier
            yield f'{{ {name}(scheme: LICENSE_PLATE, value: "x") {{ nodes {{ {fields} }} missing {{ code }} }} }}'
            continue
        orders = [
            f"{{field: {order}, direction: {way}}}"
            for order in model().entities[node.name].orders
            for way in ("ASC", "DESC")
        ]
        told = "missing { code }"
        yield f"{{ list: {name}(first: 20, orderBy: [{orders[0]}]) {{ nodes {{ {fields} }} totalCount {told} }} }}"
        lists = (f"l{n}: {name}(first: 3, orderBy: [{o}]) {{ nodes {{ id }} {told} }}" for n, o in enumerate(orders))
        yield f"{{ {' '.join(lists)} }}"


DOCUMENTS = Documents(graph.build()._schema, Limits(fields=5_000, tokens=20_000, aliases=200, repeats=100_000))
REQUESTS = [OperationRequest("test", text, None, {}, {}, JSON, False) for text in questions()]
ALLOWED = {"SOURCE_SCHEMA_DRIFT", "SOURCE_UNAVAILABLE"}


async def ask_everything(folder: Path, code: str) -> list[Any]:
    """What went wrong, where the partner's own people ask for all that it has."""
    federation = Federation(gateway_settings.load(folder / "gateway.toml", {}), demo.environment(folder))
    wrong: list[Any] = []
    try:
        await federation.start()
        viewer = Viewer(
            code, "tester", frozenset({"read", "read:contact", "read:personal", "read:sensitive"}), purpose="lending"
        )
        for request in REQUESTS:
            answer = await federation.runtime.execute(viewer, DOCUMENTS.get(request), request)
            wrong += [error for error in answer.get("errors", ()) if error["extensions"]["code"] not in ALLOWED]
            for found in (answer["data"] or {}).values():
                wrong += [missing for missing in (found or {}).get("missing", ()) if missing["code"] not in ALLOWED]
    finally:
        await federation.close()
    return wrong


def test_the_files_as_they_are_can_be_asked_everything(whole: Path) -> None:
    for code in FILES:
        assert asyncio.run(ask_everything(whole, code)) == []


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(broken(most=1))
def test_a_file_that_is_taken_can_be_asked_everything(whole: Path, case: tuple[str, dict[str, Any]]) -> None:
    name, file = case
    place = whole / "partners" / f"{name}.toml"
    good = place.read_text("utf-8")
    place.write_text(toml(file), "utf-8")
    try:
        catalog, _ = load(whole / "partners", model(), demo.environment(whole))
        code = next((partner.code for partner in catalog.partners.values() if partner.file == place.name), None)
        if code is not None:
            assert asyncio.run(ask_everything(whole, code)) == []
    finally:
        place.write_text(good, "utf-8")
