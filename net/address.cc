#include <charconv>

#include "net/transport.h"

namespace latium {

Result<Address> Address::parse(std::string_view text) {
  const auto bad = [text] {
    return fail(ErrorCode::invalid_argument, "'" + std::string(text) + "' is no address: give HOST:PORT or [IPV6]:PORT");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return bad();
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return bad();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || port_text.empty() || end != port_text.data() + port_text.size()) return bad();
  return Address{std::string(host), port};
}

std::string Address::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Address::is_loopback() const {
  constexpr std::string_view kMapped = "::ffff:";
  std::string_view number = host;
  if (number == "localhost" || number == "::1") return true;
  if (number.starts_with(kMapped)) number.remove_prefix(kMapped.size());
  // Of numbers only: 127.example.com is a name, and may be anywhere.
  return number.starts_with("127.") && number.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace latium
