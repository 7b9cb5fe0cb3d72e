"""Captures live in a lambda's closure, not in its coroutine frame: they dangle after the first suspension."""

import re

from tidy_rules.tree import Violation

_LAMBDA = re.compile(r"\[([^\[\]]+)\]\s*(?=[({])")
_KEYWORD = re.compile(r"\bco_(?:await|return|yield)\b|\bLATIUM_CO_\w+")
_PAIRS = {"(": ")", "{": "}"}


def check(tree):
    for source in tree.code:
        for match in _LAMBDA.finditer(source.code):
            body = _body(source.code, match.end())
            if body is not None and match.group(1).strip() and _KEYWORD.search(_without_lambdas(body)):
                yield Violation(
                    source.path, source.line_of(match.start()), "capturing-coroutine",
                    f"the lambda captures [{match.group(1).strip()}] and is a coroutine: pass what it needs as parameters")


def _closing(code, start):
    """The offset after the bracket that closes the one at `start`."""
    opening, closing, depth = code[start], _PAIRS[code[start]], 0
    for offset in range(start, len(code)):
        depth += (code[offset] == opening) - (code[offset] == closing)
        if depth == 0:
            return offset + 1
    return len(code)


def _body(code, start):
    """The body of the lambda whose introducer ends at `start`; None if that was an array subscript or an attribute."""
    if code[start] == "(":
        start = _closing(code, start)
    between = re.compile(r"\s*(?:mutable\s*)?(?:noexcept\s*)?(?:->[^;{}]*)?(?=\{)").match(code, start)
    return code[between.end():_closing(code, between.end())] if between else None


def _without_lambdas(body):
    """`body` less the bodies of lambdas in it: their co_await is not its own."""
    inner = re.search(r"\[[^\[\]]*\]\s*(?=[({])", body)
    while inner:
        nested = _body(body, inner.end())
        if nested is None:
            inner = re.compile(r"\[[^\[\]]*\]\s*(?=[({])").search(body, inner.end())
            continue
        at = body.index(nested, inner.end())
        body = body[:inner.start()] + body[at + len(nested):]
        inner = re.search(r"\[[^\[\]]*\]\s*(?=[({])", body)
    return body
