// LineReader: the lines of a stream, however long, and where each one ends.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace latium::cli {

/// How far a reader has come. The checksum is over every byte up to there, so that a resumed reader can tell whether it
/// reads the same bytes again.
struct LinePosition {
  std::uint64_t offset = 0;  ///< bytes
  std::uint64_t lines = 0;
  std::uint32_t crc32c = 0;
  friend bool operator==(const LinePosition&, const LinePosition&) = default;
};

class LineReader {
 public:
  enum class Next { line, too_long, end };

  /// Lines of more than `max_bytes` are passed over without being kept. The stream outlives the reader.
  LineReader(std::istream& in, std::size_t max_bytes) : in_(in), max_bytes_(max_bytes) {}

  /// The next line without its newline; the last one needs none. `too_long`: `line` holds its beginning.
  Next next(std::string& line);

  /// At the beginning only: goes to where another reader was. False when the stream ends before, or its bytes up to there
  /// are not the same. Costs a read of all of them.
  bool resume_at(const LinePosition& position);

  /// Behind the last line read.
  const LinePosition& position() const { return position_; }

  /// True when the next line, or a part of it, is there without waiting for whoever writes the stream.
  bool ready();

 private:
  bool fill();
  void consume(std::size_t bytes);

  std::istream& in_;
  std::size_t max_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what is not consumed
  LinePosition position_;
};

}  // namespace latium::cli
