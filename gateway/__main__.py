"""The command line: `gateway COMMAND`. Modules are imported by the command that needs them, so that help is quick."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from resolvers.errors import CatalogError, GatewayError
from resolvers.identity import PURPOSE, SCOPES
from resolvers.section import Mistakes, Section

if TYPE_CHECKING:
    from gateway.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 failed with a message and a code on stderr, 2 wrong usage."""
    chosen = _parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen) or 0
        sys.stdout.flush()
        return code
    except CatalogError as error:
        return _fail("\n".join(map(str, error.mistakes)))
    except GatewayError as error:
        hint = f"\n    {error.hint}" if error.hint else ""
        return _fail(f"error {error.code}\n    {error.message}{hint}")
    except BrokenPipeError:  # the reader of a pipe went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return _fail(f"error FILE_UNUSABLE\n    {error.filename}: {error.strerror}.")
    except Exception as error:
        if os.environ.get("GATEWAY_DEBUG"):
            raise
        return _fail(f"error INTERNAL\n    {type(error).__name__}: {error}\n    GATEWAY_DEBUG=1 shows where.")


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gateway", description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--version", action="store_true", help="print the version and end")
    parser.set_defaults(run=_version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    demo = _command(commands, "demo", _demo, "start a demonstration federation on this machine")
    demo.add_argument("--port", type=_port, default=8000, help="default 8000")
    demo.add_argument("--host", default="127.0.0.1", help="default 127.0.0.1")

    serve = _command(commands, "serve", _serve, "start the gateway")
    _config(serve)
    serve.add_argument("--strict", action="store_true", help="do not start while a partner file has a mistake")

    check = _command(commands, "check", _check, "check the settings, the partner files and the live sources")
    _config(check)
    check.add_argument("--json", action="store_true", help="print JSON (docs/check.md)")
    check.add_argument("--offline", action="store_true", help="ask no source and no URL")
    check.add_argument("--strict", action="store_true", help="fail where there is a warning, too")
    check.add_argument(
        "--source", action="append", default=[], metavar="PARTNER.SOURCE", help="ask this source only; may be repeated"
    )

    init = commands.add_parser("init", help="propose a partner file from a live database", allow_abbrev=False)
    kinds = init.add_subparsers(title="commands", metavar="COMMAND", required=True)
    partner = _command(kinds, "partner", _init_partner, "look into a database and propose a partner file")
    partner.add_argument("--url", required=True, help="the database's URL, or '${NAME}' of the environment")
    partner.add_argument("--code", help="the partner's code; default: from the database's name")
    partner.add_argument("--name", help="the partner's name; default: its code")
    partner.add_argument("--kind", help="a PartnerKind, e.g. COOPERATIVE; default OTHER")
    partner.add_argument("--time-zone", help="like Europe/Paris; default UTC")
    partner.add_argument("--currency", help="like EUR, the default")
    partner.add_argument("--tables", type=_names, default=(), help="only these, with commas between")
    partner.add_argument("--out", type=Path, help="the file to write; default partners/CODE.toml")
    partner.add_argument("--force", action="store_true", help="replace a file that is there")

    explain = _command(commands, "explain", _explain, "say how an operation is answered, or how a field comes about")
    _config(explain)
    explain.add_argument("query", nargs="?", type=Path, help="a file with the operation; without one: standard input")
    explain.add_argument("--as", dest="partner", metavar="CODE", help="the partner that asks")
    explain.add_argument("--subject", default="explain", help="who asks; default explain")
    explain.add_argument("--scopes", type=_words, default="read", help='like "read read:contact"; default read')
    explain.add_argument("--purpose", type=_purpose, help="what it is for")
    explain.add_argument("--variables", type=Path, metavar="FILE", help="a JSON file with the operation's variables")
    explain.add_argument("--operation", metavar="NAME", help="which one, where the text has several")
    explain.add_argument("--value", metavar="PARTNER.MAPPING.FIELD", help="say how this field comes about instead")
    explain.add_argument("--key", help="with --value: and what it is in the row with this key")
    explain.add_argument("--brief", action="store_true", help="leave the statements out")
    explain.add_argument("--json", action="store_true", help="print JSON (docs/explain.md)")

    agreement = commands.add_parser("agreement", help="say what agreements show", allow_abbrev=False)
    tries = agreement.add_subparsers(title="commands", metavar="COMMAND", required=True)
    simulate = _command(tries, "simulate", _simulate, "say what becomes of each field of an operation for a caller")
    _config(simulate)
    simulate.add_argument("query", nargs="?", type=Path, help="a file with operations; without one: standard input")
    simulate.add_argument("--as", dest="partner", required=True, metavar="CODE", help="the partner that asks")
    simulate.add_argument("--variables", type=Path, metavar="FILE", help="a JSON file with the operation's variables")
    _caller(simulate, "default read")
    diff = _command(tries, "diff", _diff, "say what changes between two folders of partner files")
    diff.add_argument("old", type=Path, help="the folder as it is")
    diff.add_argument("new", type=Path, help="the folder as it would be")
    diff.add_argument(
        "--operations", type=Path, metavar="PATH", help="a folder of operations, or a manifest; default: the partners'"
    )
    _caller(diff, "default all")

    _command(commands, "schema", _schema, "print the schema (SDL)")

    token = _command(commands, "token", _token, "print a short-lived token of the gateway's own issuer")
    _config(token)
    _credential(token, "1h")
    token.add_argument("--subject", required=True, help="who it speaks for, e.g. awa")

    keys = commands.add_parser("keys", help="create, list and revoke API keys", allow_abbrev=False)
    actions = keys.add_subparsers(title="commands", metavar="COMMAND", required=True)
    create = _command(actions, "create", _create_key, "make a key and print it, once")
    _config(create)
    _credential(create, "90d")
    create.add_argument("--name", required=True, type=_title, help='what it is for, e.g. "fleet sync"')
    listing = _command(actions, "list", _list_keys, "list keys, never their secrets")
    _config(listing)
    listing.add_argument("--partner", metavar="CODE", help="only this partner's")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    revoke = _command(actions, "revoke", _revoke_key, "end a key at once")
    _config(revoke)
    revoke.add_argument("key", help="its id, or how it starts")

    audit = commands.add_parser("audit", help="look into the audit: who read what", allow_abbrev=False)
    looks = audit.add_subparsers(title="commands", metavar="COMMAND", required=True)
    verify = _command(looks, "verify", _verify_audit, "verify that every entry is as it was written")
    _config(verify)
    verify.add_argument("--from", dest="heads", type=Path, metavar="HEADFILE", help="heads that somebody kept")
    verify.add_argument("--json", action="store_true", help="print JSON (docs/audit.md)")
    show = _command(looks, "show", _show_audit, "print who read what of a partner, newest first")
    _config(show)
    show.add_argument("--partner", required=True, metavar="CODE", help="the partner whose records were read")
    show.add_argument("--since", type=_since, metavar="DAY", help="only from this day or time on, like 2026-01-31")
    show.add_argument("--json", action="store_true", help="print a JSON list")
    heads = _command(looks, "heads", _print_heads, "print the signed ends of the chains, for partners to keep")
    _config(heads)
    return parser


_DESCRIPTION = "One authenticated GraphQL endpoint over what partner organisations share, live from their own data."


def _command(
    group: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    text: str,
) -> argparse.ArgumentParser:
    parser = group.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(run=run, misused=parser.error)
    return parser


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=Path("gateway.toml"), help="default gateway.toml")


def _credential(parser: argparse.ArgumentParser, expires: str) -> None:
    parser.add_argument("--partner", required=True, metavar="CODE", help="the partner it speaks for")
    parser.add_argument("--scope", action="append", type=_word, help="may be repeated; default read")
    parser.add_argument("--purpose", action="append", default=[], type=_purpose, help="may be repeated")
    parser.add_argument("--expires", type=_seconds, default=expires, help=f"like 90d, 12h or 30m; default {expires}")


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port")


def _seconds(text: str) -> float:
    mistakes = Mistakes("")
    seconds = Section({"expires": text}, "", mistakes).seconds("expires")
    if seconds is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration like 90d, 12h or 30m")
    return seconds


def _words(text: str) -> tuple[str, ...]:
    return tuple(_word(word) for word in text.split())


def _word(text: str) -> str:
    if text and not text.split()[1:] and text.isprintable():
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not one word")


def _purpose(text: str) -> str:
    if PURPOSE.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not one word of at most 64 ASCII characters")


def _title(text: str) -> str:
    if text.strip() and text.isprintable() and len(text) <= 255:
        return text
    raise argparse.ArgumentTypeError("a name has 1 to 255 characters, on one line")


def _version(chosen: argparse.Namespace) -> int:
    if not chosen.version:
        _parser().print_help(sys.stderr)
        return 2
    from importlib.metadata import version

    print(version("partner-gateway"))
    return 0


def _demo(chosen: argparse.Namespace) -> None:
    from gateway import demo

    with _listening(chosen.host, chosen.port, "--port names another"):
        demo.run(chosen.host, chosen.port)


def _serve(chosen: argparse.Namespace) -> None:
    from gateway import app

    settings = _settings(chosen)
    with _listening(settings.host, settings.port, f"listen.host and listen.port in {chosen.config} name another"):
        app.serve(
            replace(settings, strict=settings.strict or chosen.strict),
            started=lambda url: print(f"The gateway listens on {url}", file=sys.stderr, flush=True),
        )


@contextmanager
def _listening(host: str, port: int, hint: str) -> Iterator[None]:
    """What a running gateway has to say goes to stderr; an address that cannot be had is told in plain words."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("gateway").setLevel(logging.INFO)
    try:
        yield
    except OSError as error:
        if error.filename is not None:  # about a file, not about the address
            raise
        message = f"The gateway cannot listen on {host}, port {port}: {error.strerror or error}."
        raise GatewayError(message, code="ADDRESS_UNAVAILABLE", hint=hint) from error


def _check(chosen: argparse.Namespace) -> int:
    from gateway import check

    options = check.Options(chosen.offline, chosen.json, chosen.strict, tuple(chosen.source))
    return check.run(chosen.config, os.environ, options)


def _init_partner(chosen: argparse.Namespace) -> None:
    from gateway import init

    init.run(init.asked(chosen, os.environ), chosen.out, force=chosen.force)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _explain(chosen: argparse.Namespace) -> int:
    if chosen.value is not None:
        if chosen.query is not None or chosen.partner is not None:
            chosen.misused("--value explains a field, and takes neither an operation nor --as")
        from gateway import explain

        return explain.explain_value(chosen.config, os.environ, chosen.value, chosen.key, as_json=chosen.json)
    if chosen.partner is None:
        chosen.misused("--as CODE is needed to explain an operation, or --value to explain a field")
    if chosen.key is not None:
        chosen.misused("--key goes with --value")
    from gateway import explain
    from resolvers.viewer import Viewer

    if not SCOPES.keys() >= set(chosen.scopes):
        from gateway import credentials

        credentials.check_scopes(chosen, chosen.scopes, credentials.catalog_of(_settings(chosen), os.environ)[0])
    text = sys.stdin.read() if chosen.query is None or str(chosen.query) == "-" else chosen.query.read_text("utf-8")
    purposes = () if chosen.purpose is None else (chosen.purpose,)
    viewer = Viewer(chosen.partner, chosen.subject, frozenset(chosen.scopes), purposes, chosen.purpose)
    asked = explain.Operation(text, viewer, explain.variables(chosen.variables), chosen.operation)
    return explain.explain(chosen.config, os.environ, asked, as_json=chosen.json, brief=chosen.brief)


def _caller(parser: argparse.ArgumentParser, scopes: str) -> None:
    parser.add_argument("--purpose", type=_purpose, help="what it is for")
    parser.add_argument(
        "--scope", type=_word, action="append", metavar="SCOPE", help=f"of the credential; may be repeated; {scopes}"
    )
    parser.add_argument("--day", type=_day, help="the day of which to say it, like 2026-01-31; default today")
    parser.add_argument("--json", action="store_true", help="print JSON (docs/agreements.md)")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day like 2026-01-31") from None


def _simulate(chosen: argparse.Namespace) -> None:
    from gateway import agreement_command

    agreement_command.simulate(chosen, os.environ)


def _diff(chosen: argparse.Namespace) -> int:
    from gateway import agreement_command

    return agreement_command.diff(chosen, os.environ)


def _schema(chosen: argparse.Namespace) -> None:
    from schema import graph

    print(graph.sdl().rstrip("\n"))


def _token(chosen: argparse.Namespace) -> None:
    from gateway import credentials

    credentials.print_token(chosen, _settings(chosen), os.environ)


def _create_key(chosen: argparse.Namespace) -> None:
    from gateway import credentials

    credentials.create_key(chosen, _settings(chosen), os.environ)


def _list_keys(chosen: argparse.Namespace) -> None:
    from gateway import credentials

    credentials.list_keys(chosen, _settings(chosen))


def _revoke_key(chosen: argparse.Namespace) -> None:
    from gateway import credentials

    credentials.revoke_key(chosen, _settings(chosen))


def _verify_audit(chosen: argparse.Namespace) -> int:
    from gateway import audit_command

    return audit_command.verify(chosen, _settings(chosen))


def _show_audit(chosen: argparse.Namespace) -> None:
    from gateway import audit_command

    audit_command.show(chosen, _settings(chosen))


def _print_heads(chosen: argparse.Namespace) -> None:
    from gateway import audit_command

    audit_command.heads(chosen, _settings(chosen))


def _since(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day and no time") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _settings(chosen: argparse.Namespace) -> Settings:
    from gateway import settings

    return settings.load(chosen.config, os.environ)


if __name__ == "__main__":
    sys.exit(main())
