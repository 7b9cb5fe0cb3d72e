import support
from tidy_rules import state


class StateTest(support.RuleTest):
    group = state

    def caught(self, text, line=1):
        self.assert_caught("global-state", "ring/a.cc", line, {"ring/a.cc": text})

    def clean(self, text):
        self.assert_clean({"ring/a.cc": text})

    def test_globals(self):
        self.caught("int count = 0;\n")
        self.caught("namespace latium {\nnamespace {\nstd::map<int, Foo> cache;\n}\n}\n", line=3)
        self.caught("inline std::atomic<bool> on{false};\n")
        self.caught("thread_local int depth = 0;\n")

    def test_static_variables(self):
        self.caught("int next() {\n  static int value = 0;\n  return ++value;\n}\n", line=2)
        self.caught("struct A {\n  static Registry registry_;\n};\n", line=2)

    def test_singletons(self):
        self.caught("struct A {\n  static A& instance();\n};\n", line=2)

    def test_constants_functions_and_types_are_free(self):
        self.clean("constexpr int kLimit = 3;\nconst std::string kName{\"a\"};\nstatic constexpr int kOther[] = {1, 2};\n")
        self.clean("volatile std::sig_atomic_t interrupted = 0;\n")
        self.clean("Result<int> f(int a, int b = 3);\nusing A = std::vector<int>;\nenum class E : int { a = 1 };\n")
        self.clean("struct A {\n  int count_ = 0;\n  static A open(int a);\n  static const A& empty();\n};\n")
        self.clean("bool operator==(const A& a, const A& b) = default;\nextern template class std::vector<int>;\n")
        self.clean("A::A(int a) : a_{a}, b_(a) {\n  int local = 0;\n  for (;;) { int other = 1; }\n}\n")
        self.clean("template <class T>\nconcept Named = requires(T t) { t.name(); };\nauto f() -> int { return 1; }\n")
        self.clean("#define X(a) \\\n  int a = 0;\nclass B;\nstruct C final : B {\n  int x;\n};\n")

    def test_programs_outside_the_house_are_free(self):
        self.assert_clean({"bench/read.cc": "int count = 0;\n", "tests/ring/a_test.cc": "int count = 0;\n"})
        self.assert_caught("global-state", "tests/sim/world.cc", 1, {"tests/sim/world.cc": "int count = 0;\n"})
