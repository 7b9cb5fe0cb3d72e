#include "base/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/crc32c_impl.h"

namespace latium {
namespace {

// From libxxhash 0.8.1. One for each code path by length: up to 3, 8, 16, 128 bytes, and long. Placement rests on them.
TEST(Xxh3, KnownAnswers) {
  EXPECT_EQ(xxh3_64(""), 0x2d06800538d394c2U);
  EXPECT_EQ(xxh3_64("a"), 0xe6c632b61e964e1fU);
  EXPECT_EQ(xxh3_64("latium"), 0x1607b88ce2eea85cU);
  EXPECT_EQ(xxh3_64("The quick brown fox jumps over the lazy dog"), 0xce7d19a5418fb365U);
  Bytes long_input(1000, '\0');
  for (std::size_t i = 0; i < long_input.size(); ++i) long_input[i] = static_cast<char>(i * 7);
  EXPECT_EQ(xxh3_64(long_input), 0x10ad30264426c830U);
}

TEST(Xxh3, KnownAnswersWithSeed) {
  EXPECT_EQ(xxh3_64("", 42), 0xb029411ff43d84d2U);
  EXPECT_EQ(xxh3_64("a", 42), 0x4c437dd47f0716f4U);
  EXPECT_EQ(xxh3_64("latium", 42), 0x238de1eee3223fa1U);
  EXPECT_EQ(xxh3_64("The quick brown fox jumps over the lazy dog", 42), 0xb4a3f3c36b3c7d26U);
}

struct KnownCrc {
  Bytes data;
  std::uint32_t crc;
};

// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
std::vector<KnownCrc> known_crcs() {
  Bytes ascending;
  for (int i = 0; i < 32; ++i) ascending.push_back(static_cast<char>(i));
  return {{"", 0},
          {"123456789", 0xE3069283},
          {Bytes(32, '\0'), 0x8A9136AA},
          {Bytes(32, '\xFF'), 0x62A8AB43},
          {ascending, 0x46DD794E}};
}

TEST(Crc32c, KnownAnswers) {
  for (const auto& [data, crc] : known_crcs()) {
    EXPECT_EQ(crc32c(data), crc) << printable(data);
    EXPECT_EQ(crc32c_impl::by_table(data, 0), crc) << printable(data);
    if (crc32c_impl::has_instruction()) {
      EXPECT_EQ(crc32c_impl::by_instruction(data, 0), crc) << printable(data);
    }
  }
}

TEST(Crc32c, BothImplementationsAgreeOnEveryLengthAndAlignment) {
  if (!crc32c_impl::has_instruction()) GTEST_SKIP() << "this processor has no CRC32C instruction";
  Bytes data(200, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 37 + 11);
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; start + length <= data.size(); ++length) {
      const BytesView part = BytesView(data).substr(start, length);
      ASSERT_EQ(crc32c_impl::by_instruction(part, 7), crc32c_impl::by_table(part, 7)) << start << '+' << length;
    }
  }
}

RC_GTEST_PROP(Crc32c, BothImplementationsAgree, (const Bytes& data, std::uint32_t crc)) {
  if (crc32c_impl::has_instruction()) {
    RC_ASSERT(crc32c_impl::by_instruction(data, crc) == crc32c_impl::by_table(data, crc));
  }
}

RC_GTEST_PROP(Crc32c, ContinuesWhereItStopped, (const Bytes& head, const Bytes& tail)) {
  RC_ASSERT(crc32c(tail, crc32c(head)) == crc32c(head + tail));
}

RC_GTEST_PROP(Crc32c, SeesEveryFlippedBit, (Bytes data)) {
  RC_PRE(!data.empty());
  const std::uint32_t before = crc32c(data);
  const auto bit = *rc::gen::inRange<std::size_t>(0, data.size() * 8);
  data[bit / 8] = static_cast<char>(data[bit / 8] ^ (1 << (bit % 8)));
  RC_ASSERT(crc32c(data) != before);
}

}  // namespace
}  // namespace latium
