// Runtime: everything that is not deterministic, handed in through one object. Transport and engine, the other two seams,
// are interfaces of higher layers and are passed beside it.
#pragma once

#include "base/random.h"
#include "runtime/blocking_pool.h"
#include "runtime/clock.h"
#include "runtime/events.h"
#include "runtime/fault_points.h"
#include "runtime/task.h"
#include "runtime/timers.h"

namespace latium {

/// References only: whoever builds it (a real node's EventLoop, the simulator) owns the parts and outlives every user.
struct Runtime {
  Executor executor;
  Clock& clock;
  Timers& timers;
  BlockingPool& pool;
  Random& random;  ///< loop thread only
  EventSink& events;
  FaultPoints& faults;
};

}  // namespace latium
