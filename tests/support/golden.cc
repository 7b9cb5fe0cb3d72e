#include "tests/support/golden.h"

#include <cctype>
#include <fstream>

namespace latium::testing {

Bytes golden(const std::string& name) {
  std::ifstream file(std::string(LATIUM_GOLDEN_DIR) + "/" + name + ".hex");
  if (!file) return "there is no golden file " + name + ".hex";
  std::string digits;
  for (char c = 0; file.get(c);) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits.push_back(c);
  }
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string as_golden_text(BytesView bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 32) text += to_hex(bytes.substr(i, 32)) + "\n";
  return text;
}

}  // namespace latium::testing
