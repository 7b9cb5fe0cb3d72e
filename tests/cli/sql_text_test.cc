#include "node/cli/sql_text.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace latium::cli {
namespace {

using Statements = std::vector<std::string>;

TEST(SqlSplitterTest, StatementsEndAtSemicolonsOutsideOfQuotesAndComments) {
  SqlSplitter splitter;
  EXPECT_EQ(splitter.add("SELECT 1; SELECT ';' ;\n\"a;b\";[c;d]; `e;f`;"),
            (Statements{"SELECT 1", "SELECT ';'", "\"a;b\"", "[c;d]", "`e;f`"}));
  EXPECT_EQ(splitter.add("SELECT 'it''s; fine'; SELECT -- a; b\n 2; SELECT /* c; ' */ 3;"),
            (Statements{"SELECT 'it''s; fine'", "SELECT -- a; b\n 2", "SELECT /* c; ' */ 3"}));
  EXPECT_FALSE(splitter.waits());
}

TEST(SqlSplitterTest, WhatIsOnlySpaceAndCommentsIsNoStatement) {
  SqlSplitter splitter;
  EXPECT_EQ(splitter.add(";; -- nothing;\n ; /* nor ; here */ ; /*/ one comment; */;"), Statements());
  EXPECT_EQ(splitter.finish(), "");
  EXPECT_EQ(splitter.add("SELECT 4 - 2 / 1"), Statements());
  EXPECT_TRUE(splitter.waits());
  EXPECT_EQ(splitter.finish(), "SELECT 4 - 2 / 1");
  EXPECT_FALSE(splitter.waits());
}

TEST(SqlSplitterTest, AnOpenQuoteWaits) {
  SqlSplitter splitter;
  EXPECT_EQ(splitter.add("SELECT 'a\n"), Statements());
  EXPECT_TRUE(splitter.waits());
  EXPECT_EQ(splitter.add("b;c';"), (Statements{"SELECT 'a\nb;c'"}));
}

RC_GTEST_PROP(SqlSplitterTest, PiecesGiveWhatTheWholeGives, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab ;;'\"[]`-/*\n")));
  SqlSplitter whole;
  Statements wanted = whole.add(text);
  SqlSplitter pieces;
  Statements got;
  for (const char c : text) {
    for (std::string& statement : pieces.add(std::string(1, c))) got.push_back(std::move(statement));
  }
  RC_ASSERT(got == wanted);
  RC_ASSERT(pieces.waits() == whole.waits());
  RC_ASSERT(pieces.finish() == whole.finish());
}

}  // namespace
}  // namespace latium::cli
