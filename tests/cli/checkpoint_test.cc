#include "node/cli/checkpoint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace latium::cli {
namespace {

Checkpoint example() {
  return {.cluster = "00000000000000ab",
          .target = "acme/b",
          .file_size = 1000,
          .progress = {.position = {.offset = 500, .lines = 7, .crc32c = 0xFFFFFFFF}, .imported = 6, .bad = 1}};
}

TEST(Checkpoint, IsReadBack) {
  EXPECT_EQ(*decode_checkpoint(encode_checkpoint(example())), example());
  Checkpoint stream = example();
  stream.file_size.reset();
  EXPECT_EQ(*decode_checkpoint(encode_checkpoint(stream)), stream);
}

TEST(Checkpoint, OtherTextsAreNone) {
  for (
      const char* text :
      {"", "{}", "[]", "x", R"({"format":"latium-import-2"})",
       R"({"format":"latium-import-1","cluster":"a","target":"t","offset":-1,"lines":1,"crc32c":1,"imported":1,"bad":0})",
       R"({"format":"latium-import-1","cluster":"a","target":"t","offset":1,"lines":1,"crc32c":4294967296,"imported":1,"bad":0})"}) {
    EXPECT_EQ(decode_checkpoint(text).error().code, ErrorCode::invalid_argument) << text;
  }
}

RC_GTEST_PROP(Checkpoint, ACutOneIsNone, ()) {
  const std::string text = encode_checkpoint(example());
  const auto length = *rc::gen::inRange<std::size_t>(0, text.size() - 2);
  RC_ASSERT(!decode_checkpoint(text.substr(0, length)));
}

TEST(Checkpoint, NamesWhatDiffers) {
  const Checkpoint saved = example();
  EXPECT_TRUE(check_resumable(saved, example()));
  const auto differs = [&saved](Checkpoint now) {
    const auto result = check_resumable(saved, now);
    EXPECT_EQ(result.error().code, ErrorCode::conflict);
    return result.error().message;
  };
  Checkpoint now = example();
  now.target = "acme/c";
  EXPECT_NE(differs(now).find("into acme/b, not acme/c"), std::string::npos);
  now = example();
  now.cluster = "00000000000000cd";
  EXPECT_NE(differs(now).find("cluster 00000000000000ab, not 00000000000000cd"), std::string::npos);
  now = example();
  now.file_size = 1001;
  EXPECT_NE(differs(now).find("1000 bytes, not 1001 bytes"), std::string::npos);
  now.file_size.reset();
  EXPECT_NE(differs(now).find("a stream"), std::string::npos);
}

}  // namespace
}  // namespace latium::cli
