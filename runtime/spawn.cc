#include "runtime/spawn.h"

namespace latium::internal {

void task_threw(std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    check_failed("task", 0, "a task threw an exception", error.what());
  } catch (...) {
    check_failed("task", 0, "a task threw an exception", "of unknown type");
  }
}

}  // namespace latium::internal
