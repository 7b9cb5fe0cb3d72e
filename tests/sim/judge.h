// judge_history: what `latium-check` does with a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace latium::sim {

enum class CheckKind : std::uint8_t { any, registers, locks, buckets, transactions };

struct Judgement {
  int exit_status = 0;  ///< 0 valid; 1 invalid, or given up; 2 a line is wrong, or there is nothing to judge
  std::string text;     ///< for people, ends with a newline
};

/// Parses and judges a history. `any` judges what is there; a kind that is asked for must have operations.
Judgement judge_history(std::string_view json_lines, CheckKind kind);

}  // namespace latium::sim
