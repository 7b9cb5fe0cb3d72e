"""A small tree on disk, checked by one group of rules."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from tidy_rules import tree  # noqa: E402


class RuleTest(unittest.TestCase):
    group = None  # the module under test

    def violations(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in files.items():
                file = pathlib.Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return [v for v in self.group.check(tree.Tree(folder))]

    def assert_clean(self, files):
        self.assertEqual([str(v) for v in self.violations(files)], [])

    def assert_caught(self, rule, path, line, files, warning=False):
        """Exactly one violation: of this rule, there."""
        found = [(v.rule, v.path, v.line, v.warning) for v in self.violations(files)]
        self.assertEqual(found, [(rule, path, line, warning)])
