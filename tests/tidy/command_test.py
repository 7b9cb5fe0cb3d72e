"""The command itself, and the repository held to it."""

import pathlib
import subprocess
import tempfile
import unittest

import support


def tidy(*arguments):
    return subprocess.run([support.ROOT / "scripts/tidy", *arguments], capture_output=True, text=True, check=False)


class CommandTest(unittest.TestCase):
    def test_says_where_what_and_what_to_do(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "ring").mkdir()
            (root / "ring/README.md").write_text("The ring.\n")
            (root / "ring/a.h").write_text("int a();\n")
            result = tidy("--root", folder)
            self.assertEqual(result.returncode, 1)
            self.assertIn("ring/a.h:1: pragma-once: a header's first line", result.stdout)
            (root / "ring/a.h").write_text("#pragma once\nint a();\n")
            self.assertEqual(tidy("--root", folder).returncode, 0)

    def test_this_repository_is_tidy(self):
        result = tidy()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
