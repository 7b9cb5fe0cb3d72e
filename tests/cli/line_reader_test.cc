#include "node/cli/line_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sstream>
#include <vector>

#include "base/hash.h"
#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  LineReader reader(in, 100);
  std::vector<std::string> lines;
  std::string line;
  while (reader.next(line) != LineReader::Next::end) lines.push_back(line);
  EXPECT_EQ(reader.position(), (LinePosition{text.size(), lines.size(), crc32c(text)}));
  return lines;
}

TEST(LineReader, SplitsAtNewlines) {
  EXPECT_EQ(lines_of(""), (std::vector<std::string>{}));
  EXPECT_EQ(lines_of("a\nb\n"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(lines_of("a\n\nb"), (std::vector<std::string>{"a", "", "b"}));
}

TEST(LineReader, PassesOverWhatIsTooLong) {
  std::istringstream in(std::string(11, 'x') + "\n" + std::string(10, 'y') + "\n" + std::string(1'000'000, 'z'));
  LineReader reader(in, 10);
  std::string line;
  EXPECT_EQ(reader.next(line), LineReader::Next::too_long);
  EXPECT_EQ(reader.next(line), LineReader::Next::line);
  EXPECT_EQ(line, "yyyyyyyyyy");
  EXPECT_EQ(reader.next(line), LineReader::Next::too_long);
  EXPECT_EQ(line.size(), 10u);
  EXPECT_EQ(reader.next(line), LineReader::Next::end);
  EXPECT_EQ(reader.position().lines, 3u);
}

TEST(LineReader, HandsOutWhatIsThereBeforeItWaits) {
  PiecewiseInput pieces;
  bool waited = false;
  pieces.add("a\nb\nc");
  pieces.add("c\n", [&waited] { waited = true; });
  std::istream in(&pieces);
  LineReader reader(in, 100);
  std::string line;
  EXPECT_EQ(reader.next(line), LineReader::Next::line);
  EXPECT_TRUE(reader.ready());
  EXPECT_EQ(reader.next(line), LineReader::Next::line);
  EXPECT_EQ(line, "b");
  EXPECT_FALSE(waited);
  EXPECT_EQ(reader.next(line), LineReader::Next::line);
  EXPECT_EQ(line, "cc");
  EXPECT_TRUE(waited);
  EXPECT_FALSE(reader.ready());
}

RC_GTEST_PROP(LineReader, GoesOnWhereAnotherWas, (std::vector<std::string> words)) {
  std::string text;
  for (const std::string& word : words) text += word + "\n";
  std::istringstream in(text);
  LineReader whole(in, 1000);
  std::vector<LinePosition> positions = {whole.position()};
  std::string line;
  while (whole.next(line) != LineReader::Next::end) positions.push_back(whole.position());
  const LinePosition from = positions[*rc::gen::inRange<std::size_t>(0, positions.size())];

  std::istringstream again(text);
  LineReader second(again, 1000);
  RC_ASSERT(second.resume_at(from));
  while (second.next(line) != LineReader::Next::end) {
  }
  RC_ASSERT(second.position() == whole.position());
}

TEST(LineReader, RefusesToGoOnInOtherBytes) {
  std::istringstream in("a\nb\n");
  LineReader reader(in, 100);
  std::string line;
  reader.next(line);
  const LinePosition position = reader.position();
  std::istringstream other("x\nb\n");
  EXPECT_FALSE(LineReader(other, 100).resume_at(position));
  std::istringstream shorter("a");
  EXPECT_FALSE(LineReader(shorter, 100).resume_at(position));
}

}  // namespace
}  // namespace latium::cli
