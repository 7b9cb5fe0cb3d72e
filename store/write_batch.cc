#include "store/write_batch.h"

namespace latium {

std::string_view to_string(Family family) {
  switch (family) {
    case Family::system:
      return "system";
    case Family::data:
      return "data";
    case Family::registers:
      return "registers";
    case Family::hints:
      return "hints";
  }
  return "unknown";
}

}  // namespace latium
