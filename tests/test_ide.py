"""The query editor as a person meets it: a real Chromium and a real server, on loopback alone."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import graphql
import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.ide import routes
from gateway.ide.unbuilt import QUERY
from tests.chromium import Page, chromium, program, wait_for
from tests.gateways import demonstrating
from tests.servers import missing

ROOT = Path(__file__).parent.parent
IDE = ROOT / "gateway" / "ide"
EXAMPLES = sorted((IDE / "src" / "examples").glob("*.graphql"))
EXAMPLE_NAMES = [file.stem for file in EXAMPLES]
QUERY_EDITOR = ".graphiql-query-editor .view-lines"
ANSWER = ".graphiql-response .view-lines"
TOLD = "#told"
TOKEN = "stand-in.token-that-must-not-be-stored.0123456789"


@dataclass(frozen=True, slots=True)
class Served:
    """A running gateway as these tests need it.

    address: of the server, "127.0.0.1:PORT". token: one that it takes. answer: a text in the first example's answer.
    described: a text in its documentation of the type Asset.
    """

    address: str
    token: str
    answer: str
    described: str


# ---- a small endpoint for the page that was not built: the part of the graph that its curl line asks

SDL = """
type Query { assets(first: Int): AssetConnection }
type AssetConnection { nodes: [Asset!]! }
type Asset { name: String!  kind: String!  partner: Partner!  custodian: Person  site: Partner }
type Partner { name: String! }
type Person { displayName: String }
"""
VAN = {"name": "Kangoo 12", "kind": "VAN", "partner": {"name": "La Poste"}, "custodian": {"displayName": "Awa Diallo"}}


def stand_in() -> Route:
    schema = graphql.build_schema(SDL)

    async def endpoint(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"errors": [{"message": "A valid credential is needed."}]}, 401)
        asked = await request.json()
        result = graphql.graphql_sync(schema, asked["query"], {"assets": {"nodes": [VAN]}})
        return JSONResponse(result.formatted)

    return Route("/graphql", endpoint, methods=["POST"])


# ---- what has to run


@contextmanager
def serving(*served: Route) -> Iterator[str]:
    app = Starlette(routes=list(served))
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="warning", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def dist() -> Path:
    """The built page. Built here where npm is present and `make ide` was not run."""
    built = IDE / "dist"
    if not (built / "index.html").is_file():
        npm = program("npm")
        for arguments in (["ci"], ["run", "build"]):
            run = subprocess.run([npm, *arguments], cwd=IDE, capture_output=True, text=True)
            if run.returncode:
                missing(f"a working npm {' '.join(arguments)}: {run.stderr[-2000:]}")
    return built


@pytest.fixture(scope="module")
def served(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demonstration, started once the page is built."""
    with demonstrating(tmp_path_factory.mktemp("demonstration")) as gateway:
        scopes, purposes = ["read", "read:personal"], ["lending"]
        token = gateway.issuer.issue(partner="poste", subject="P1", scopes=scopes, purposes=purposes, lifetime=600)
        yield Served(gateway.url.removeprefix("http://"), token, "Centre courrier Puteaux", "Something that a partner")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


# ---- the page


@pytest.fixture
def page(browser: webdriver.Chrome, served: Served) -> Iterator[Page]:
    page = Page(browser, served.address)
    page.shows(QUERY_EDITOR, "custodian")
    try:
        yield page
        page.behaved()
    finally:
        browser.execute_script("sessionStorage.clear(); localStorage.clear()")


def test_token_then_ctrl_enter_gives_the_first_answer(page: Page, served: Served) -> None:
    page.one("#purpose").send_keys("lending")
    page.give(f" Authorization: Bearer {served.token}\n")
    page.shows(TOLD, "Answered in")
    page.one(f"{QUERY_EDITOR} .view-line").click()
    page.press_control_and(Keys.ENTER)
    page.shows(ANSWER, served.answer)
    page.photograph("answer")
    schema, query = page.asked()
    for request in (schema, query):
        assert request["headers"]["Authorization"] == f"Bearer {served.token}"
        assert request["headers"]["X-Purpose"] == "lending"
    assert "custodian" in json.loads(query["postData"])["query"]


def test_after_the_token_enter_runs_the_query(page: Page, served: Served) -> None:
    page.give(served.token)
    page.shows(TOLD, "Answered in")
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.shows(ANSWER, served.answer)


def test_without_a_token_the_page_says_so_and_asks_nothing(page: Page) -> None:
    page.one("button[aria-label='Show Documentation Explorer']").click()
    page.shows(".graphiql-plugin", "Paste a token")
    page.one(".graphiql-execute-button").click()
    page.shows(ANSWER, "No token yet")
    page.shows(TOLD, "Nothing was sent")
    page.photograph("no-token")
    assert page.asked() == []


def test_a_refused_token_is_told_plainly_after_one_request(page: Page, served: Served) -> None:
    page.give("not-a-token-of-anyone")
    page.shows(TOLD, "HTTP 401: the gateway does not accept this token")
    page.photograph("refused")
    time.sleep(0.5)  # a second try would come at once
    assert len(page.asked()) == 1
    page.one(".held button").click()
    page.give(served.token)
    page.shows(TOLD, "Answered in")


def test_the_documentation_describes_a_type(page: Page, served: Served) -> None:
    page.give(served.token)
    page.one("button[aria-label='Show Documentation Explorer']").click()
    page.shows(".graphiql-doc-explorer", "Query")
    wait_for(lambda: page.driver.find_elements(By.LINK_TEXT, "Asset"))[0].click()
    page.shows(".graphiql-doc-explorer", served.described)
    page.shows(".graphiql-doc-explorer", "custodian")
    page.photograph("documentation")


def test_the_token_is_in_memory_only(page: Page, served: Served) -> None:
    page.give(served.token)
    page.shows(TOLD, "Answered in")
    page.one(".graphiql-execute-button").click()
    page.shows(ANSWER, served.answer)
    wait_for(lambda: "graphiql:tabState" in page.kept())
    time.sleep(1)  # GraphiQL writes its tabs half a second after each change
    assert served.token not in page.kept()
    page.driver.refresh()
    page.shows(QUERY_EDITOR, "custodian")
    assert page.one("#token").get_property("value") == ""


def test_everything_for_the_keyboard_has_a_name(page: Page, served: Served) -> None:
    page.give(served.token)
    page.one("button[aria-label='Show Documentation Explorer']").click()
    page.shows(".graphiql-doc-explorer", "Query")
    nameless = page.driver.execute_script(
        "const name = e => e.ariaLabel || e.title || e.textContent.trim() || e.labels?.length || e.placeholder;"
        "return [...document.querySelectorAll('button, input')].filter(e => !name(e)).map(e => e.outerHTML)"
    )
    assert nameless == []


def test_unbuilt_page_says_how_to_build_it_and_its_curl_line_works(browser: webdriver.Chrome, tmp_path: Path) -> None:
    with serving(*routes(tmp_path), stand_in()) as address:
        page = Page(browser, address)
        page.shows("body", "make ide")
        page.photograph("unbuilt")
        page.behaved()
        line = page.driver.find_elements(By.TAG_NAME, "pre")[1].text
        assert "Bearer TOKEN" in line
        command = [program("bash"), "-c", line.replace("TOKEN", TOKEN)]
        told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=20).stdout)
        assert told["data"]["assets"]["nodes"][0]["custodian"] == {"displayName": "Awa Diallo"}
        assert ask(address, "HEAD", "/").status == 200
        assert ask(address, "GET", "/", {"Host": "a'b<script>"}).text.count("<script>") == 0


# ---- the files behind it


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(address: str, method: str, path: str, headers: dict[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def test_files_come_with_a_strict_policy_and_are_cached_for_good(served: Served, dist: Path) -> None:
    home = ask(served.address, "GET", "/")
    assert (home.status, home.headers["content-type"]) == (200, "text/html; charset=utf-8")
    script = re.findall(r'src="\./(ide/[^"]+\.js)"', home.text)[0]
    plain = ask(served.address, "GET", f"/{script}")
    packed = ask(served.address, "GET", f"/{script}", {"Accept-Encoding": "br, gzip"})
    assert gzip.decompress(packed.body) == plain.body == (dist / script).read_bytes()
    assert packed.headers["content-encoding"] == "gzip"
    for answer in (home, plain, packed):
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
        assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    for answer in (plain, packed):
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"
    assert home.headers["cache-control"] == "no-cache"
    again = ask(served.address, "GET", f"/{script}", {"If-None-Match": plain.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    for path in ("/", f"/{script}"):
        head = ask(served.address, "HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize(
    "path",
    [
        "/ide/",
        "/ide/none.js",
        "/ide/..%2findex.html",
        "/ide/%2e%2e%2f%2e%2e%2f__init__.py",
        "/ide/%00.js",
        "/ide/..",
        "/dist/index.html",
    ],
)
def test_nothing_but_the_built_files_is_served(served: Served, path: str) -> None:
    assert ask(served.address, "GET", path).status == 404


def test_the_licences_of_what_is_bundled_come_with_it(dist: Path) -> None:
    notice = (dist / "THIRD-PARTY.txt").read_text()
    for package in ("graphiql", "graphql", "monaco-editor", "monaco-graphql", "react", "react-dom", "zustand"):
        assert re.search(rf"^{package} \d\S+ \(MIT\)$", notice, re.MULTILINE), package


def test_the_lock_is_exact_and_names_no_registry() -> None:
    lock = json.loads((IDE / "package-lock.json").read_text())["packages"]
    assert [name for name, package in lock.items() if "resolved" in package] == []
    assert [name for name, package in lock.items() if name and not package.get("integrity")] == []
    wanted = lock[""]["dependencies"] | lock[""]["devDependencies"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted


@pytest.mark.parametrize(
    "query", [*(pytest.param(f.read_text(), id=f.stem) for f in EXAMPLES), pytest.param(QUERY, id="curl")]
)
def test_the_examples_are_valid_on_the_graph(query: str) -> None:
    sdl = ROOT / "schema" / "schema.graphql"
    if not sdl.is_file():
        missing("schema/schema.graphql")
    assert graphql.validate(graphql.build_schema(sdl.read_text()), graphql.parse(query)) == []
