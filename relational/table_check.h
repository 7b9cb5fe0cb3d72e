// What comparing a table with its indexes, and with the rows that its foreign keys name, finds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace latium {

struct TableDifference {
  enum class Kind : std::uint8_t {
    missing_entry,       ///< a row without its entry in an index
    wrong_entry,         ///< the entry of a unique index names another row: two rows have the same values
    stray_entry,         ///< an entry of an index whose row is not there, or has other values
    dangling_reference,  ///< the row that a foreign key names is not there
    unreadable,          ///< what is stored cannot be decoded
  };
  Kind kind = Kind::missing_entry;
  std::string index;  ///< empty: none is concerned
  std::string key;    ///< of the row, for people
  std::string what;   ///< one line
};

/// "missing_entry", ...
std::string_view to_string(TableDifference::Kind kind);

/// One step of TableSession::check().
struct TableCheck {
  std::vector<TableDifference> differences;
  Bytes next;  ///< where the next step begins; empty: that was all
  std::uint64_t rows = 0;
  std::uint64_t entries = 0;
};

}  // namespace latium
