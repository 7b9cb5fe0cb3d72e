// latium-check: judges the history of a run, from a file.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

#include "tests/sim/judge.h"

int main(int argc, char** argv) {
  using latium::sim::CheckKind;
  std::string file;
  CheckKind kind = CheckKind::any;
  CLI::App app(
      "Judges a history (JSON lines, docs/testing.md). Exit status: 0 valid, 1 invalid or given up, 2 wrong usage, a wrong line, "
      "or nothing to judge.");
  app.add_option("FILE", file, "The history; - is standard input")->required();
  const std::map<std::string, CheckKind> kinds{{"register", CheckKind::registers}, {"lock", CheckKind::locks}};
  app.add_option("--kind", kind, "Only this, and it must be there: register or lock (default: what is there)")
      ->transform(CLI::CheckedTransformer(kinds));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return 2;
  }
  std::ifstream opened;
  if (file != "-") opened.open(file, std::ios::binary);
  std::istream& in = file == "-" ? std::cin : opened;
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (in.bad() || (file != "-" && !opened.is_open())) {
    std::cerr << "latium-check: cannot read " << file << ": give the path of a file of JSON lines\n";
    return 2;
  }
  const auto judgement = latium::sim::judge_history(text, kind);
  if (judgement.exit_status == 2) {
    std::cerr << "latium-check: " << file << ": " << judgement.text;
  } else {
    std::cout << judgement.text;
  }
  return judgement.exit_status;
}
