// Texts that name one thing and no other: uuids, MAC addresses, reservations, names of instances.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fog {

/// Numbers for names: the same seed gives the same ones. Steele et al., "Fast splittable pseudorandom number generators".
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t operator()() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// Those that are in `text` and not in `elsewhere`, each once, in order of their first place.
std::vector<std::string> tokens_of(std::string_view text, std::string_view elsewhere);

/// Another of the same kind, that nobody has had. An instance's name: `name`.
std::string fresh_token(std::string_view token, const std::string& name, Random& random);

}  // namespace fog
