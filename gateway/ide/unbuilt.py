"""The page at `/` where the query editor was not built: it says so, how to build it, and how to ask without it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import shlex

from starlette.requests import Request
from starlette.responses import Response

QUERY = "{ assets(first: 3) { nodes { name kind partner { name } custodian { displayName } site { name } } } }"

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 3rem auto; max-width: 46rem; padding: 0 1rem; }
pre { border: 1px solid; border-radius: 4px; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Partner gateway</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<h1>Partner gateway</h1>
<p>The gateway runs. Its query editor was not built. With Node.js 20 or newer on the machine of the gateway:</p>
<pre>make ide</pre>
<p>Then start the gateway again. The endpoint needs no editor; put your token in place of <code>TOKEN</code>:</p>
<pre>{curl}</pre>
</body>
</html>
"""


async def unbuilt(request: Request) -> Response:
    """A page without script, 200, with a curl line for the address that the caller used."""
    line = " \\\n  ".join(
        (
            f"curl -s {shlex.quote(f'{request.base_url}graphql')}",
            "-H 'Authorization: Bearer TOKEN'",
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(json.dumps({'query': QUERY}))}",
        )
    )
    page = _PAGE.format(style=_STYLE, curl=html.escape(line))
    return Response(page, media_type="text/html", headers=_HEADERS)
