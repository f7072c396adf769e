"""How raw values are read with a note, a data issue, of what is odd about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from resolvers.coercion import Convert, NotUnderstood, text_of
from resolvers.expression import NOTHING, Value
from resolvers.steps import repaired

Issues = list[tuple[str, str, str]] | None
Make = Callable[[Any, Issues], Any]
PLACEHOLDER = "PLACEHOLDER_VALUE"


def repairs_told(value: Value, convert: Make, path: str) -> Make:
    """With a note where a text was in a wrong encoding."""
    if value.steps is None or not value.steps.repair:
        return convert

    def repaired_(raw: Any, issues: Issues) -> Any:
        if issues is not None and isinstance(raw, str) and repaired(raw) != raw:
            issues.append(("ENCODING_REPAIRED", path, raw[:80]))
        return convert(raw, issues)

    return repaired_


def tokens_told(value: Value, convert: Make, path: str) -> Make:
    """With a note where steps lead to a null token that says something."""
    if value.steps is None or all(token in NOTHING for token in value.null):
        return convert
    steps, trim, null = value.steps, value.trim, value.null

    def noted(raw: Any, issues: Issues) -> Any:
        if issues is not None:
            for one in raw if isinstance(raw, list | tuple) else (raw,):
                told = steps.placeholder(one, trim, null) if isinstance(one, str) else None
                if told is not None:
                    issues.append((PLACEHOLDER, path, told[:80]))
        return convert(raw, issues)

    return noted


def tell_token(raw: Any, path: str, issues: list[tuple[str, str, str]]) -> None:
    """Tell a raw value that reads as null by a token, unless it is nothing anyway."""
    text = str(raw).strip(" ")
    if raw is not None and text and raw not in NOTHING:
        issues.append((PLACEHOLDER, path, text[:80]))


def tokened(value: Value, make: Make, path: str) -> Make:
    """With blanks and null tokens seen to here, as the database does."""
    trim, null = value.trim, value.null
    if not trim and not null:
        return make

    def tokened_(raws: Sequence[Any], issues: Issues) -> Any:
        raw = make(raws, issues)
        if isinstance(raw, tuple):
            return raw
        if trim and raw is not None:
            raw = text_of(raw).strip(" ") or None
        if all(raw != token or isinstance(raw, str) != isinstance(token, str) for token in null):
            return raw
        if issues is not None:
            tell_token(raw, path, issues)
        return None

    return tokened_


def understood(make: Make, path: str) -> Make:
    """With an issue in place of what is no text at all."""

    def understood_(raws: Sequence[Any], issues: Issues) -> Any:
        try:
            return make(raws, issues)
        except NotUnderstood as error:
            if issues is not None:
                code, text = error.args
                issues.append((code, path, text))
            return None

    return understood_


def quiet(convert: Convert) -> Convert:
    """With nothing in place of what is not understood."""

    def quiet_(raw: Any) -> Any:
        if raw is None:
            return None
        try:
            return convert(raw)
        except NotUnderstood:
            return None

    return quiet_


def guarded(convert: Convert, path: str) -> Callable[[Any, Issues], Any]:
    """With an issue in place of what is not understood."""

    def guarded_(raw: Any, issues: Issues) -> Any:
        if raw is None:
            return None
        try:
            return convert(raw)
        except NotUnderstood as error:
            if issues is not None:
                code, text = error.args
                issues.append((code, path, text))
            return None

    return guarded_


def unquoted(make: Make, show: Callable[[Any], Any]) -> Make:
    """What a mask shows of a value; issues do not quote what is behind it."""

    def shown(raws: Any, issues: Issues) -> Any:
        told: Issues = None if issues is None else []
        found = make(raws, told)
        if issues is not None and told:
            issues += [(code, path, "") for code, path, _ in told]
        return None if found is None else show(found)

    return shown
