// Of programs whose allocator is mimalloc (LatiumTargets.cmake).
#include <mimalloc.h>

namespace {

// How long freed memory is kept before it is given back to the system, in milliseconds; MIMALLOC_DECOMMIT_DELAY overrides it.
// After 25, the default, write buffers that come and go cost page faults and flushes of the processors' address caches: sessions
// over three nodes take a tenth less processor time with this (docs/performance.md).
constexpr long kDecommitDelayMs = 10'000;

[[maybe_unused]] const bool kSet = [] {
  mi_option_set_default(mi_option_decommit_delay, kDecommitDelayMs);
  return true;
}();

}  // namespace
