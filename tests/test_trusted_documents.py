"""Documents by id, by hash and from manifests: what a partner's callers may run, over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway import check, manifest
from gateway.registered import Registered
from tests.gateways import CONFIG, Gateway, running
from tests.test_reload import partner_file, write
from tests.test_watch import became, ready

ONE = "query One { assets(first: 1) { nodes { name } } }"
TWO = "query Two($first: Int) { assets(first: $first) { nodes { name status } } }"
OTHER = "{ assets { nodes { id } } }"
WRONG = "query Wrong { nothing }"
TOO_DEEP = "query Deep " + "{ node " * 20 + "{ id }" + " }" * 20


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


MANIFESTS = {
    "codegen": {hashlib.sha1(ONE.encode()).hexdigest(): ONE, hashlib.sha1(TWO.encode()).hexdigest(): TWO},
    "relay": {"One-1": ONE, "Two-1": TWO},
    "apollo": {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [
            {"id": sha(ONE), "body": ONE, "name": "One", "type": "query"},
            {"id": sha(TWO), "body": TWO, "name": "Two", "type": "query"},
        ],
    },
}
IDS = {"codegen": hashlib.sha1(ONE.encode()).hexdigest(), "relay": "One-1", "apollo": sha(ONE)}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as store:
        store.executescript(
            "create table one (id integer primary key, name text, state text);"
            "create table two (id integer primary key, name text, state text);"
            "insert into one values (1, 'One', 'IN_USE'); insert into two values (1, 'Two', 'LOST');"
        )
    return {"URL": f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}"}


def bound(mode: str | None, file: Path | str | None) -> str:
    """The partner file of `one`, with `[documents]`."""
    lines = [f'mode = "{mode}"'] if mode else []
    lines += [f'manifest = "{file}"'] if file else []
    return partner_file("one") + "\n[documents]\n" + "\n".join(lines) + "\n"


def written(folder: Path, content: object) -> Path:
    path = folder / "documents.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


async def post(
    gateway: Gateway, body: Mapping[str, Any], partner: str = "one", accept: str = "application/graphql-response+json"
) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {gateway.token(partner)}", "accept": accept}
    async with gateway.session.post(f"{gateway.url}/graphql", json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def get(gateway: Gateway, **parameters: str) -> tuple[int, Any, Mapping[str, str]]:
    headers = {"authorization": f"Bearer {gateway.token('one')}"}
    async with gateway.session.get(f"{gateway.url}/graphql", params=parameters, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers


def told(answer: tuple[int, Any]) -> tuple[int, str, str]:
    status, body = answer
    (error,) = body["errors"]
    assert "data" not in body
    return status, error["extensions"]["code"], error["message"]


def apq(text: str, **rest: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha(text)}}, **rest}


@pytest.mark.parametrize("form", MANIFESTS)
async def test_under_enforce_only_the_manifest_runs_by_id_by_hash_and_by_text(
    environ: dict[str, str], tmp_path: Path, form: str
) -> None:
    file = written(tmp_path, MANIFESTS[form])
    files = {"one": bound("enforce", file), "two": partner_file("two")}
    async with running(files, environ) as gateway:
        status, wanted = await post(gateway, {"query": ONE})
        assert (status, len(wanted["data"]["assets"]["nodes"])) == (200, 1)
        for body in (
            {"documentId": IDS[form]},
            {"doc_id": IDS[form], "query": None},
            {"documentId": f"sha256:{sha(ONE)}"},
            apq(ONE),
            apq(ONE, query=ONE),
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": IDS[form]}}},
        ):
            assert await post(gateway, body) == (200, wanted), body
        status, by_url, headers = await get(gateway, documentId=IDS[form])
        assert (status, by_url) == (200, wanted)
        assert headers["cache-control"] == "private, no-store"
        _, found = await post(gateway, {"documentId": f"sha256:{sha(TWO)}", "variables": {"first": 2}})
        assert len(found["data"]["assets"]["nodes"]) == 2

        for body in (
            {"query": OTHER},
            {"query": f"{ONE} "},
            {"documentId": "nobody"},
            apq(OTHER),
            apq(OTHER, query=OTHER),
            {"query": "{ __schema { types { name } } }"},
            {"query": "{ not graphql"},
        ):
            assert told(await post(gateway, body))[:2] == (403, "DOCUMENT_NOT_TRUSTED"), body
            assert told(await post(gateway, body, accept="application/json"))[:2] == (403, "DOCUMENT_NOT_TRUSTED")
        assert told(await post(gateway, apq(OTHER)))[1] == "DOCUMENT_NOT_TRUSTED", "nothing is registered"
        # The manifest binds its own partner's callers, and helps nobody else.
        assert (await post(gateway, {"query": OTHER}, "two"))[0] == 200
        assert told(await post(gateway, {"documentId": IDS[form]}, "two"))[1] == "PERSISTED_QUERY_NOT_FOUND"


async def test_log_tells_each_unknown_text_once_and_never_the_text(
    environ: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running({"one": bound("log", written(tmp_path, MANIFESTS["relay"]))}, environ) as gateway:
        secret = '{ assets(filter: {name: {eq: "hush-hush"}}) { nodes { id } } }'
        for _ in range(3):
            assert (await post(gateway, {"query": secret}))[0] == 200
            assert (await post(gateway, {"query": ONE}))[0] == 200
        lines = [each.getMessage() for each in caplog.records if "not in its manifest" in each.getMessage()]
        assert lines == [f"a document of partner one is not in its manifest: sha256 {sha(secret)}"]
        assert "hush" not in caplog.text


async def test_off_runs_everything_and_ids_help_all_the_same(environ: dict[str, str], tmp_path: Path) -> None:
    async with running({"one": bound(None, written(tmp_path, MANIFESTS["relay"]))}, environ) as gateway:
        assert (await post(gateway, {"documentId": "One-1"}))[0] == 200
        assert (await post(gateway, {"query": OTHER}))[0] == 200


async def test_the_default_mode_holds_for_partners_that_say_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    config = CONFIG + '[documents]\nmode = "enforce"\n'
    files = {"one": bound("off", written(tmp_path, MANIFESTS["relay"])), "two": partner_file("two")}
    async with running(files, environ, config) as gateway:
        assert told(await post(gateway, {"query": ONE}, "two"))[1] == "DOCUMENT_NOT_TRUSTED"
        assert (await post(gateway, {"query": ONE}))[0] == 200


async def test_automatic_persisted_queries_as_apollo_clients_use_them(environ: dict[str, str]) -> None:
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ) as gateway:
        unknown = (400, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        assert told(await post(gateway, apq(ONE))) == unknown
        assert told(await post(gateway, apq(ONE), accept="application/json")) == (200, *unknown[1:])
        status, answer = await post(gateway, apq(ONE, query=ONE))
        assert (status, "errors" in answer) == (200, False)
        assert await post(gateway, apq(ONE)) == (200, answer)
        extensions = json.dumps(apq(ONE)["extensions"])
        assert (await get(gateway, extensions=extensions))[:2] == (200, answer)
        assert await post(gateway, {"documentId": f"sha256:{sha(ONE)}"}) == (200, answer)
        assert told(await post(gateway, apq(ONE), "two")) == unknown, "a partner meets its own callers' texts only"

        for text in (WRONG, "{ not graphql", TOO_DEEP):
            assert "errors" in (await post(gateway, apq(text, query=text)))[1]
            assert told(await post(gateway, apq(text))) == unknown, "what cannot run is not kept"


@pytest.mark.parametrize(
    "body",
    [
        apq(OTHER, query=ONE),
        {"query": ONE, "extensions": {"persistedQuery": {"version": 2, "sha256Hash": sha(ONE)}}},
        {"query": ONE, "extensions": {"persistedQuery": {"version": True, "sha256Hash": sha(ONE)}}},
        {"query": ONE, "extensions": {"persistedQuery": {"version": 1}}},
        {"query": ONE, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": 7}}},
        {"query": ONE, "extensions": {"persistedQuery": "x"}},
        {"extensions": {"persistedQuery": [1]}},
        {"documentId": 7},
        {"documentId": ""},
        {"documentId": "a", "query": ONE},
        {"documentId": "a", "doc_id": "a"},
        {"query": 0, "documentId": "a"},
        {"extensions": []},
        {},
    ],
    ids=json.dumps,
)
async def test_what_is_no_name_of_a_document_is_refused(environ: dict[str, str], body: Mapping[str, Any]) -> None:
    async with running({"one": partner_file("one")}, environ) as gateway:
        for accept in ("application/json", "application/graphql-response+json"):
            assert told(await post(gateway, body, accept=accept))[:2] == (400, "BAD_REQUEST")


async def test_trusted_texts_cost_a_partner_none_of_its_time_for_new_texts(
    environ: dict[str, str], tmp_path: Path
) -> None:
    texts = {f"q{n}": f"query Q{n} {{ assets(first: {n}) {{ nodes {{ name }} }} }}" for n in range(1, 20)}
    config = CONFIG + '[limits]\nnew_texts = 1\nnew_texts_saved = "1ms"\n'
    async with running({"one": bound("log", written(tmp_path, texts))}, environ, config) as gateway:
        # This empties the purse for some seconds.
        assert (await post(gateway, {"query": "{" + "assets(first: 1) { nodes { name status } } " * 30 + "}"}))[
            0
        ] == 200
        for name, text in texts.items():
            refused = await post(gateway, {"query": f"{text} #"}) if name == "q1" else None
            assert refused is None or told(refused)[:2] == (429, "TOO_MANY_NEW_DOCUMENTS")
            assert (await post(gateway, {"documentId": name}))[0] == 200
            assert (await post(gateway, {"query": text}))[0] == 200


async def test_trusted_texts_are_under_every_other_limit_and_the_schema(
    environ: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    texts = {"good": ONE, "wrong": WRONG, "deep": TOO_DEEP, "change": "mutation M { x }"}
    async with running({"one": bound("enforce", written(tmp_path, texts))}, environ) as gateway:
        assert told(await post(gateway, {"documentId": "wrong"}))[:2] == (400, "GRAPHQL_VALIDATION_FAILED")
        assert told(await post(gateway, {"documentId": "deep"}))[:2] == (400, "TOO_DEEP")

        async def warned() -> object:
            lines = [each.getMessage() for each in caplog.records if "MANIFEST_OPERATION" in each.getMessage()]
            return [name for name in texts if any(repr(name) in line for line in lines)]

        await became(warned, ["wrong", "deep", "change"])


async def test_a_changed_manifest_is_live_and_a_broken_one_changes_nothing(
    environ: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = written(tmp_path, {"one": ONE})
    async with running({"one": bound("enforce", file), "two": partner_file("two")}, environ) as gateway:

        async def second() -> object:
            return (await post(gateway, {"documentId": "two"}))[0]

        assert await second() == 403
        written(tmp_path, {"one": ONE, "two": TWO})
        await became(second, 200)
        stale = {"status": "ready", "configuration": "stale"}
        for broken in ('{"one": ', '{"one": 7}', '{"one": "a", "one": "b"}', "[]", '{"format": "other"}'):
            file.write_text(broken, "utf-8")
            await became(lambda: ready(gateway), stale)
            assert await second() == 200
            written(tmp_path, {"one": ONE, "two": TWO})
            await became(lambda: ready(gateway), {"status": "ready"})
        file.unlink()
        await became(lambda: ready(gateway), stale)
        assert "one.toml: documents.manifest" in caplog.text
        assert await second() == 200
        written(tmp_path, {"one": ONE})
        await became(second, 403)


async def test_check_tells_what_is_wrong_with_manifests(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "partners").mkdir()
    (tmp_path / "gateway.toml").write_text(CONFIG, "utf-8")
    write(tmp_path, "one", bound("enforce", "documents.json"))
    write(tmp_path, "two", partner_file("two") + '[documents]\nmanifest = "nowhere.json"\n')
    written(tmp_path / "partners", {"good": ONE, "wrong": WRONG})
    found = (await check.look(tmp_path / "gateway.toml", environ, check.Options(offline=True))).findings
    told = {(each.level, each.code, each.file, each.key) for each in found if each.key == "documents.manifest"}
    assert told == {
        ("warning", "MANIFEST_OPERATION", "one.toml", "documents.manifest"),
        ("error", "CATALOG_UNREADABLE", "two.toml", "documents.manifest"),
    }


async def test_a_manifest_that_cannot_be_read_at_the_start_trusts_nothing(
    environ: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "later.json"
    async with running({"one": bound("enforce", file), "two": partner_file("two")}, environ) as gateway:
        assert told(await post(gateway, {"query": ONE}))[1] == "DOCUMENT_NOT_TRUSTED"
        found = await gateway.data("{ assets { nodes { name } } }", partner="two")
        assert len(found["assets"]["nodes"]) == 2, "its records are shared all the same"
        write(gateway.folder, "two", partner_file("two", 'status = "state"'))

        async def states() -> object:
            nodes = (await gateway.data("{ assets { nodes { status } } }", partner="two"))["assets"]["nodes"]
            return sorted(str(node["status"]) for node in nodes)

        await became(states, ["LOST", "None"])
        file.write_text(json.dumps({"one": ONE}), "utf-8")

        async def first() -> object:
            return (await post(gateway, {"query": ONE}))[0]

        await became(first, 200)


async def test_callers_of_one_partner_register_all_they_like_and_push_out_nobody_elses(
    environ: dict[str, str],
) -> None:
    config = CONFIG + "[documents]\nregistered = 4000\n[limits]\nnew_texts = 1000\n"
    async with running({"one": partner_file("one"), "two": partner_file("two")}, environ, config) as gateway:
        assert (await post(gateway, apq(ONE, query=ONE), "two"))[0] == 200
        texts = [f"query Q{n} {{ assets(first: {n}) {{ nodes {{ name }} }} }}" for n in range(1, 30)]
        for text in texts:
            assert (await post(gateway, apq(text, query=text)))[0] == 200
        assert (await post(gateway, apq(ONE), "two"))[0] == 200
        assert (await post(gateway, apq(texts[-1])))[0] == 200
        assert told(await post(gateway, apq(texts[0])))[1] == "PERSISTED_QUERY_NOT_FOUND"


def test_registered_texts_are_bounded_by_memory() -> None:
    kept = Registered(10_000)
    kept.keep("large", "x" * 20_000)
    assert kept.find("large") is None
    for number in range(100):
        kept.keep(str(number), "x" * 500)
        kept.keep(str(number), "x" * 500)
        assert kept.find("0") is not None or number > 5
    assert kept._size <= 10_000
    assert kept.find("0") is not None, "what is used stays"


@pytest.mark.parametrize("text", [b"\xff", b"[" * 100_000, b'{"a": "\\ud800"}', b'{"a": " "}', b'{"": "x"}', b"null"])
def test_what_is_no_manifest_says_why(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        manifest.read(text)


async def test_many_at_once_under_a_manifest(environ: dict[str, str], tmp_path: Path) -> None:
    async with running({"one": bound("enforce", written(tmp_path, MANIFESTS["relay"]))}, environ) as gateway:
        found = await asyncio.gather(*(post(gateway, {"documentId": "One-1"}) for _ in range(50)))
        assert {status for status, _ in found} == {200}
