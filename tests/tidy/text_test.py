import support
from tidy_rules import text


class TextTest(support.RuleTest):
    group = text

    def test_todo(self):
        self.assert_caught("todo", "ring/a.cc", 2, {"ring/a.cc": "int a;\n// TODO: more\n"})
        self.assert_caught("todo", "docs/a.md", 1, {"docs/a.md": "FIXME\n"})
        self.assert_clean({"ring/a.cc": "// TODO(Boost 1.82): drop this\n// a todo list; mktemp XXXXXX\n"})

    def test_private_text(self):
        # Put together here, so that this file itself names no such place.
        outside = ("see ../{}ed/a.md".format("shar"), "see /{}rk/main".format("wo"), "cd /{}ot/x".format("ro"), "as issue {}12 says".format("#"))
        for line in outside:
            self.assert_caught("private-text", "docs/a.md", 1, {"docs/a.md": line + "\n"})
        self.assert_clean({"docs/a.md": "build/{0}/a, ${{dir}}/{1}/a, https://example.com/{0}/b, issues of 2026\n".format("wo" + "rk", "ro" + "ot")})

    def test_binary_files_are_not_texts(self):
        self.assert_clean({"fuzz/corpus/rows/a": "\0TODO\n"})
