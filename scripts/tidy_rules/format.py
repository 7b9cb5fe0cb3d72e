"""clang-format, checked or applied."""

import concurrent.futures
import re
import shutil
import subprocess

from tidy_rules.tree import Violation

PROGRAM = "clang-format-19"
_FILES_A_RUN = 20


def _runs(tree):
    paths = [source.path for source in tree.code]
    return [paths[i:i + _FILES_A_RUN] for i in range(0, len(paths), _FILES_A_RUN)]


def _run(tree, arguments, paths):
    return subprocess.run([PROGRAM, *arguments, *paths], cwd=tree.root, capture_output=True, text=True, check=False)


def check(tree):
    if shutil.which(PROGRAM) is None:
        yield Violation("scripts/setup", 1, "format", f"{PROGRAM} is missing: run scripts/setup")
        return
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda paths: _run(tree, ["--dry-run", "-Werror"], paths), _runs(tree))
    for result in results:
        seen = set()
        for path, line in re.findall(r"^([^:\n]+):(\d+):\d+: error:", result.stderr, re.MULTILINE):
            if path not in seen:
                seen.add(path)
                yield Violation(path, int(line), "format", "differs from .clang-format, first here: run scripts/tidy --fix")
        if result.returncode != 0 and not seen:
            yield Violation(".clang-format", 1, "format", result.stderr.strip() or f"{PROGRAM} failed")


def fix(tree):
    for paths in _runs(tree):
        _run(tree, ["-i"], paths).check_returncode()
