"""clang-tidy over the release build's compile commands, two at a time, with answers cached by content.

A file's key is made of everything that its answer depends on in this repository: its text, that of all headers and proto files it
includes directly or not, its compile command, .clang-tidy and the tool's version. Only clean answers are kept. System
headers are not in the key: they change with the distribution.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import time

from tidy_rules import includes

PROGRAM = "clang-tidy-19"
_BUILD = "build/release"
_CACHE = pathlib.Path.home() / ".cache" / "latium-tidy"
_JOBS = 2


class Checker:
    def __init__(self, tree):
        self.tree = tree
        self.sources = {source.path: source for source in tree.sources}
        self.commands = self._commands()
        version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
        self.common = version + "".join(s.text for s in tree.sources if s.path.rpartition("/")[2] == ".clang-tidy")

    def _commands(self):
        """{path: compile command} of the repository's own sources, without those that the build generates."""
        database = json.loads((self.tree.root / _BUILD / "compile_commands.json").read_text())
        commands = {}
        for entry in database:
            path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), self.tree.root)
            if path in self.sources:
                commands[path] = entry["command"]
        return commands

    def dependencies(self, path):
        """`path` and the repository's files that it includes, directly or not."""
        seen, todo = set(), [path]
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                names = [name for _, _, name in includes.includes_of(self.sources[path])]
                todo += filter(None, (includes.resolve(self.tree, name) for name in names))
        return sorted(seen)

    def key(self, path):
        digest = hashlib.sha256((self.common + self.commands[path]).encode())
        for name in self.dependencies(path):
            digest.update(f"\0{name}\0{self.sources[name].text}".encode())
        return digest.hexdigest()

    def check(self, path):
        """What clang-tidy found, empty if nothing."""
        marker = _CACHE / self.key(path)
        if marker.exists():
            marker.touch()
            return ""
        command = [PROGRAM, "--quiet", "-p", _BUILD, path]
        result = subprocess.run(command, cwd=self.tree.root, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            marker.touch()
            return ""
        return result.stdout.strip() or result.stderr.strip() or f"{PROGRAM} failed on {path}"


def _prune():
    """Forgets answers that nothing asked for in a month."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    for marker in _CACHE.iterdir():
        if marker.stat().st_mtime < time.time() - 30 * 24 * 3600:
            marker.unlink(missing_ok=True)


def _git(tree, *command):
    return subprocess.run(["git", *command], cwd=tree.root, capture_output=True, text=True, check=True).stdout


def _order(checker, changed_since):
    """Which files, and in which order: under a budget, each commit starts elsewhere, so that all have their turn."""
    paths = sorted(checker.commands)
    if changed_since:
        changed = set(_git(checker.tree, "diff", "--name-only", changed_since).splitlines())
        return [path for path in paths if changed.intersection(checker.dependencies(path))]
    head = _git(checker.tree, "rev-parse", "HEAD") if (checker.tree.root / ".git").exists() else ""
    return sorted(paths, key=lambda path: hashlib.sha256((head + path).encode()).digest())


def run(tree, changed_since, budget):
    """Prints what it finds; the number of files with findings."""
    if shutil.which(PROGRAM) is None or not (tree.root / _BUILD / "compile_commands.json").exists():
        print(f"tidy: clang-tidy needs {PROGRAM} and a built {_BUILD}: run scripts/setup and scripts/build release")
        return 1
    _prune()
    checker = Checker(tree)
    paths = _order(checker, changed_since)
    end = time.monotonic() + budget

    def check(path):
        return checker.check(path) if time.monotonic() < end else None

    with concurrent.futures.ThreadPoolExecutor(_JOBS) as pool:
        answers = list(pool.map(check, paths))
    for answer in filter(None, answers):
        print(answer)
    skipped = answers.count(None)
    left = f", {skipped} left out by the budget" if skipped else ""
    print(f"tidy: clang-tidy checked {len(paths) - skipped} files{left}")
    return sum(bool(answer) for answer in answers)
