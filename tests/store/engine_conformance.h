// What every engine must do: one suite, run on each EngineKind that a test program instantiates it with.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/store/engine_host.h"

namespace latium::testing {

class EngineConformance : public ::testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    host_ = GetParam().make_host();
    reopen();
  }

  void reopen() {
    if (engine_) ASSERT_EQ(outcome(engine_->close()), "ok");
    engine_.reset();
    auto opened = host_->open(completions_.executor());
    ASSERT_TRUE(opened.has_value()) << message_of(opened);
    engine_ = std::move(*opened);
  }

  Engine& engine() { return *engine_; }
  void put(BytesView key, BytesView value, Family family = Family::data) {
    ASSERT_EQ(outcome(engine_->write(put_batch(key, value, family), Durability::buffered)), "ok");
  }
  std::string get(BytesView key, Family family = Family::data) { return get_text(*engine_, key, family); }

  std::unique_ptr<EngineHost> host_;
  Completions completions_;
  std::unique_ptr<Engine> engine_;
};

TEST_P(EngineConformance, ReadsBackWhatWasWritten) {
  EXPECT_EQ(get("k"), "(absent)");
  put("k", "v1");
  EXPECT_EQ(get("k"), "v1");
  put("k", "v2");
  EXPECT_EQ(get("k"), "v2");
  ASSERT_EQ(outcome(engine().write(remove_batch("k"), Durability::sync)), "ok");
  EXPECT_EQ(get("k"), "(absent)");
  EXPECT_EQ(outcome(engine().write(remove_batch("never there"), Durability::buffered)), "ok");
}

TEST_P(EngineConformance, FamiliesAreApart) {
  put("k", "in data");
  put("k", "in system", Family::system);
  EXPECT_EQ(get("k"), "in data");
  EXPECT_EQ(get("k", Family::system), "in system");
  ASSERT_EQ(outcome(engine().write(remove_batch("k"), Durability::buffered)), "ok");
  EXPECT_EQ(get("k", Family::system), "in system");
}

TEST_P(EngineConformance, KeepsEmptyValuesAndBinaryKeys) {
  const std::vector<Bytes> keys = {Bytes("\0", 1),       Bytes("\0\0", 2),   Bytes("a\0b", 3),   Bytes("\xff", 1),
                                   Bytes("\xff\xff", 2), Bytes("\xff\0", 2), Bytes(300, '\xff'), Bytes(5, 'x'),
                                   Bytes(6, 'x'),        Bytes(7, 'x')};
  for (const Bytes& key : keys) put(key, "");
  for (const Bytes& key : keys) {
    const auto found = engine().get(Family::data, key, ReadMode::may_block);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->presence, Presence::found) << printable(key);
    EXPECT_EQ(found->value, "");
  }
  std::vector<Bytes> sorted = keys;
  std::ranges::sort(sorted);
  std::vector<Bytes> scanned;
  for (const auto& [key, value] : scan_all(engine(), Family::data)) scanned.push_back(key);
  EXPECT_EQ(scanned, sorted);
}

TEST_P(EngineConformance, KeepsSixteenMebibytes) {
  const Bytes value(std::size_t{16} << 20, 'v');
  ASSERT_EQ(outcome(completions_.submit(engine(), put_batch("big", value), Durability::sync)), "ok");
  EXPECT_EQ(get("big"), value);
  reopen();
  EXPECT_EQ(get("big"), value);
}

TEST_P(EngineConformance, MultiGetAnswersInOrder) {
  put("a", "1");
  put("c", "3");
  const std::vector<Bytes> keys = {"c", "b", "a", "c"};
  std::vector<std::string> texts;
  for (const auto& result : engine().multi_get(Family::data, keys)) texts.push_back(read_text(result));
  EXPECT_EQ(texts, (std::vector<std::string>{"3", "(absent)", "1", "3"}));
  EXPECT_TRUE(engine().multi_get(Family::data, {}).empty());
}

TEST_P(EngineConformance, MultiGetTakesManyKeys) {
  std::vector<Bytes> keys;
  WriteBatch batch;
  for (int i = 0; i < 1000; ++i) {
    keys.push_back("key" + std::to_string(i));
    if (i % 2 == 0) batch.put(Family::data, keys.back(), std::to_string(i));
  }
  ASSERT_EQ(outcome(engine().write(std::move(batch), Durability::buffered)), "ok");
  const auto results = engine().multi_get(Family::data, keys);
  ASSERT_EQ(results.size(), keys.size());
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(read_text(results[static_cast<std::size_t>(i)]), i % 2 == 0 ? std::to_string(i) : "(absent)");
  }
}

TEST_P(EngineConformance, ScansHalfOpenRanges) {
  for (const char* key : {"a", "b", "ba", "c"}) put(key, key);
  const auto keys = [&](KeyRange range) {
    std::string text;
    for (const auto& [key, value] : scan_all(engine(), Family::data, std::move(range))) text += key + " ";
    return text;
  };
  EXPECT_EQ(keys({}), "a b ba c ");
  EXPECT_EQ(keys({"b", "c"}), "b ba ");
  EXPECT_EQ(keys({"b", ""}), "b ba c ");
  EXPECT_EQ(keys({"", "b"}), "a ");
  EXPECT_EQ(keys({"aa", "b"}), "");
  EXPECT_EQ(keys({"c", "a"}), "");
  EXPECT_EQ(keys({"d", ""}), "");
  EXPECT_EQ(keys(KeyRange::prefix("b")), "b ba ");
}

TEST_P(EngineConformance, ScansAcrossAndInsidePartitions) {
  // Tenant and partition take six bytes; ranges that stay inside them, touch their ends, and span them.
  std::map<Bytes, Bytes> model;
  WriteBatch batch;
  for (std::uint32_t tenant = 1; tenant <= 3; ++tenant) {
    for (std::uint16_t partition = 0; partition < 3; ++partition) {
      Bytes prefix;
      put_u32_be(prefix, tenant);
      put_u16_be(prefix, partition);
      for (int i = 0; i < 20; ++i) model[prefix + std::to_string(i)] = "v";
    }
  }
  for (const auto& [key, value] : model) batch.put(Family::data, key, value);
  ASSERT_EQ(outcome(engine().write(std::move(batch), Durability::buffered)), "ok");
  for (int round = 0; round < 2; ++round) {
    std::vector<Bytes> bounds = {"",
                                 Bytes("\0\0\0\2", 4),
                                 Bytes("\0\0\0\2\0\1", 6),
                                 Bytes("\0\0\0\2\0\2", 6),
                                 Bytes("\0\0\0\2\0\1"
                                       "15",
                                       8),
                                 Bytes("\0\0\0\2\0\1"
                                       "9",
                                       7),
                                 Bytes("\0\0\0\4", 4)};
    for (const Bytes& begin : bounds) {
      for (const Bytes& end : bounds) {
        Entries expected;
        for (const auto& entry : model) {
          if (entry.first >= begin && (end.empty() || entry.first < end)) expected.emplace_back(entry);
        }
        EXPECT_EQ(scan_all(engine(), Family::data, {begin, end}), expected) << printable(begin) << " " << printable(end);
      }
    }
    reopen();  // now from tables
  }
}

TEST_P(EngineConformance, RemovesRanges) {
  for (const char* key : {"a", "b", "ba", "c"}) put(key, key);
  put("b", "system", Family::system);
  WriteBatch batch;
  batch.remove_range(Family::data, "b", "c");
  batch.remove_range(Family::data, "a", "");   // an empty end means nothing
  batch.remove_range(Family::data, "c", "a");  // and so does a range the wrong way round
  ASSERT_EQ(outcome(engine().write(std::move(batch), Durability::buffered)), "ok");
  EXPECT_EQ(scan_all(engine(), Family::data), (Entries{{"a", "a"}, {"c", "c"}}));
  EXPECT_EQ(get("ba"), "(absent)");
  EXPECT_EQ(get("b", Family::system), "system");
}

TEST_P(EngineConformance, AppliesABatchInItsOrder) {
  put("old", "x");
  WriteBatch batch;
  batch.put(Family::data, "a", "1");
  batch.put(Family::data, "a", "2");
  batch.remove_range(Family::data, "a", "z");
  batch.put(Family::data, "b", "3");
  batch.put(Family::data, "c", "4");
  batch.remove(Family::data, "c");
  batch.put(Family::system, "s", "5");
  ASSERT_EQ(outcome(engine().write(std::move(batch), Durability::sync)), "ok");
  EXPECT_EQ(scan_all(engine(), Family::data), (Entries{{"b", "3"}}));
  EXPECT_EQ(get("s", Family::system), "5");
}

TEST_P(EngineConformance, SnapshotsStandStill) {
  put("a", "1");
  put("b", "1");
  {
    const auto before = engine().snapshot();
    put("a", "2");
    WriteBatch batch;
    batch.remove_range(Family::data, "b", "c");
    ASSERT_EQ(outcome(completions_.submit(engine(), std::move(batch), Durability::buffered)), "ok");
    put("c", "2");
    EXPECT_EQ(get_text(engine(), "a", Family::data, before.get()), "1");
    EXPECT_EQ(get_text(engine(), "c", Family::data, before.get()), "(absent)");
    EXPECT_EQ(scan_all(engine(), Family::data, {}, before.get()), (Entries{{"a", "1"}, {"b", "1"}}));
    const std::vector<Bytes> keys = {"a", "b", "c"};
    std::string texts;
    for (const auto& result : engine().multi_get(Family::data, keys, before.get())) texts += read_text(result) + " ";
    EXPECT_EQ(texts, "1 1 (absent) ");
    EXPECT_EQ(scan_all(engine(), Family::data), (Entries{{"a", "2"}, {"c", "2"}}));
  }
  reopen();
}

TEST_P(EngineConformance, ACursorSeesTheMomentOfItsBirth) {
  put("a", "1");
  put("b", "1");
  {
    auto cursor = engine().scan(Family::data, {});
    ASSERT_TRUE(cursor.has_value());
    put("b", "2");
    put("c", "2");
    ASSERT_TRUE((*cursor)->valid());
    (*cursor)->next();
    ASSERT_TRUE((*cursor)->valid());
    EXPECT_EQ((*cursor)->value(), "1");
    (*cursor)->next();
    EXPECT_FALSE((*cursor)->valid());
    EXPECT_EQ(outcome((*cursor)->status()), "ok");
  }
  reopen();
}

TEST_P(EngineConformance, SubmitsApplyAndAnswerInOrder) {
  constexpr int kBatches = 500;
  std::vector<int> answered;
  for (int i = 0; i < kBatches; ++i) {
    WriteBatch batch = put_batch("last", std::to_string(i));
    batch.put(Family::data, "n" + std::to_string(i), "");
    engine().submit(std::move(batch), i % 7 == 0 ? Durability::sync : Durability::buffered, [&answered, i](Result<void> result) {
      EXPECT_EQ(outcome(result), "ok");
      answered.push_back(i);
    });
  }
  completions_.run_until([&] { return answered.size() == kBatches; });
  EXPECT_TRUE(std::ranges::is_sorted(answered));
  EXPECT_EQ(get("last"), std::to_string(kBatches - 1));
  EXPECT_EQ(scan_all(engine(), Family::data, KeyRange::prefix("n")).size(), static_cast<std::size_t>(kBatches));
}

TEST_P(EngineConformance, EmptyBatchesSucceed) {
  EXPECT_EQ(outcome(engine().write({}, Durability::buffered)), "ok");
  EXPECT_EQ(outcome(engine().write({}, Durability::sync)), "ok");
  EXPECT_EQ(outcome(completions_.submit(engine(), {}, Durability::buffered)), "ok");
  EXPECT_EQ(outcome(completions_.submit(engine(), {}, Durability::sync)), "ok");
}

TEST_P(EngineConformance, KeepsEverythingOverAReopen) {
  put("buffered", "1");
  ASSERT_EQ(outcome(engine().write(put_batch("synced", "2", Family::system), Durability::sync)), "ok");
  ASSERT_EQ(outcome(completions_.submit(engine(), put_batch("submitted", "3"), Durability::buffered)), "ok");
  put("removed", "4");
  ASSERT_EQ(outcome(engine().write(remove_batch("removed"), Durability::buffered)), "ok");
  for (int round = 0; round < 2; ++round) {
    reopen();
    EXPECT_EQ(get("buffered"), "1");
    EXPECT_EQ(get("synced", Family::system), "2");
    EXPECT_EQ(get("submitted"), "3");
    EXPECT_EQ(get("removed"), "(absent)");
  }
}

TEST_P(EngineConformance, ACheckpointIsACopyOfItsMoment) {
  put("a", "1");
  put("s", "1", Family::system);
  const std::string name = host_->checkpoint_name();
  ASSERT_EQ(outcome(engine().checkpoint(name)), "ok");
  put("a", "2");
  put("b", "2");
  EXPECT_FALSE(engine().checkpoint(name).has_value()) << "the directory exists";
  auto copy = host_->open_checkpoint(completions_.executor());
  ASSERT_TRUE(copy.has_value()) << message_of(copy);
  EXPECT_EQ(scan_all(**copy, Family::data), (Entries{{"a", "1"}}));
  EXPECT_EQ(get_text(**copy, "s", Family::system), "1");
  ASSERT_EQ(outcome((*copy)->write(put_batch("only in the copy", ""), Durability::sync)), "ok");
  EXPECT_EQ(get("only in the copy"), "(absent)");
  EXPECT_EQ(outcome((*copy)->close()), "ok");
}

TEST_P(EngineConformance, CloseFinishesWhatWaitsAndRefusesTheRest) {
  int answered = 0;
  for (int i = 0; i < 50; ++i) {
    engine().submit(put_batch("k" + std::to_string(i), "v"), Durability::buffered, [&answered](Result<void> result) {
      EXPECT_EQ(outcome(result), "ok");
      ++answered;
    });
  }
  EXPECT_EQ(outcome(engine().close()), "ok");
  EXPECT_EQ(outcome(engine().close()), "ok");
  completions_.run_until([&] { return answered == 50; });
  EXPECT_EQ(code_of(engine().get(Family::data, "k0", ReadMode::may_block)), "cancelled");
  EXPECT_EQ(code_of(engine().get(Family::data, "k0", ReadMode::cached_only)), "cancelled");
  EXPECT_EQ(code_of(engine().scan(Family::data, {})), "cancelled");
  const std::vector<Bytes> keys = {"k0", "k1"};
  const auto results = engine().multi_get(Family::data, keys);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(code_of(results[1]), "cancelled");
  EXPECT_EQ(outcome(engine().write(put_batch("late", "v"), Durability::sync)), "cancelled/not_applied");
  EXPECT_EQ(outcome(completions_.submit(engine(), put_batch("late", "v"), Durability::sync)), "cancelled/not_applied");
  EXPECT_EQ(outcome(engine().checkpoint(host_->checkpoint_name())), "cancelled/not_applied");
  reopen();
  EXPECT_EQ(scan_all(engine(), Family::data).size(), 50u);
}

TEST_P(EngineConformance, ConcurrentWritersLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kWrites = 100;
  std::vector<std::thread> writers;
  writers.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([this, t] {
      for (int i = 0; i < kWrites; ++i) {
        const Bytes number = std::to_string(t) + "/" + std::to_string(i);
        WriteBatch batch = put_batch("x" + number, number);
        batch.put(Family::data, "y" + number, number);
        EXPECT_EQ(outcome(engine().write(std::move(batch), i % 10 == 0 ? Durability::sync : Durability::buffered)), "ok");
        // A batch that was answered is seen by everyone, whole.
        EXPECT_EQ(get("x" + number), number);
        EXPECT_EQ(get("y" + number), number);
      }
    });
  }
  int answered = 0;
  for (int i = 0; i < kWrites; ++i) {
    engine().submit(put_batch("z" + std::to_string(i), "v"), Durability::buffered, [&answered](Result<void> result) {
      EXPECT_EQ(outcome(result), "ok");
      ++answered;
    });
  }
  completions_.run_until([&] { return answered == kWrites; });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(scan_all(engine(), Family::data).size(), static_cast<std::size_t>(kThreads * kWrites * 2 + kWrites));
  reopen();
  EXPECT_EQ(scan_all(engine(), Family::data).size(), static_cast<std::size_t>(kThreads * kWrites * 2 + kWrites));
}

TEST_P(EngineConformance, IsWritableAndCounts) {
  EXPECT_EQ(engine().health().state, EngineHealth::State::writable);
  EXPECT_EQ(engine().health().reason, "");
  const EngineStatistics before = engine().statistics();
  ASSERT_EQ(outcome(completions_.submit(engine(), put_batch("key", "value"), Durability::sync)), "ok");
  const EngineStatistics after = engine().statistics();
  EXPECT_EQ(after.commit_batches, before.commit_batches + 1);
  EXPECT_EQ(after.commit_groups, before.commit_groups + 1);
  EXPECT_GT(after.syncs, before.syncs);
  EXPECT_EQ(after.written_bytes, before.written_bytes + 8);
}

}  // namespace latium::testing
