#include "examples/fog_controllers/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

namespace fog {

namespace {

Tally sum_of(const RunReport& report) {
  Tally all;
  for (const SiteReport& site : report.sites) {
    all.boots += site.tally.boots;
    all.failures += site.tally.failures;
    all.mismatches += site.tally.mismatches;
    all.retries += site.tally.retries;
    all.stale += site.tally.stale;
    all.transactions += site.tally.transactions;
    all.statements += site.tally.statements;
    all.cost += site.tally.cost;
    all.statement_us.insert(all.statement_us.end(), site.tally.statement_us.begin(), site.tally.statement_us.end());
    all.boot_ms.insert(all.boot_ms.end(), site.tally.boot_ms.begin(), site.tally.boot_ms.end());
    if (all.problem.empty()) all.problem = site.tally.problem;
  }
  return all;
}

double a_boot(std::int64_t amount, const Tally& tally) {
  return tally.boots == 0 ? 0 : static_cast<double>(amount) / static_cast<double>(tally.boots);
}

std::string row_of(const std::string& name, const Tally& tally, std::int64_t instances, const std::string& cut) {
  return text("%-8s%7lld%10lld%9lld%12lld%11.2f%11.0f%11.2f%9.2f%11.0f%8.0f%11lld%11s\n", name.c_str(),
              static_cast<long long>(tally.boots), static_cast<long long>(tally.failures), static_cast<long long>(tally.retries),
              static_cast<long long>(tally.statements), a_boot(tally.cost.wan_round_trips, tally),
              a_boot(tally.cost.wan_bytes, tally), percentile(tally.statement_us, 0.5) / 1000,
              percentile(tally.statement_us, 0.99) / 1000, percentile(tally.boot_ms, 0.5), percentile(tally.boot_ms, 0.99),
              static_cast<long long>(instances), cut.c_str());
}

nlohmann::json json_of(const Tally& tally) {
  return {{"boots", tally.boots},
          {"failures", tally.failures},
          {"mismatches", tally.mismatches},
          {"retries", tally.retries},
          {"stale", tally.stale},
          {"transactions", tally.transactions},
          {"statements", tally.statements},
          {"round_trips_a_boot", a_boot(tally.cost.round_trips, tally)},
          {"wan_round_trips_a_boot", a_boot(tally.cost.wan_round_trips, tally)},
          {"bytes_a_boot", a_boot(tally.cost.bytes, tally)},
          {"wan_bytes_a_boot", a_boot(tally.cost.wan_bytes, tally)},
          {"statement_ms",
           {{"p50", percentile(tally.statement_us, 0.5) / 1000}, {"p99", percentile(tally.statement_us, 0.99) / 1000}}},
          {"boot_ms", {{"p50", percentile(tally.boot_ms, 0.5)}, {"p99", percentile(tally.boot_ms, 0.99)}}},
          {"problem", tally.problem}};
}

}  // namespace

std::string text(const char* format, ...) {
  std::array<char, 512> buffer{};
  va_list arguments;
  va_start(arguments, format);
  const int written = std::vsnprintf(buffer.data(), buffer.size(), format, arguments);
  va_end(arguments);
  return std::string(buffer.data(), std::min<std::size_t>(buffer.size() - 1, static_cast<std::size_t>(std::max(written, 0))));
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto place = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()))) - 1;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(std::min(place, values.size() - 1)));
  return values[std::min(place, values.size() - 1)];
}

bool RunReport::right() const {
  return std::ranges::all_of(sites, [](const SiteReport& site) {
    return site.tally.failures == 0 && site.tally.mismatches == 0 && site.instances == site.expected_instances;
  });
}

void print_table(std::ostream& out, const RunReport& report) {
  out << text("\n%-8s%7s%10s%9s%12s%22s%20s%19s%11s%11s\n", "", "", "", "", "", "between sites, a boot", "statement ms",
              "boot ms", "", "boots");
  out << text("%-8s%7s%10s%9s%12s%11s%11s%11s%9s%11s%8s%11s%11s\n", "site", "boots", "failures", "retries", "statements", "trips",
              "bytes", "p50", "p99", "p50", "p99", "instances", "while cut");
  std::int64_t instances = 0;
  for (const SiteReport& site : report.sites) {
    instances += site.instances;
    out << row_of(site.site, site.tally, site.instances, site.site == report.cut ? std::to_string(site.boots_while_cut) : "");
  }
  const Tally all = sum_of(report);
  out << row_of("all", all, instances, "");
  out << "\n"
      << all.boots << text(" boots in %.1f s, ", report.seconds) << all.transactions
      << " transactions; answers that were not as recorded: " << all.mismatches
      << ", read too early and right when asked again: " << all.stale << "\n";
  for (const SiteReport& site : report.sites) {
    if (site.instances != site.expected_instances) {
      out << site.site << ": " << site.instances << " instances are there, of " << site.expected_instances << "\n";
    }
  }
  if (!all.problem.empty()) out << "first problem: " << all.problem << "\n";
}

std::string to_json(const RunReport& report) {
  nlohmann::json sites = nlohmann::json::array();
  for (const SiteReport& site : report.sites) {
    nlohmann::json json = json_of(site.tally);
    json["site"] = site.site;
    json["nodes"] = site.nodes;
    json["boots_while_cut"] = site.boots_while_cut;
    json["instances"] = site.instances;
    json["expected_instances"] = site.expected_instances;
    sites.push_back(std::move(json));
  }
  nlohmann::json out = json_of(sum_of(report));
  out["sites"] = std::move(sites);
  out["replicas"] = report.replicas;
  out["killed"] = report.killed;
  out["cut"] = report.cut;
  out["seconds"] = report.seconds;
  out["right"] = report.right();
  return out.dump();
}

}  // namespace fog
