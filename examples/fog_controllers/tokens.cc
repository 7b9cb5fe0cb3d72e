#include "examples/fog_controllers/tokens.h"

#include <algorithm>
#include <array>
#include <optional>

namespace fog {

namespace {

// In a pattern: x a hexadecimal digit, w a letter or digit, d a digit; others stand for themselves.
constexpr std::array<std::string_view, 4> kPatterns = {"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "xx:xx:xx:xx:xx:xx", "r-wwwwwwww",
                                                       "vmddd"};
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kWord = "0123456789abcdefghijklmnopqrstuvwxyz";

std::string_view choices(char pattern) {
  switch (pattern) {
    case 'x':
      return kHex;
    case 'w':
      return kWord;
    case 'd':
      return kHex.substr(0, 10);
    default:
      return {};
  }
}

bool is_word(char c) {
  return kWord.contains(c);
}

bool fits(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    // The letters of the patterns themselves: "r-..." and "vm...".
    const bool literal = choices(pattern[i]).empty();
    if (literal ? text[i] != pattern[i] : !choices(pattern[i]).contains(text[i])) return false;
  }
  return true;
}

// The pattern that fits at `place`, between what is no letter or digit.
std::optional<std::string_view> pattern_at(std::string_view text, std::size_t place) {
  if (place > 0 && is_word(text[place - 1])) return {};
  for (const std::string_view pattern : kPatterns) {
    if (!fits(text.substr(place), pattern)) continue;
    const std::size_t end = place + pattern.size();
    if (end == text.size() || !is_word(text[end])) return pattern;
  }
  return {};
}

}  // namespace

std::vector<std::string> tokens_of(std::string_view text, std::string_view elsewhere) {
  std::vector<std::string> out;
  for (std::size_t place = 0; place < text.size(); ++place) {
    const auto pattern = pattern_at(text, place);
    if (!pattern) continue;
    std::string token(text.substr(place, pattern->size()));
    place += pattern->size() - 1;
    if (std::ranges::find(out, token) == out.end() && !elsewhere.contains(token)) out.push_back(std::move(token));
  }
  return out;
}

std::string fresh_token(std::string_view token, const std::string& name, Random& random) {
  const auto pattern = pattern_at(token, 0);
  if (!pattern || pattern->starts_with("vm")) return name;
  std::string out(token);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::string_view from = choices((*pattern)[i]);
    if (!from.empty()) out[i] = from[random() % from.size()];
  }
  return out;
}

}  // namespace fog
