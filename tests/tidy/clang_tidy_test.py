import contextlib
import io
import unittest

import support  # noqa: F401  (finds the rules)
from tidy_rules import clang_tidy


class OptionsTest(unittest.TestCase):
    def test_only_what_says_how_a_source_is_read_is_left(self):
        command = ("/usr/bin/clang++-19 -DA -I/x -isystem /y -Xclang -fno-pch-timestamp -O2 -Winvalid-pch -Xclang -include-pch "
                   "-Xclang /x/p.pch -Xclang -include -Xclang /x/p.hxx -o a.o -c /x/a.cc")
        self.assertEqual(clang_tidy.options_of(command), ("-DA", "-I/x", "-isystem", "/y", "-O2"))


class UnitsTest(unittest.TestCase):
    def test_a_unit_is_the_sources_of_a_folder_with_the_same_options(self):
        commands = {"net/b.cc": ("-O2",), "net/a.cc": ("-O2",), "net/c.cc": ("-O0",), "tests/net/a.cc": ("-O2",)}
        expected = [(("-O0",), ("net/c.cc",)), (("-O2",), ("net/a.cc", "net/b.cc")), (("-O2",), ("tests/net/a.cc",))]
        self.assertEqual(clang_tidy.units(commands), expected)


class HalvingTest(unittest.TestCase):
    def setUp(self):
        self.asked = []

    def check(self, paths):
        """`x` and `y` do not compile together, `bad` compiles nowhere, `found` has a finding."""
        self.asked.append(paths)
        compiled = not {"x", "y"} <= set(paths) and "bad" not in paths
        return compiled, "finding" if "found" in paths or not compiled else ""

    def test_a_unit_that_compiles_is_asked_once(self):
        self.assertEqual(clang_tidy.halving(self.check, ("x", "a", "found")), ["finding"])
        self.assertEqual(len(self.asked), 1)

    def test_names_that_collide_are_no_finding(self):
        self.assertEqual(clang_tidy.halving(self.check, ("x", "a", "y", "b")), [])
        self.assertEqual(self.asked[1:], [("x", "a"), ("y", "b")])

    def test_findings_beside_a_collision_are_kept(self):
        self.assertEqual(clang_tidy.halving(self.check, ("x", "found", "y", "b")), ["finding"])

    def test_a_file_that_does_not_compile_alone_is_a_finding(self):
        self.assertEqual(clang_tidy.halving(self.check, ("a", "bad")), ["finding"])


class ReportTest(unittest.TestCase):
    FIRST = "/x/a.h:1:2: error: first [check]\n    1 | text\n/x/b.h:3:4: note: here"
    SECOND = "/x/a.h:5:6: error: second [check]"

    def setUp(self):
        self.printed = io.StringIO()

    def report(self, answers):
        with contextlib.redirect_stdout(self.printed):
            return clang_tidy.report(answers)

    def test_a_finding_of_several_units_is_printed_and_counted_once(self):
        found = self.report([[f"{self.FIRST}\n{self.SECOND}"], [], [self.SECOND, self.FIRST]])
        self.assertEqual((found, self.printed.getvalue()), (2, f"{self.FIRST}\n{self.SECOND}\n"))

    def test_findings_are_printed_before_the_next_unit_ends(self):
        def answers():
            yield [self.FIRST]
            self.assertEqual(self.printed.getvalue(), f"{self.FIRST}\n")
            yield [self.SECOND]

        self.assertEqual(self.report(answers()), 2)

    def test_what_is_no_finding_is_printed_whole(self):
        self.assertEqual(self.report([["crashed\non a.cc"]]), 1)
        self.assertEqual(self.printed.getvalue(), "crashed\non a.cc\n")
