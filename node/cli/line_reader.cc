#include "node/cli/line_reader.h"

#include <algorithm>
#include <istream>
#include <string_view>

#include "base/hash.h"

namespace latium::cli {

namespace {

constexpr std::size_t kBlock = 256u << 10;

}  // namespace

// Takes what is there already and waits only when nothing is: a slow writer's lines are handed on as they come.
bool LineReader::fill() {
  std::streambuf* source = in_.rdbuf();
  if (source->sgetc() == std::char_traits<char>::eof()) return false;
  const std::streamsize there = std::max<std::streamsize>(source->in_avail(), 1);
  buffer_.resize(std::min<std::size_t>(static_cast<std::size_t>(there), kBlock));
  const std::streamsize got = source->sgetn(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  buffer_.resize(static_cast<std::size_t>(got));
  begin_ = 0;
  return got > 0;
}

void LineReader::consume(std::size_t bytes) {
  position_.crc32c = crc32c(std::string_view(buffer_).substr(begin_, bytes), position_.crc32c);
  position_.offset += bytes;
  begin_ += bytes;
}

LineReader::Next LineReader::next(std::string& line) {
  line.clear();
  bool too_long = false;
  bool any = false;
  for (;;) {
    if (begin_ == buffer_.size() && !fill()) {
      if (!any) return Next::end;
      break;
    }
    any = true;
    const std::string_view left = std::string_view(buffer_).substr(begin_);
    const std::size_t newline = left.find('\n');
    const std::string_view part = left.substr(0, newline);
    const std::size_t room = max_bytes_ - line.size();
    too_long = too_long || part.size() > room;
    line.append(part.substr(0, room));
    consume(part.size());
    if (newline == std::string_view::npos) continue;
    consume(1);
    break;
  }
  ++position_.lines;
  return too_long ? Next::too_long : Next::line;
}

bool LineReader::resume_at(const LinePosition& position) {
  while (position_.offset < position.offset) {
    if (begin_ == buffer_.size() && !fill()) return false;
    consume(std::min<std::uint64_t>(position.offset - position_.offset, buffer_.size() - begin_));
  }
  position_.lines = position.lines;
  return position_ == position;
}

bool LineReader::ready() {
  return begin_ < buffer_.size() || in_.rdbuf()->in_avail() > 0;
}

}  // namespace latium::cli
