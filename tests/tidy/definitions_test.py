import support
from tidy_rules import definitions


class DefinitionsTest(support.RuleTest):
    group = definitions

    def both(self, one, other):
        return {"ring/a.h": one, "ring/b.h": other}

    def test_two_types_of_one_name(self):
        one = "namespace latium {\nstruct Found {\n  int a;\n};\n}\n"
        other = "namespace latium {\n\nclass Found final : Base {\n};\n}\n"
        self.assert_caught("one-definition", "ring/b.h", 3, self.both(one, other))
        self.assert_caught("one-definition", "ring/b.h", 1, self.both("struct A {};\n", "enum class A { b };\n"))
        template = "namespace latium::sql {\ntemplate <class T, class U = std::vector<T>>\nclass Box {\n};\n}\n"
        self.assert_caught("one-definition", "ring/b.h", 3, self.both(template, template))

    def test_other_names_and_namespaces(self):
        one = "namespace latium {\nstruct Found {\n};\n}\n"
        self.assert_clean(self.both(one, "namespace latium::sql {\nstruct Found {\n};\n}\n"))
        self.assert_clean(self.both(one, "namespace latium {\nnamespace {\nstruct Found {\n};\n}\n}\n"))
        self.assert_clean(self.both(one, "namespace latium {\nstruct Row {\n  struct Found {\n  };\n};\n}\n"))
        self.assert_clean(self.both(one, "namespace latium {\nstruct Found;\nvoid f() {\n  struct Found {\n  };\n}\n}\n"))
        self.assert_clean(self.both("template <class T>\nstruct A {\n};\n", "template <class T>\nstruct B {\n};\n"))
        self.assert_clean(self.both("template <>\nstruct A<int> {\n};\n", "template <>\nstruct A<long> {\n};\n"))
