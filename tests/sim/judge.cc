#include "tests/sim/judge.h"

#include "tests/sim/bucket_checker.h"
#include "tests/sim/history.h"
#include "tests/sim/linearizability.h"
#include "tests/sim/lock_checker.h"
#include "tests/sim/transaction_checker.h"

namespace latium::sim {

namespace {

/// The report as text, one violation after the other.
std::string text_of(const CheckReport& report, std::string_view what) {
  std::string text;
  for (const auto& each : report.violations) text += "INVALID " + each + '\n';
  for (const auto& each : report.gave_up) text += "GAVE UP " + each + '\n';
  text += std::string(what) + ": " + std::to_string(report.operations) + " operations on " + std::to_string(report.keys) +
          " keys, " + std::to_string(report.violations.size()) + " violations, gave up on " +
          std::to_string(report.gave_up.size()) + " keys\n";
  return text;
}

}  // namespace

Judgement judge_history(std::string_view json_lines, CheckKind kind) {
  const auto history = parse_history(json_lines);
  if (!history) return {.exit_status = 2, .text = history.error().message + '\n'};
  Judgement judgement;
  std::size_t judged = 0;
  const auto add = [&judgement, &judged](const CheckReport& report, std::string_view what) {
    if (report.operations == 0) return;
    judged += report.operations;
    judgement.text += text_of(report, what);
    if (!report.valid()) judgement.exit_status = 1;
  };
  const auto wanted = [kind](CheckKind each) { return kind == each || kind == CheckKind::any; };
  if (wanted(CheckKind::registers)) add(check_registers(*history), "registers");
  if (wanted(CheckKind::locks)) add(check_locks(*history), "locks");
  if (wanted(CheckKind::buckets)) add(check_buckets(*history), "buckets");
  if (wanted(CheckKind::transactions)) add(check_transactions(*history), "transactions");
  const std::size_t total = history->operations().size();
  if (judged == 0) {
    return {.exit_status = 2, .text = "nothing to judge: none of the " + std::to_string(total) + " operations is of this kind\n"};
  }
  if (judged != total) judgement.text += std::to_string(total - judged) + " other operations were not judged\n";
  judgement.text += judgement.exit_status == 0 ? "valid\n" : "invalid\n";
  return judgement;
}

}  // namespace latium::sim
