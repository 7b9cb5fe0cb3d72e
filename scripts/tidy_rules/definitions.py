"""One name, one type: two types of the same qualified name in one program are undefined behaviour that no linker reports (of two
inline functions it keeps either), and that shows only where nothing is inlined."""

import collections
import re

from tidy_rules import structure
from tidy_rules.tree import Violation

_NAMESPACE = re.compile(r"(?:inline\s+)?namespace\b\s*([\w:]*)")
_TEMPLATE = re.compile(r"^template\s*<.*>\s*(?=(?:class|struct|union|enum)\b)", re.DOTALL)
_TYPE = re.compile(r"(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+(?:\[\[.*?\]\]\s*)?([\w:]+(?:<.*>)?)", re.DOTALL)


def check(tree):
    places = collections.defaultdict(list)
    for source in tree.code:
        for name, offset in _types(source.code):
            places[name].append((source, offset))
    for name, defined in places.items():
        first = defined[0][0]
        for source, offset in defined[1:]:
            if source is not first:
                yield Violation(source.path, source.line_of(offset), "one-definition",
                                f"{first.path} defines a type '{name}' too: rename one, or put it into an unnamed namespace")


def _types(code):
    """(qualified name, offset) of each type that other files can see: in named namespaces only, in no function or other type."""
    blocks, _ = structure.parse(code)
    for block in blocks:
        around = sorted((b for b in blocks if b.start < block.start and block.end < b.end), key=lambda b: b.start)
        if block.kind != "type" or any(b.kind != "namespace" for b in around):
            continue
        names = [match.group(1) if (match := _NAMESPACE.match(b.header)) else "" for b in around]
        named = _TYPE.match(_TEMPLATE.sub("", block.header))
        if named and all(names):
            yield "::".join([*names, named.group(1)]), block.start
