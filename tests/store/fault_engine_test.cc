#include "store/fault_engine.h"

#include <gtest/gtest.h>

#include "tests/store/engine_kinds.h"

namespace latium::testing {
namespace {

class FaultEngineTest : public ::testing::Test {
 protected:
  void SetUp() override { open({}, 1); }

  void open(EngineFaultRates rates, std::uint64_t seed) {
    engine_.reset();
    auto opened = host_.open(completions_.executor());
    ASSERT_TRUE(opened.has_value()) << message_of(opened);
    engine_ = std::make_unique<FaultEngine>(std::move(*opened), rates, Random(seed));
  }

  Engine& engine() { return *engine_; }

  RocksHost host_;
  Completions completions_;
  std::unique_ptr<FaultEngine> engine_;
};

TEST_F(FaultEngineTest, ReadsFailAsScriptedAndThenNoMore) {
  ASSERT_EQ(outcome(engine_->write(put_batch("k", "v"), Durability::buffered)), "ok");
  engine_->script(EngineOperation::get, {EngineFault::none, EngineFault::io_error, EngineFault::corruption});
  const auto get = [&] { return engine().get(Family::data, "k", ReadMode::may_block); };
  EXPECT_EQ(read_text(get()), "v");
  EXPECT_EQ(code_of(get()), "io_error");
  EXPECT_EQ(code_of(get()), "corruption");
  EXPECT_EQ(read_text(get()), "v");
  EXPECT_EQ(engine_->injected(), 2u);
}

TEST_F(FaultEngineTest, OneKeyOfAMultiGetFails) {
  ASSERT_EQ(outcome(engine_->write(put_batch("k", "v"), Durability::buffered)), "ok");
  engine_->script(EngineOperation::multi_get, {EngineFault::io_error});
  const std::vector<Bytes> keys(5, "k");
  int failed = 0;
  for (const auto& result : engine().multi_get(Family::data, keys)) {
    if (!result) ++failed;
    if (result) EXPECT_EQ(read_text(result), "v");
  }
  EXPECT_EQ(failed, 1);
}

TEST_F(FaultEngineTest, AScanStopsShortWithTheError) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(outcome(engine_->write(put_batch(std::to_string(i), "v"), Durability::buffered)), "ok");
  }
  engine_->script(EngineOperation::scan, {EngineFault::corruption});
  auto cursor = engine().scan(Family::data, {});
  ASSERT_TRUE(cursor.has_value());
  int seen = 0;
  for (; (*cursor)->valid(); (*cursor)->next()) ++seen;
  EXPECT_LT(seen, 100);
  EXPECT_EQ(code_of((*cursor)->status()), "corruption");
  EXPECT_EQ(scan_all(*engine_, Family::data).size(), 100u);
}

TEST_F(FaultEngineTest, WritesSayWhatIsKnownOfThem) {
  const std::initializer_list<EngineFault> faults = {EngineFault::io_error, EngineFault::read_only, EngineFault::unknown_lost,
                                                     EngineFault::unknown_applied};
  const std::vector<std::string> expected = {"io_error/not_applied", "read_only/not_applied", "io_error/unknown",
                                             "io_error/unknown"};
  engine_->script(EngineOperation::write, faults);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    EXPECT_EQ(outcome(engine_->write(put_batch("w" + std::to_string(i), "v"), Durability::sync)), expected[i]);
  }
  engine_->script(EngineOperation::submit, faults);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    EXPECT_EQ(outcome(completions_.submit(*engine_, put_batch("s" + std::to_string(i), "v"), Durability::sync)), expected[i]);
  }
  engine_->script(EngineOperation::submit, {EngineFault::overloaded});
  EXPECT_EQ(outcome(completions_.submit(*engine_, put_batch("full", "v"), Durability::sync)), "overloaded/not_applied");
  EXPECT_EQ(scan_all(*engine_, Family::data), (Entries{{"s3", "v"}, {"w3", "v"}})) << "only what is unknown and applied";
}

TEST_F(FaultEngineTest, FaultsThatAnOperationCannotHaveAreNone) {
  engine_->script(EngineOperation::write, {EngineFault::overloaded, EngineFault::corruption});
  EXPECT_EQ(outcome(engine_->write(put_batch("a", "v"), Durability::buffered)), "ok");
  EXPECT_EQ(outcome(engine_->write(put_batch("b", "v"), Durability::buffered)), "ok");
  EXPECT_EQ(engine_->injected(), 0u);
}

TEST_F(FaultEngineTest, RatesAreDrawnFromTheSeed) {
  const auto run = [&](std::uint64_t seed) {
    open({.io_error = 0.2, .corruption = 0.1, .unknown = 0.2, .read_only = 0.1, .overloaded = 0.2}, seed);
    std::string trace;
    for (int i = 0; i < 200; ++i) {
      trace += outcome(completions_.submit(*engine_, put_batch("k", std::to_string(i)), Durability::buffered)) + " ";
      trace += code_of(engine().get(Family::data, "k", ReadMode::may_block)) + " ";
    }
    EXPECT_GT(engine_->injected(), 100u);
    EXPECT_LT(engine_->injected(), 300u);
    return trace;
  };
  const std::string first = run(1);
  for (const char* expected : {"ok", "io_error/not_applied", "io_error/unknown", "read_only", "overloaded", "corruption"}) {
    EXPECT_NE(first.find(expected), std::string::npos) << expected;
  }
  EXPECT_EQ(run(1), first);
  EXPECT_NE(run(2), first);
}

}  // namespace
}  // namespace latium::testing
