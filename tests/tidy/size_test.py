import support
from tidy_rules import size


def function(lines):
    return "int f(int a) {\n" + "  ++a;\n" * (lines - 3) + "  return a;\n}\n"


class SizeTest(support.RuleTest):
    group = size

    def test_functions(self):
        self.assert_clean({"ring/a.cc": function(70)})
        self.assert_caught("function-size", "ring/a.cc", 1, {"ring/a.cc": function(71)}, warning=True)
        self.assert_caught("function-size", "ring/a.cc", 1, {"ring/a.cc": function(101)})

    def test_methods_and_constructors_in_namespaces_and_classes(self):
        method = "namespace latium {\nclass A : B {\n public:\n" + function(101) + "};\n}\n"
        self.assert_caught("function-size", "ring/a.h", 4, {"ring/a.h": method})
        constructor = "A::A(int a)\n    : a_{a}, b_(a) {\n" + "  ++b_;\n" * 100 + "}\n"
        self.assert_caught("function-size", "ring/a.cc", 2, {"ring/a.cc": constructor})

    def test_classes_tables_and_namespaces_are_not_functions(self):
        table = "const int kTable[] = {\n" + "  1,\n" * 101 + "};\n"
        self.assert_clean({"ring/a.cc": "namespace latium {\nclass A {\n" + "  void f();\n" * 101 + "};\n" + table + "}\n"})

    def test_files(self):
        self.assert_clean({"ring/a.h": "\n" * 400, "docs/a.md": "\n" * 700})
        self.assert_caught("file-size", "ring/a.h", 1, {"ring/a.h": "\n" * 401}, warning=True)
        self.assert_caught("file-size", "ring/a.h", 1, {"ring/a.h": "\n" * 601})
        self.assert_caught("file-size", "scripts/a", 1, {"scripts/a": "\n" * 601})
