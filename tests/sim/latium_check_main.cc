// latium-check: judges the history of a run, from a file.
#include <CLI/CLI.hpp>
#include <array>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/sim/judge.h"

namespace {

/// What cannot be read, such as a directory, makes the stream bad.
std::string all_of(std::istream& in) {
  std::string text;
  std::array<char, 65'536> part{};
  do {
    in.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  } while (in.good());
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  using latium::sim::CheckKind;
  std::string file;
  std::string kind;
  CLI::App app(
      "Judges a history (JSON lines, docs/testing.md). Exit status: 0 valid, 1 invalid or given up, 2 wrong usage, a wrong line, "
      "or nothing to judge.");
  app.add_option("FILE", file, "The history; - is standard input")->required();
  app.add_option("--kind", kind, "Only this, and it must be there (default: what is there)")
      ->check(CLI::IsMember({"register", "lock", "bucket", "transactions"}));
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
  const std::string text = all_of(in);
  if (in.bad() || (file != "-" && !opened.is_open())) {
    std::cerr << "latium-check: cannot read " << file << ": give the path of a file of JSON lines\n";
    return 2;
  }
  const auto judgement = latium::sim::judge_history(text, kind == "register"       ? CheckKind::registers
                                                          : kind == "lock"         ? CheckKind::locks
                                                          : kind == "bucket"       ? CheckKind::buckets
                                                          : kind == "transactions" ? CheckKind::transactions
                                                                                   : CheckKind::any);
  if (judgement.exit_status == 2) {
    std::cerr << "latium-check: " << file << ": " << judgement.text;
  } else {
    std::cout << judgement.text;
  }
  return judgement.exit_status;
}
