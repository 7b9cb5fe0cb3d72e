"""Include direction, third-party homes, and how includes are written."""

import re

from tidy_rules import layers
from tidy_rules.tree import Violation

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)


def includes_of(source):
    """[(line, quote, name)] of the file's includes."""
    return [(source.line_of(m.start()), m.group(1), m.group(2)) for m in _INCLUDE.finditer(source.uncommented)]


def resolve(tree, name):
    """The repository file that `#include "name"` means (for a generated header, its .proto), or None."""
    for candidate in (name, "include/" + name, re.sub(r"\.pb\.(h|cc)$", ".proto", name)):
        if candidate in tree.paths:
            return candidate
    return None


def check(tree):
    for source in tree.code:
        for line, quote, name in includes_of(source):
            target = resolve(tree, name)
            yield from _form(source, line, quote, name, target)
            if target is None:
                yield from _third_party(source, line, name)
            else:
                yield from _direction(source, line, name, target)
            if source.path.startswith("include/"):
                yield from _public(source, line, name)


def _form(source, line, quote, name, target):
    if "../" in name or name.startswith("./"):
        yield Violation(source.path, line, "include-form", f"'{name}' is relative: write it from the repository's root")
    elif quote == '"' and target is None:
        yield Violation(
            source.path, line, "include-form",
            f"\"{name}\" is no file of this repository: write our files from the root, others with <>")
    elif quote == "<" and target is not None and not source.path.startswith(("examples/", "tests/install/")):
        yield Violation(source.path, line, "include-form", f"<{name}> is ours: include it with quotes")


def _direction(source, line, name, target):
    here, there = layers.layer_of(source.path), layers.layer_of(target)
    if source.top in layers.OUTSIDE or here is None or there in (here, "include"):
        return
    if there is None:
        yield Violation(source.path, line, "include-direction", f"'{name}' is outside the house: {here}/ must not need it")
    elif there not in layers.MAY_SEE[here]:
        allowed = ", ".join(layers.MAY_SEE[here]) or "nothing else"
        yield Violation(source.path, line, "include-direction", f"{here}/ must not see {there}/; it may see: {allowed}")
    else:
        for pattern, seam in layers.HIDDEN.items():
            if re.match(pattern, target) and here not in layers.SEES_HIDDEN:
                yield Violation(source.path, line, "include-direction", f"'{name}' is {there}/'s own business: use {seam}")


def _third_party(source, line, name):
    for prefix, (homes, remedy) in layers.THIRD_PARTY.items():
        if name.startswith(prefix) and not source.path.startswith(homes):
            yield Violation(source.path, line, "third-party", f"<{name}> belongs to {', '.join(homes)}: {remedy}")
    is_main = source.path.startswith("node/") and source.path.endswith("_main.cc")
    if re.match(layers.ASIO_SOCKETS, name) and not is_main and not source.path.startswith(layers.ASIO_SOCKET_HOMES):
        yield Violation(source.path, line, "third-party", f"<{name}> brings sockets: only net/ and runtime/ have them")
    if re.match(layers.ASIO_EXPERIMENTAL, name) and not source.path.startswith(layers.ASIO_EXPERIMENTAL_HOMES):
        yield Violation(
            source.path, line, "third-party", f"<{name}>: use with_deadline, Mailbox or TaskGroup of runtime/ instead")


def _public(source, line, name):
    if name.startswith("latium/") or re.fullmatch(r"\w+", name):
        return
    if name.startswith("boost/") and source.path in layers.PUBLIC_WITH_BOOST:
        return
    yield Violation(
        source.path, line, "public-header", f"'{name}': a public header includes only \"latium/...\" and the standard library")
