// KeptBytes: memory that is counted for as long as something is kept.
#pragma once

#include <cstddef>
#include <utility>

#include "latium/row.h"

namespace latium::sql {

/// About.
inline std::size_t bytes_of(const std::vector<Value>& values) {
  std::size_t out = values.size() * sizeof(Value);
  for (const Value& value : values) {
    if (const auto* text = value.get_if<std::string>()) out += text->size();
    if (const auto* blob = value.get_if<Blob>()) out += blob->bytes.size();
    if (const auto* json = value.get_if<Json>()) out += json->text.size();
  }
  return out;
}
inline std::size_t bytes_of(const Row& row) {
  return sizeof(Row) + bytes_of(row.values) + row.unknown.size();
}

/// What its owner keeps is part of `total`, which outlives it.
class KeptBytes {
 public:
  KeptBytes() = default;
  explicit KeptBytes(std::size_t& total) : total_(&total) {}
  KeptBytes(KeptBytes&& other) noexcept : total_(std::exchange(other.total_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  KeptBytes& operator=(KeptBytes&& other) noexcept {
    std::swap(total_, other.total_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~KeptBytes() { clear(); }

  void add(std::size_t bytes) {
    if (total_ == nullptr) return;
    bytes_ += bytes;
    *total_ += bytes;
  }
  void clear() {
    if (total_ != nullptr) *total_ -= bytes_;
    bytes_ = 0;
  }

 private:
  std::size_t* total_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace latium::sql
