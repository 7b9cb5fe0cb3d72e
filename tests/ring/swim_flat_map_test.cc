#include "ring/swim_flat_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace latium {
namespace {

RC_GTEST_PROP(SwimFlatMap, IsAMap, ()) {
  SwimFlatMap<int, int> map;
  std::map<int, int> model;
  const auto steps =
      *rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::inRange(0, 12)));
  int value = 0;
  for (const auto& [step, key] : steps) {
    if (step == 0) {
      map.erase(key);
      model.erase(key);
    } else if (step == 1) {
      const auto divides = [&](const auto& entry) { return entry.first % (key + 1) == 0; };
      map.erase_if(divides);
      std::erase_if(model, divides);
    } else {
      map[key] = ++value;
      model[key] = value;
    }
    const int* found = map.find(key);
    RC_ASSERT((found == nullptr) == !model.contains(key));
    if (found != nullptr) RC_ASSERT(*found == model[key]);
  }
  RC_ASSERT(map.size() == model.size());
  RC_ASSERT(map.empty() == model.empty());
  RC_ASSERT(
      std::ranges::equal(map, model, [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
}

}  // namespace
}  // namespace latium
