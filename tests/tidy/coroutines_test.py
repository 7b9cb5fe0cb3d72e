import support
from tidy_rules import coroutines


class CoroutinesTest(support.RuleTest):
    group = coroutines

    def test_a_capturing_coroutine_is_caught(self):
        for body in ("[this] { co_await run(); }", "[&](int a)\n    -> Task<int> { co_return a; }",
                     "[x]() mutable -> asio::awaitable<Result<void>> { LATIUM_CO_TRY(auto y, co_await f(x)); }"):
            self.assert_caught("capturing-coroutine", "net/a.cc", 1, {"net/a.cc": f"auto task = {body};\n"})

    def test_others_are_free(self):
        self.assert_clean({"net/a.cc": "auto a = [](int x) -> Task<int> { co_return x; };\n"})
        self.assert_clean({"net/a.cc": "auto b = [this](int x) -> Task<int> { return run(x); };\n"})
        self.assert_clean({"net/a.cc": "auto c = [this] { spawn([](int x) -> Task<int> { co_return x; }(1)); };\n"})
        self.assert_clean({"net/a.cc": "Task<int> f() { a[i] (3); [[maybe_unused]] int b = co_await g(c[i]); co_return b; }\n"})
