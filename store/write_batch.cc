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
    case Family::trees:
      return "trees";
    case Family::expiring:
      return "expiring";
  }
  return "unknown";
}

void xor_into(Bytes& value, BytesView operand) {
  if (value.size() < operand.size()) value.resize(operand.size(), '\0');
  for (std::size_t i = 0; i < operand.size(); ++i) value[i] = static_cast<char>(value[i] ^ operand[i]);
}

}  // namespace latium
