"""Each folder introduces itself, each header guards itself."""

from tidy_rules.tree import Violation

_CODE = (".h", ".cc", ".proto", ".py", ".cmake")
# In these, one README at the top speaks for the folders below.
_ONE_README = ("tests", "fuzz", "bench", "examples", "include", "scripts")
_PAGE_LINES = 80


def check(tree):
    yield from _readmes(tree)
    for source in tree.headers:
        code = [line.strip() for line in source.uncommented.splitlines() if line.strip()]
        if not code or code[0] != "#pragma once":
            yield Violation(source.path, 1, "pragma-once", "a header's first line after its comment is '#pragma once'")


def _readmes(tree):
    folders = {source.folder for source in tree.sources if source.folder and source.path.endswith(_CODE)}
    for folder in sorted(folders):
        top = folder.partition("/")[0]
        readme = f"{top if top in _ONE_README else folder}/README.md"
        if readme not in tree.paths:
            yield Violation(readme, 1, "readme", f"{folder}/ has code and no README.md: what it owns, reading order, invariants")
    for source in tree.sources:
        if source.path.endswith("/README.md") and source.folder in folders:
            lines = source.text.count("\n")
            if lines > _PAGE_LINES:
                yield Violation(source.path, 1, "readme", f"{lines} lines: a folder's README is a page at most", warning=True)
