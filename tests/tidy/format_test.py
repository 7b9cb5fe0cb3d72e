import pathlib
import tempfile

import support
from tidy_rules import format as formatting
from tidy_rules import tree


class FormatTest(support.RuleTest):
    group = formatting

    def test_format(self):
        style = {".clang-format": "BasedOnStyle: Google\n"}
        self.assert_caught("format", "ring/a.cc", 2, style | {"ring/a.cc": "int a;\nint  b;\n"})
        self.assert_clean(style | {"ring/a.cc": "int a;\nint b;\n"})

    def test_fix(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "a.cc"
            file.write_text("int  a;\n")
            formatting.fix(tree.Tree(folder))
            self.assertEqual(file.read_text(), "int a;\n")
