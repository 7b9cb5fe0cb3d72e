#include "base/base64.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace latium {
namespace {

// RFC 4648 section 10.
TEST(Base64, KnownAnswers) {
  const std::vector<std::pair<Bytes, std::string>> known = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xFB\xFF\xBF", "+/+/"},
  };
  for (const auto& [bytes, text] : known) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, RefusesWhatIsNotItsOwn) {
  for (const char* bad : {"Zg", "Zg=", "Zg===", "Zm9v=", "Z===", "====", "=Zg=", "Zg==Zg==", "Z=g=", "Zm9v\n", "Zm 9", "Zm9-",
                          "Zm9_", "Zh==", "Zm9=", "Zm9v Zm9v"}) {
    const auto decoded = base64_decode(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().code, ErrorCode::invalid_argument);
  }
}

RC_GTEST_PROP(Base64, RoundTrips, (const Bytes& bytes)) {
  RC_ASSERT((base64_decode(base64_encode(bytes)) == bytes));
}

RC_GTEST_PROP(Base64, WhatDecodesHasOneText, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::element('A', 'B', 'g', 'w', '/', '+', '9', '='));
  if (const auto bytes = base64_decode(text)) RC_ASSERT(base64_encode(*bytes) == text);
}

}  // namespace
}  // namespace latium
