"""The query editor for people: static files, open to all, that ask the endpoint with the reader's own credential."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from gateway.ide.unbuilt import unbuilt

__all__ = ["routes"]

DIST = Path(__file__).parent / "dist"

# The editor (Monaco) writes its colours as <style> elements and the place of each line as a style attribute, so
# styles cannot do without 'unsafe-inline'. Such a style can load nothing from elsewhere: fonts, images and requests are
# all held to this origin.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,  # on the assets too: a worker is held by its own file's policy, not the page's
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Said here, not guessed: some systems' tables call JavaScript plain text, which a browser told nosniff then refuses.
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".ttf": "font/ttf"}


def routes(dist: Path = DIST) -> list[Route]:
    """Routes of the page: GET and HEAD of `/` and of `/ide/{file}`; none looks at a credential.

    dist: where `make ide` put the built page. Looked at once, here. Without it `/` tells how to build the page and how
    to ask without it, and there is no `/ide/{file}`. A file that is not part of the build is a 404 HTTPException.
    """
    index = dist / "index.html"
    if not index.is_file():
        return [Route("/", unbuilt)]
    page = index.read_bytes()
    assets = StaticFiles(directory=dist / "ide")
    names = frozenset(entry.name for entry in (dist / "ide").iterdir())
    served = frozenset(name for name in names if Path(name).suffix in _TYPES)

    async def home(request: Request) -> Response:
        return Response(page, media_type="text/html", headers={**_HEADERS, "Cache-Control": "no-cache"})

    async def asset(request: Request) -> Response:
        name = request.path_params["file"]
        if name not in served:
            raise HTTPException(404)
        packed = f"{name}.gz" in names
        zipped = packed and "gzip" in request.headers.get("accept-encoding", "")
        response = await assets.get_response(f"{name}.gz" if zipped else name, request.scope)
        response.headers.update(_HEADERS)
        response.headers["Content-Type"] = _TYPES[Path(name).suffix]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"  # names hold a hash of the content
        if packed:
            response.headers["Vary"] = "Accept-Encoding"
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
        return response

    return [Route("/", home), Route("/ide/{file}", asset)]
