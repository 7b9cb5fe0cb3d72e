"""clang-tidy over what build/release compiles, two units at a time, with answers cached by content.

Most of the time goes into the headers that a source includes. So the sources of a folder that compile with the same options are
read as one unit, and share them. Names of two sources may collide there: a unit that does not compile is halved until it does, down
to single files. What is checked, and how it is cut, depends on the sources alone.

A unit's key is made of everything that its answer depends on in this repository: the text of its sources, that of all headers and
proto files they include directly or not, the compile options, .clang-tidy and the tool's version. Only clean answers are kept.
System headers are not in the key: they change with the distribution.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import time

from tidy_rules import includes

PROGRAM = "clang-tidy-19"
_BUILD = "build/release"
_CACHE = pathlib.Path.home() / ".cache" / "latium-tidy"
_JOBS = 2
# Where findings count: in the sources, which are headers of their unit, and in the headers that are not generated.
_FOLDERS = "include/latium|base|runtime|proto|net|store|ring|replication|relational|node|tests|bench|fuzz|examples"
_NOT_COMPILED = "[clang-diagnostic-error]"
_FINDING = re.compile(r"^\S+:\d+:\d+: (?:error|warning): ", re.MULTILINE)


def options_of(command):
    """The options of a compile command that say how a source is read: without compiler, output, source and precompiled header."""
    words, options = shlex.split(command)[1:], []
    while words:
        word = words.pop(0)
        if word in ("-o", "-c"):
            words.pop(0)
        elif word == "-Xclang":
            # -Xclang -include-pch -Xclang FILE, or -Xclang -fno-pch-timestamp, which says nothing without one.
            if words.pop(0) in ("-include", "-include-pch"):
                del words[:2]
        elif word != "-Winvalid-pch":
            options.append(word)
    return tuple(options)


def units(commands):
    """[(options, sources)]: the sources of a folder that compile with the same options. Of {path: options}."""
    groups = {}
    for path in sorted(commands):
        groups.setdefault((path.rpartition("/")[0], commands[path]), []).append(path)
    return [(options, tuple(paths)) for (_, options), paths in sorted(groups.items())]


def halving(check, paths):
    """The findings of `check(paths)` = (compiled, text); of the halves, where the whole does not compile and is not one file."""
    compiled, text = check(paths)
    if compiled or len(paths) == 1:
        return [text] if text else []
    middle = len(paths) // 2
    return halving(check, paths[:middle]) + halving(check, paths[middle:])


def findings_of(text):
    """The findings in what clang-tidy printed, each with its notes; the whole text, where it is something else."""
    starts = [match.start() for match in _FINDING.finditer(text)]
    return [text[start:end].rstrip() for start, end in zip(starts, [*starts[1:], None])] or [text]


def report(answers):
    """Prints the findings of each answer as it comes; a header's, which several units have, once. How many there are."""
    seen = set()
    for answer in answers:
        for finding in (finding for text in answer for finding in findings_of(text)):
            headline = finding.partition("\n")[0]
            if headline not in seen:
                seen.add(headline)
                print(finding, flush=True)
    return len(seen)


class Checker:
    def __init__(self, tree):
        self.tree = tree
        self.sources = {source.path: source for source in tree.sources}
        version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
        self.common = version + "".join(s.text for s in tree.sources if s.path.rpartition("/")[2] == ".clang-tidy")

    def commands(self):
        """{path: options} of the repository's own sources, also of those that the build has joined."""
        database = json.loads((self.tree.root / _BUILD / "compile_commands.json").read_text())
        found = {}
        for entry in database:
            compiled = pathlib.Path(entry["directory"], entry["file"])
            joined = compiled.parent.name == "joined"
            names = re.findall(r'#include "(.+)"', compiled.read_text()) if joined else [os.path.relpath(compiled, self.tree.root)]
            found |= {name: options_of(entry["command"]) for name in names if name in self.sources}
        return found

    def dependencies(self, paths):
        """`paths` and the repository's files that they include, directly or not."""
        seen, todo = set(), list(paths)
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                names = [name for _, _, name in includes.includes_of(self.sources[path])]
                todo += filter(None, (includes.resolve(self.tree, name) for name in names))
        return sorted(seen)

    def key(self, options, paths):
        digest = hashlib.sha256(json.dumps([self.common, options, paths]).encode())
        for name in self.dependencies(paths):
            digest.update(f"\0{name}\0{self.sources[name].text}".encode())
        return digest.hexdigest()

    def check(self, options, paths):
        """What clang-tidy found, empty if nothing."""
        marker = _CACHE / self.key(options, paths)
        if marker.exists():
            marker.touch()
            return []
        found = halving(lambda part: self._run(options, part), paths)
        if not found:
            marker.touch()
        return found

    def _run(self, options, paths):
        with tempfile.TemporaryDirectory() as directory:
            unit = pathlib.Path(directory) / "unit.cc"
            unit.write_text("".join(f'#include "{path}"  // NOLINT(bugprone-suspicious-include)\n' for path in paths))
            command = [PROGRAM, "--quiet", f"--config-file={self.tree.root / '.clang-tidy'}",
                       f"--header-filter=^{re.escape(str(self.tree.root))}/({_FOLDERS})/[^.]*\\.(h|cc)$", str(unit), "--", *options, f"-I{self.tree.root}"]
            result = subprocess.run(command, cwd=self.tree.root, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return True, ""
        text = result.stdout.strip() or result.stderr.strip() or f"{PROGRAM} failed on {', '.join(paths)}"
        return _NOT_COMPILED not in text, text


def _prune():
    """Forgets answers that nothing asked for in a month."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    for marker in _CACHE.iterdir():
        if marker.stat().st_mtime < time.time() - 30 * 24 * 3600:
            marker.unlink(missing_ok=True)


def _changed(tree, commit):
    return set(subprocess.run(["git", "diff", "--name-only", commit], cwd=tree.root, capture_output=True, text=True,
                              check=True).stdout.splitlines())


def run(tree, changed_since):
    """Prints what it finds, as units end, so that a run out of time has shown something; the number of findings."""
    if shutil.which(PROGRAM) is None or not (tree.root / _BUILD / "compile_commands.json").exists():
        print(f"tidy: clang-tidy needs {PROGRAM} and a built {_BUILD}: run scripts/setup and scripts/build release")
        return 1
    _prune()
    checker = Checker(tree)
    todo = units(checker.commands())
    if changed_since:
        changed = _changed(tree, changed_since)
        todo = [unit for unit in todo if changed.intersection(checker.dependencies(unit[1]))]
    with concurrent.futures.ThreadPoolExecutor(_JOBS) as pool:
        checks = [pool.submit(checker.check, *unit) for unit in todo]
        found = report(check.result() for check in concurrent.futures.as_completed(checks))
    print(f"tidy: clang-tidy checked {sum(len(paths) for _, paths in todo)} files in {len(todo)} units")
    return found
