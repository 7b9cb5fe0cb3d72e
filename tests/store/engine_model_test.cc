// Random operations on each kind of engine beside a std::map.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "tests/store/engine_kinds.h"

namespace latium::testing {
namespace {

using Model = std::map<Bytes, Bytes>;

/// One step; which fields count depends on the kind.
struct Step {
  enum Kind : std::uint8_t { write, submit, get, multi_get, scan, take_snapshot, drop_snapshot, reopen, checkpoint };
  Kind kind;
  std::vector<WriteBatch::Operation> operations;
  Bytes low;
  Bytes high;
  bool sync;
};

/// Few different keys, shorter and longer than the prefix of partitions, with the bytes that codecs trip over.
rc::Gen<Bytes> any_key() {
  return rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, 4), [](std::size_t length) {
    const auto tail = rc::gen::container<Bytes>(length, rc::gen::element<char>('\0', 'a', '\xff'));
    const auto head = rc::gen::element<Bytes>(Bytes(), Bytes("\0\0\0\1\0\1", 6), Bytes("\0\0\0\1\0\2", 6));
    return rc::gen::apply([](const Bytes& prefix, const Bytes& rest) { return prefix + rest; }, head, tail);
  });
}

/// Only Family::trees is merged.
rc::Gen<WriteBatch::Operation> any_operation(Family family) {
  using Kind = WriteBatch::Kind;
  return rc::gen::apply(
      [family](Kind kind, const Bytes& key, const Bytes& end, const Bytes& value) {
        return WriteBatch::Operation{kind, family, key, kind == Kind::remove_range ? end : value};
      },
      rc::gen::weightedElement<Kind>(
          {{6, Kind::put}, {2, Kind::remove}, {1, Kind::remove_range}, {family == Family::trees ? 9 : 0, Kind::merge_xor}}),
      any_key(), any_key(), rc::gen::scale(0.2, rc::gen::arbitrary<Bytes>()));
}

rc::Gen<Step> any_step(Family family) {
  return rc::gen::apply([](Step::Kind kind, std::vector<WriteBatch::Operation> operations, Bytes low, Bytes high,
                           bool sync) { return Step{kind, std::move(operations), std::move(low), std::move(high), sync}; },
                        rc::gen::weightedElement<Step::Kind>({{8, Step::write},
                                                              {8, Step::submit},
                                                              {8, Step::get},
                                                              {3, Step::multi_get},
                                                              {5, Step::scan},
                                                              {2, Step::take_snapshot},
                                                              {1, Step::drop_snapshot},
                                                              {1, Step::reopen},
                                                              {1, Step::checkpoint}}),
                        rc::gen::scale(0.1, rc::gen::container<std::vector<WriteBatch::Operation>>(any_operation(family))),
                        any_key(), any_key(), rc::gen::arbitrary<bool>());
}

void apply(Model& model, const WriteBatch::Operation& operation) {
  switch (operation.kind) {
    case WriteBatch::Kind::put:
      model[operation.key] = operation.value;
      break;
    case WriteBatch::Kind::remove:
      model.erase(operation.key);
      break;
    case WriteBatch::Kind::remove_range:
      if (operation.key < operation.value) {
        model.erase(model.lower_bound(operation.key), model.lower_bound(operation.value));
      }
      break;
    case WriteBatch::Kind::merge_xor: {
      // Written out once more: the engines share one function.
      Bytes& value = model[operation.key];
      value.resize(std::max(value.size(), operation.value.size()));
      for (std::size_t i = 0; i < operation.value.size(); ++i) value[i] = static_cast<char>(value[i] ^ operation.value[i]);
      break;
    }
  }
}

class ModelRun {
 public:
  ModelRun(const EngineKind& kind, Family family) : family_(family), host_(kind.make_host()) { open(); }

  void run(const Step& step) {
    switch (step.kind) {
      case Step::write:
      case Step::submit:
        return write(step);
      case Step::get:
        check_get(step.low, nullptr, model_);
        if (snapshot_) check_get(step.low, snapshot_.get(), snapshot_model_);
        return;
      case Step::multi_get:
        return check_multi_get({step.low, step.high, step.low});
      case Step::scan:
        check_scan({step.low, step.high}, nullptr, model_);
        if (snapshot_) check_scan({step.low, step.high}, snapshot_.get(), snapshot_model_);
        return;
      case Step::take_snapshot:
        snapshot_ = engine_->snapshot();
        snapshot_model_ = model_;
        return;
      case Step::drop_snapshot:
        snapshot_.reset();
        return;
      case Step::reopen:
        snapshot_.reset();
        RC_ASSERT(outcome(engine_->close()) == "ok");
        engine_.reset();
        return open();
      case Step::checkpoint:
        if (!std::exchange(checkpoint_made_, true)) RC_ASSERT(outcome(engine_->checkpoint(host_->checkpoint_name())) == "ok");
        return;
    }
  }

  void finish() {
    check_scan({}, nullptr, model_);
    snapshot_.reset();
  }

 private:
  void open() {
    auto opened = host_->open(completions_.executor());
    RC_ASSERT(message_of(opened) == "");
    engine_ = std::move(*opened);
  }

  void write(const Step& step) {
    WriteBatch batch;
    for (const WriteBatch::Operation& operation : step.operations) {
      apply(model_, operation);
      if (operation.kind == WriteBatch::Kind::put) batch.put(operation.family, operation.key, operation.value);
      if (operation.kind == WriteBatch::Kind::remove) batch.remove(operation.family, operation.key);
      if (operation.kind == WriteBatch::Kind::remove_range) {
        batch.remove_range(operation.family, operation.key, operation.value);
      }
      if (operation.kind == WriteBatch::Kind::merge_xor) batch.merge_xor(operation.family, operation.key, operation.value);
    }
    const Durability durability = step.sync ? Durability::sync : Durability::buffered;
    const Result<void> result = step.kind == Step::write ? engine_->write(std::move(batch), durability)
                                                         : completions_.submit(*engine_, std::move(batch), durability);
    RC_ASSERT(outcome(result) == "ok");
  }

  static std::string expected(const Model& model, const Bytes& key) {
    const auto found = model.find(key);
    return found == model.end() ? "(absent)" : found->second;
  }

  void check_get(const Bytes& key, const Snapshot* snapshot, const Model& model) {
    const auto cached = engine_->get(family_, key, ReadMode::cached_only, snapshot);
    RC_ASSERT(read_text(cached) == expected(model, key) || read_text(cached) == "(not cached)");
    RC_ASSERT(get_text(*engine_, key, family_, snapshot) == expected(model, key));
  }

  void check_multi_get(const std::vector<Bytes>& keys) {
    const auto results = engine_->multi_get(family_, keys);
    RC_ASSERT(results.size() == keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) RC_ASSERT(read_text(results[i]) == expected(model_, keys[i]));
  }

  void check_scan(const KeyRange& range, const Snapshot* snapshot, const Model& model) {
    Entries entries;
    for (const auto& entry : model) {
      if (entry.first >= range.begin && (range.end.empty() || entry.first < range.end)) entries.emplace_back(entry);
    }
    RC_ASSERT(scan_all(*engine_, family_, range, snapshot) == entries);
  }

  const Family family_;
  std::unique_ptr<EngineHost> host_;
  Completions completions_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<const Snapshot> snapshot_;
  Model model_;
  Model snapshot_model_;
  bool checkpoint_made_ = false;
};

class EngineModel : public ::testing::TestWithParam<EngineKind> {};

TEST_P(EngineModel, BehavesLikeAMap) {
  for (const Family family : {Family::data, Family::trees}) {
    rc::check("engine and map agree on family " + std::string(to_string(family)), [family] {
      const auto steps = *rc::gen::container<std::vector<Step>>(any_step(family));
      ModelRun run(GetParam(), family);
      for (const Step& step : steps) run.run(step);
      run.finish();
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, EngineModel, ::testing::ValuesIn(engine_kinds()),
                         [](const ::testing::TestParamInfo<EngineKind>& info) { return info.param.name; });

}  // namespace
}  // namespace latium::testing
