import support
from tidy_rules import layout


class LayoutTest(support.RuleTest):
    group = layout

    def test_folders_introduce_themselves(self):
        self.assert_caught("readme", "ring/README.md", 1, {"ring/a.cc": ""})
        self.assert_caught("readme", "relational/sql/README.md", 1, {"relational/README.md": "", "relational/sql/a.cc": ""})
        self.assert_clean({"ring/README.md": "", "ring/a.cc": "", "docs/a.md": ""})
        self.assert_clean({"tests/README.md": "", "tests/ring/a_test.cc": ""})

    def test_a_readme_is_a_page(self):
        self.assert_caught("readme", "ring/README.md", 1, {"ring/README.md": "\n" * 81, "ring/a.cc": ""}, warning=True)

    def test_headers_guard_themselves(self):
        readme = {"ring/README.md": ""}
        self.assert_caught("pragma-once", "ring/a.h", 1, readme | {"ring/a.h": "// A ring.\n#include <map>\n#pragma once\n"})
        self.assert_clean(readme | {"ring/a.h": "// A ring.\n\n#pragma once\n#include <map>\n"})
