// Certificates for tests, made with OpenSSL in a directory of their own that goes away with the object.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "net/tls.h"

namespace latium::testing {

/// One certificate authority and what it issues. Needs no program and no network.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  enum class Validity { now, expired, future };
  /// A key and a certificate with that URI name ("" = none); the files live as long as this object.
  TlsFiles issue(const std::string& uri, Validity validity = Validity::now);
  TlsFiles site(const std::string& name, Validity validity = Validity::now) { return issue("latium:site:" + name, validity); }
  TlsFiles client() { return issue("latium:client"); }

  std::string authority_file() const;
  const std::filesystem::path& directory() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latium::testing
