// Rows as bytes: pinned, round trips, and nothing but what encode_row makes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "replication/row_state.h"

namespace latium {
namespace {

Hlc stamp() {
  return Hlc{*rc::gen::inRange<std::uint64_t>(1, UINT64_MAX / 4)};
}

TransactionId txn() {
  return {*rc::gen::inRange<std::uint64_t>(0, 4), *rc::gen::inRange<std::uint64_t>(1, 200)};
}

std::vector<Bytes> keys() {
  auto keys = *rc::gen::container<std::vector<Bytes>>(rc::gen::nonEmpty(rc::gen::arbitrary<Bytes>()));
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  return keys;
}

RowState any_state() {
  RowState state;
  if (*rc::gen::arbitrary<bool>()) state.floor = stamp();
  if (*rc::gen::arbitrary<bool>()) {
    state.committed = {stamp(), txn(), *rc::gen::arbitrary<bool>(), {}};
    if (state.committed.present) state.committed.row = *rc::gen::arbitrary<Bytes>();
  }
  if (*rc::gen::arbitrary<bool>()) {
    Intent& intent = state.intent.emplace();
    intent.txn = txn();
    intent.start = stamp();
    if (*rc::gen::arbitrary<bool>()) intent.commit_ts = Hlc{intent.start.value + stamp().value};
    intent.sequence = *rc::gen::arbitrary<std::uint32_t>();
    intent.expires_ms = *rc::gen::arbitrary<std::uint64_t>();
    intent.primary = *rc::gen::arbitrary<Bytes>();
    if (intent.is_primary()) intent.others = keys();
    intent.present = *rc::gen::arbitrary<bool>();
    if (intent.present) intent.row = *rc::gen::arbitrary<Bytes>();
  }
  const auto count = *rc::gen::inRange<std::size_t>(0, 4);
  for (std::size_t i = 0; i < count; ++i) {
    Outcome outcome{.txn = {9, i + 1}, .start = stamp(), .committed_ts = {}, .at_ms = stamp().value, .unresolved = {}};
    if (*rc::gen::arbitrary<bool>()) {
      outcome.committed_ts = Hlc{outcome.start.value + 1};
      outcome.unresolved = keys();
    }
    state.outcomes.push_back(outcome);
  }
  return state;
}

RC_GTEST_PROP(RowCodecTest, AStateComesBackAsItWas, ()) {
  const RowState state = any_state();
  const Bytes bytes = encode_row(state);
  RC_ASSERT(bytes.size() <= row_size_bytes(state));
  RC_ASSERT(bytes.empty() == state.empty());
  const auto back = decode_row(bytes);
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == state);
}

// Cut, lengthened or with one bit turned, bytes are refused, or are what another state is encoded as.
RC_GTEST_PROP(RowCodecTest, OneEncodingForAValue, ()) {
  Bytes bytes = encode_row(any_state());
  RC_PRE(!bytes.empty());
  const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      bytes.resize(place);
      break;
    case 1:
      bytes.push_back('\0');
      break;
    default:
      bytes[place] = static_cast<char>(bytes[place] ^ (1 << *rc::gen::inRange(0, 8)));
  }
  const auto decoded = decode_row(bytes);
  if (decoded) RC_ASSERT(encode_row(*decoded) == bytes);
  if (!decoded) RC_ASSERT(decoded.error().code == ErrorCode::corruption);
}

TEST(RowCodecTest, BytesAreKept) {
  RowState state;
  state.floor = Hlc{1};
  state.committed = {Hlc{2}, {3, 4}, true, "row"};
  state.intent = {.txn = {5, 6},
                  .start = Hlc{7},
                  .commit_ts = Hlc{8},
                  .sequence = 9,
                  .expires_ms = 300,
                  .primary = {},
                  .others = {"k1", "k2"},
                  .present = true,
                  .row = "new"};
  state.outcomes = {{.txn = {10, 11}, .start = Hlc{12}, .committed_ts = Hlc{13}, .at_ms = 14, .unresolved = {"k3"}}};
  EXPECT_EQ(to_hex(encode_row(state)),
            "021f010000000000000002000000000000000300000000000000040000000000000003726f77070500000000000000060000"
            "00000000000700000000000000080000000000000009ac0202026b31026b32036e6577010a000000000000000b0000000000"
            "00000c000000000000000d000000000000000e01026b33");
  state.intent->primary = "p";
  state.intent->others.clear();
  state.intent->commit_ts = {};
  state.intent->present = false;
  state.intent->row.clear();
  state.outcomes = {{.txn = {10, 11}, .start = Hlc{12}, .committed_ts = {}, .at_ms = 14, .unresolved = {}}};
  EXPECT_EQ(to_hex(encode_row(state)),
            "021f010000000000000002000000000000000300000000000000040000000000000003726f77000500000000000000060000"
            "0000000000070000000000000009ac020170010a000000000000000b000000000000000c0000000000000000000000000000"
            "000e");
  EXPECT_EQ(encode_row({}), "");
}

TEST(RowCodecTest, WhatCannotBeIsRefused) {
  EXPECT_FALSE(decode_row("\x01").has_value()) << "a lock";
  EXPECT_FALSE(decode_row(BytesView("\x02\x00", 2)).has_value()) << "an empty state has no bytes";
  EXPECT_FALSE(decode_row("\x02\x02").has_value()) << "present, and never committed";
  RowState state;
  state.outcomes.resize(2, {.txn = {1, 1}, .start = Hlc{1}, .committed_ts = {}, .at_ms = 0, .unresolved = {}});
  EXPECT_FALSE(decode_row(encode_row(state)).has_value()) << "one transaction, two outcomes";
  state.outcomes.clear();
  for (std::uint64_t i = 0; i <= kUnresolvedOutcomesMax; ++i) {
    state.outcomes.push_back({.txn = {1, i + 1}, .start = Hlc{1}, .committed_ts = Hlc{2}, .at_ms = 0, .unresolved = {"k"}});
  }
  EXPECT_FALSE(decode_row(encode_row(state)).has_value()) << "too many to make room";
  state.outcomes.pop_back();
  EXPECT_TRUE(decode_row(encode_row(state)).has_value());
  state.outcomes.clear();
  state.intent = Intent();
  EXPECT_FALSE(decode_row(encode_row(state)).has_value()) << "an intent of no transaction";
}

}  // namespace
}  // namespace latium
