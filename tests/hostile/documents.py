"""Documents that are much work to read, to validate or to answer: nested, repeated, spread, aliased without end."""

from __future__ import annotations

from tests.hostile.case import Aim, Answered, Case, Either, Outcome, Part, refused

INVALID = refused("GRAPHQL_VALIDATION_FAILED")
UNREADABLE = refused("GRAPHQL_PARSE_FAILED")


def _deep(depth: int, open_: str = "assets { nodes { ", close: str = "} } ") -> str:
    return "{ " + open_ * depth + "__typename " + close * depth + "}"


def _sites(depth: int, last: str = "id") -> str:
    return "{ assets { nodes { " + "partOf { " * depth + last + " }" * depth + " } } }"


def _bomb(levels: int, width: int, last: str, root: str = "...f0") -> str:
    """Fragments, each of which spreads the next so many times."""
    spreads = " ".join(f"fragment f{n} on Query {{ {f'...f{n + 1} ' * width}}}" for n in range(levels))
    return f"{{ {root} }} {spreads} fragment f{levels} on Query {{ {last} }}"


def _nested_bomb(levels: int) -> str:
    """Fragments that spread the next one twice, each time one field deeper: depth and number grow together."""
    spreads = " ".join(
        f"fragment f{n} on Asset {{ a: partOf {{ ...f{n + 1} }} b: partOf {{ ...f{n + 1} }} }}" for n in range(levels)
    )
    return f"{{ assets {{ nodes {{ ...f0 }} }} }} {spreads} fragment f{levels} on Asset {{ id }}"


def _overlapping(count: int, inner: str) -> str:
    return "{ assets { nodes { " + f"partOf {{ {inner} }} " * count + "} } }"


def _ring(count: int) -> str:
    """Fragments in a circle, each of which leads to three others: every cycle of it is an error."""
    return "{ ...f0 } " + " ".join(
        f"fragment f{n} on Query {{ ...f{(n + 1) % count} ...f{(n + 7) % count} ...f{(n + 11) % count} }}"
        for n in range(count)
    )


def _conflicts(count: int) -> str:
    """The same response name for other arguments: each pair of them is a conflict."""
    return "{" + " ".join(f"a: assets(first: {n + 1}) {{ nodes {{ id }} }}" for n in range(count)) + "}"


def _variables(count: int) -> str:
    return "query (" + " ".join(f"$v{n}: Int" for n in range(count)) + ") { viewer { subject } }"


INTROSPECTION = "fields { name type { fields { name type { fields { name type { fields { name } } } } } } }"
TEXTS: dict[str, tuple[str, Outcome]] = {
    "alias flood": (
        "{" + " ".join(f"a{n}: viewer {{ subject }}" for n in range(120)) + "}",
        refused("TOO_MANY_ALIASES"),
    ),
    "alias flood, within tokens": (
        "{" + " ".join(f"a{n}: __typename" for n in range(31)) + "}",
        refused("TOO_MANY_ALIASES"),
    ),
    "aliased lists": (
        "{" + " ".join(f"a{n}: assets(first: 1000) {{ nodes {{ id }} }}" for n in range(31)) + "}",
        refused("TOO_MANY_ALIASES"),
    ),
    "aliases through fragments": (_bomb(5, 2, "a: __typename"), refused("TOO_MANY_ALIASES")),
    "spread bomb, width 2": (_bomb(60, 2, "__typename"), refused("TOO_MANY_FIELDS")),
    "spread bomb, width 8": (_bomb(20, 8, "__typename"), refused("TOO_MANY_FIELDS")),
    "spread bomb that nothing uses": (_bomb(60, 2, "__typename", "__typename"), refused("TOO_MANY_FIELDS")),
    "spread bomb of fields": (_nested_bomb(9), refused("TOO_MANY_FIELDS", "TOO_MANY_ALIASES", "TOO_DEEP")),
    "fragment that spreads itself": ("{ ...a } fragment a on Query { ...a }", INVALID),
    "fragments in a circle": (_ring(60), refused("GRAPHQL_VALIDATION_FAILED", "TOO_MANY_FIELDS")),
    "circle through fields": (
        "{ assets { nodes { ...a } } } fragment a on Asset { partOf { ...b } } fragment b on Asset { partOf { ...a } }",
        INVALID,
    ),
    "circle that nothing uses": ("{ __typename } fragment a on Query { ...b } fragment b on Query { ...a }", INVALID),
    "spread of nothing": ("{ " + "...nothing " * 300 + "}", refused("GRAPHQL_VALIDATION_FAILED", "TOO_MANY_REPEATS")),
    "inline fragments inside each other": (
        "{ " + "... on Query { " * 150 + "__typename " + "} " * 150 + "}",
        Either((refused("TOO_DEEP", "GRAPHQL_PARSE_FAILED", "TOO_MANY_FIELDS"), Answered({"__typename": "Query"}))),
    ),
    "inline fragments, a thousand": ("{ " + "... { " * 400 + "__typename" + " }" * 400 + " }", UNREADABLE),
    "fragments by the hundred, unused": (
        "{ __typename } " + " ".join(f"fragment u{n} on Query {{ __typename }}" for n in range(140)),
        INVALID,
    ),
    "directives": ("{ __typename " + "@skip(if: false) " * 140 + "}", refused("TOO_MANY_DIRECTIVES")),
    "directives spread out": (
        "{ " + "__typename @include(if: true) " * 30 + "}",
        refused("TOO_MANY_DIRECTIVES", "TOO_MANY_REPEATS"),
    ),
    "directives nobody knows": ("{ __typename " + "@x " * 400 + "}", refused("TOO_MANY_DIRECTIVES")),
    "directives through fragments": (_bomb(5, 2, "__typename @skip(if: false)"), refused("TOO_MANY_DIRECTIVES")),
    "one field over and over": ("{ " + "__typename " * 900 + "}", refused("TOO_MANY_REPEATS")),
    "one object over and over": (_overlapping(200, "id"), refused("TOO_MANY_REPEATS")),
    "repeats inside repeats": (_overlapping(20, "site { " + "name " * 20 + "}"), refused("TOO_MANY_REPEATS")),
    "conflicts, each with each": (_conflicts(60), refused("TOO_MANY_ALIASES", "TOO_MANY_REPEATS", "TOO_MANY_FIELDS")),
    "deep": (_sites(12), refused("TOO_DEEP")),
    "deep beyond the parser": (_sites(300), refused("GRAPHQL_PARSE_FAILED", "TOO_DEEP")),
    "deep with lists": (_deep(8), refused("TOO_DEEP", "GRAPHQL_VALIDATION_FAILED")),
    "wide and deep": (
        "{ assets { nodes { " + "partOf { id name kind status site { id name path } " * 12 + "}" * 12 + " } } }",
        refused("TOO_DEEP", "TOO_MANY_FIELDS"),
    ),
    "tokens": ("{ " + "__typename " * 5_000 + "}", refused("TOO_MANY_TOKENS")),
    "punctuation": ("{" * 100_000, refused("TOO_MANY_TOKENS", "GRAPHQL_PARSE_FAILED")),
    "commas": ("{ __typename " + "," * 200_000 + "}", Answered({"__typename": "Query"})),
    "comments": ("#\n" * 3_000 + "{ __typename }", refused("TOO_MANY_TOKENS", "TOO_MANY_LINES")),
    "lines": ("\n" * 100_000 + "{ nothing }", refused("TOO_MANY_LINES")),
    "lines by carriage return": ("\r" * 100_000 + "{ nothing }", refused("TOO_MANY_LINES")),
    "one name of 200 kB": ("{ " + "n" * 200_000 + " }", INVALID),
    "one text of 200 kB": (
        '{ assetBy(scheme: VIN, value: "' + "x" * 200_000 + '") { nodes { id } } }',
        Either(
            (
                Answered({"assetBy": {"nodes": []}}),
                refused("BAD_USER_INPUT"),
            )
        ),
    ),
    "a text without its end": ('{ assetBy(value: "' + "x" * 200_000, UNREADABLE),
    "a block text of blank lines": (
        '{ assetBy(scheme: VIN, value: """' + "\n " * 4_900 + '""") { nodes { id } } }',
        Either(
            (
                Answered({"assetBy": {"nodes": []}}),
                refused("BAD_USER_INPUT", "TOO_MANY_LINES"),
            )
        ),
    ),
    "a number of 200 kB": ("{ assets(first: " + "9" * 200_000 + ") { nodes { id } } }", INVALID),
    "a number with a long exponent": ("{ assets(first: 1e" + "9" * 5_000 + ") { nodes { id } } }", INVALID),
    "lists inside lists": (
        "{ nodes(ids: " + "[" * 450 + "]" * 450 + ") { id } }",
        refused("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"),
    ),
    "objects inside objects": (
        "{ assets(filter: " + "{not: " * 300 + "{}" + "}" * 300 + ") { nodes { id } } }",
        refused("GRAPHQL_PARSE_FAILED", "FILTER_TOO_COMPLEX", "TOO_MANY_TOKENS"),
    ),
    "an argument over and over": ("{ assets(" + "first: 1 " * 300 + ") { nodes { id } } }", INVALID),
    "types of types": (
        "query ($v: " + "[" * 400 + "Int" + "]" * 400 + ") { __typename }",
        refused("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"),
    ),
    "variables by the hundred": (_variables(240), INVALID),
    "operations by the hundred": (
        " ".join(f"query q{n} {{ __typename }}" for n in range(190)),
        refused("OPERATION_RESOLUTION_FAILURE", "TOO_MANY_FIELDS", "TOO_MANY_TOKENS"),
    ),
    "names nobody knows": ("{ " + " ".join(f"assetss{n}" for n in range(900)) + " }", INVALID),
    "names like many": ("{ viewer { " + " ".join(f"agreementss{n}" for n in range(900)) + " } }", INVALID),
    "introspection of introspection": (
        "{ __schema { types { " + "fields { type { " * 6 + "name " + "} } " * 6 + "} } }",
        refused("GRAPHQL_VALIDATION_FAILED", "TOO_DEEP", "TOO_MANY_FIELDS"),
    ),
    "introspection, every way": (
        "{ __schema { types { " + INTROSPECTION + " } } }",
        refused("GRAPHQL_VALIDATION_FAILED", "TOO_DEEP", "TOO_MANY_FIELDS"),
    ),
    "introspection flood": (
        "{" + " ".join(f"a{n}: __schema {{ types {{ name fields {{ name }} }} }}" for n in range(31)) + "}",
        refused("TOO_MANY_ALIASES"),
    ),
    "subscription": ("subscription { viewer { subject } }", INVALID),
    "mutation": ("mutation { viewer { subject } }", INVALID),
    "schema instead of operation": (
        "type Query { x: Int }",
        refused("GRAPHQL_VALIDATION_FAILED", "OPERATION_RESOLUTION_FAILURE"),
    ),
    "nothing": ("", UNREADABLE),
    "blanks": (" " * 200_000, UNREADABLE),
    "zero characters": ("\0" * 1_000, UNREADABLE),
    "byte order marks": (
        "\ufeff" * 10_000 + "{ nothing }",
        refused("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"),
    ),
    "direction marks": ("{ \u202e\u2066 __typename }", UNREADABLE),
}


def _case(name: str, text: str, outcome: Outcome) -> Case:
    def parts(aim: Aim) -> list[Part]:
        return [aim.post(text)]

    return Case(name, parts, outcome)


CASES = tuple(_case(name, text, outcome) for name, (text, outcome) in TEXTS.items())
