#include "ring/placement.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace latium {

namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::unexpected<Error> malformed(std::string_view text, const std::string& why) {
  return fail(ErrorCode::invalid_argument, "placement '" + printable(text) + "': " + why +
                                               "; write 'SITE:REPLICAS,...', 'any N of [SITE, ...]' or 'everywhere: N'");
}

Result<std::uint32_t> parse_replicas(std::string_view whole, std::string_view text) {
  text = trim(text);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > kMaxReplicas) {
    return malformed(whole, "'" + printable(text) + "' is no number of replicas (1 to " + std::to_string(kMaxReplicas) + ")");
  }
  return value;
}

std::vector<std::string_view> split_commas(std::string_view text) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t comma = text.find(',');
    out.push_back(trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

// Sorts, and refuses a site that is named twice.
Result<void> settle_sites(std::string_view whole, std::vector<Placement::Site>& sites) {
  for (const Placement::Site& site : sites) {
    if (auto name = check_name("site", site.name); !name) return malformed(whole, name.error().message);
  }
  std::ranges::sort(sites, {}, &Placement::Site::name);
  const auto twice = std::ranges::adjacent_find(sites, {}, &Placement::Site::name);
  if (twice != sites.end()) return malformed(whole, "site '" + printable(twice->name) + "' is named twice");
  return {};
}

Result<Placement> parse_per_site(std::string_view text) {
  Placement out{.kind = Placement::Kind::per_site, .sites = {}, .replicas = 0};
  for (const std::string_view part : split_commas(text)) {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) return malformed(text, "'" + printable(part) + "' is not SITE:REPLICAS");
    LATIUM_TRY(const std::uint32_t replicas, parse_replicas(text, part.substr(colon + 1)));
    out.sites.push_back({std::string(trim(part.substr(0, colon))), replicas});
  }
  LATIUM_CHECKED(settle_sites(text, out.sites));
  return out;
}

Result<Placement> parse_any_of(std::string_view text) {
  const std::size_t of = text.find(" of ");
  const std::size_t open = text.find('[');
  if (of == std::string_view::npos || open == std::string_view::npos || open < of || text.back() != ']') {
    return malformed(text, "'any' is followed by N of [SITE, ...]");
  }
  Placement out{.kind = Placement::Kind::any_of, .sites = {}, .replicas = 0};
  LATIUM_TRY(out.replicas, parse_replicas(text, text.substr(4, of - 4)));
  for (const std::string_view name : split_commas(text.substr(open + 1, text.size() - open - 2))) {
    out.sites.push_back({std::string(name), 0});
  }
  LATIUM_CHECKED(settle_sites(text, out.sites));
  return out;
}

}  // namespace

Result<void> check_name(std::string_view what, std::string_view name) {
  if (!name.empty() && name.size() <= 64 && std::ranges::all_of(name, is_name_char) && name.front() != '.' &&
      name.front() != '-') {
    return {};
  }
  return fail(ErrorCode::invalid_argument, std::string(what) + " '" + printable(name, 80) +
                                               "' must be 1 to 64 of a-z A-Z 0-9 . _ - and not start with . or -");
}

Result<Placement> Placement::parse(std::string_view text) {
  text = trim(text);
  if (text.empty()) return malformed(text, "it is empty");
  if (text.starts_with("any ")) return parse_any_of(text);
  if (text.starts_with("everywhere")) {
    const std::string_view rest = trim(text.substr(10));
    if (rest.empty() || rest.front() != ':') return malformed(text, "'everywhere' is followed by : N");
    Placement out{.kind = Kind::everywhere, .sites = {}, .replicas = 0};
    std::string_view number = trim(rest.substr(1));
    if (number.ends_with(" per site")) number.remove_suffix(9);
    LATIUM_TRY(out.replicas, parse_replicas(text, number));
    return out;
  }
  return parse_per_site(text);
}

std::string Placement::to_string() const {
  std::string out;
  switch (kind) {
    case Kind::everywhere:
      return "everywhere: " + std::to_string(replicas);
    case Kind::any_of:
      for (const Site& site : sites) out += (out.empty() ? "" : ", ") + site.name;
      return "any " + std::to_string(replicas) + " of [" + out + "]";
    case Kind::per_site:
      for (const Site& site : sites) out += (out.empty() ? "" : ",") + site.name + ":" + std::to_string(site.replicas);
      return out;
  }
  return out;
}

bool Placement::names(std::string_view site) const {
  return kind == Kind::everywhere || std::ranges::find(sites, site, &Site::name) != sites.end();
}

Result<void> Placement::check_satisfiable(const std::vector<SiteCapacity>& cluster) const {
  std::map<std::string, std::uint32_t> nodes;
  for (const SiteCapacity& site : cluster) nodes[site.name] = site.storage_nodes;

  std::string missing;
  const auto lacks = [&missing](const std::string& what) { missing += (missing.empty() ? "" : "; ") + what; };
  const auto plural = [](std::uint32_t n) { return std::to_string(n) + (n == 1 ? " storage node" : " storage nodes"); };
  const auto need = [&](const std::string& site, std::uint32_t wanted) {
    const auto found = nodes.find(site);
    if (found == nodes.end()) {
      lacks("site '" + site + "' is not in the cluster");
    } else if (found->second < wanted) {
      lacks("site '" + site + "' has " + plural(found->second) + ", " + std::to_string(wanted) + " needed");
    }
    return found == nodes.end() ? 0 : found->second;
  };

  switch (kind) {
    case Kind::per_site:
      for (const Site& site : sites) need(site.name, site.replicas);
      break;
    case Kind::everywhere:
      for (const SiteCapacity& site : cluster) need(site.name, replicas);
      break;
    case Kind::any_of: {
      std::uint32_t total = 0;
      for (const Site& site : sites) total += need(site.name, 0);
      if (total < replicas) lacks("the named sites have " + plural(total) + " in all, " + std::to_string(replicas) + " needed");
      break;
    }
  }
  if (missing.empty()) return {};
  return fail(ErrorCode::unsatisfiable_placement,
              "placement '" + to_string() + "' cannot be met: " + missing + "; add nodes or choose another placement");
}

}  // namespace latium
