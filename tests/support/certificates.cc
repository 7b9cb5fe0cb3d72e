#include "tests/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>

#include "base/check.h"

#include "tests/support/temp_directory.h"

namespace latium::testing {

namespace {

constexpr long kDay = 24 * 60 * 60;

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Certificate = std::unique_ptr<X509, CertificateFree>;

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  LATIUM_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(EVP_PKEY* key, const std::string& name, long serial, long from, long to, X509* issuer) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), issuer != nullptr ? X509_get_subject_name(issuer) : subject);
  return certificate;
}

void write_pem(const std::filesystem::path& path, auto write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  LATIUM_CHECK(file != nullptr);
  LATIUM_CHECK(write(file) == 1);
  LATIUM_CHECK(std::fclose(file) == 0);
}

}  // namespace

struct TestAuthority::Impl {
  TempDirectory holder;
  const std::filesystem::path directory = holder.path();
  Key key;
  Certificate certificate;
  long next_serial = 2;
};

TestAuthority::TestAuthority() : impl_(std::make_unique<Impl>()) {
  impl_->key.reset(EVP_EC_gen("P-256"));
  impl_->certificate =
      make_certificate(impl_->key.get(), impl_->directory.filename().string(), 1, -10 * kDay, 3650 * kDay, nullptr);
  add_extension(impl_->certificate.get(), impl_->certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  LATIUM_CHECK(X509_sign(impl_->certificate.get(), impl_->key.get(), EVP_sha256()) > 0);
  write_pem(authority_file(), [this](std::FILE* file) { return PEM_write_X509(file, impl_->certificate.get()); });
}

TestAuthority::~TestAuthority() = default;

TlsFiles TestAuthority::issue(const std::string& uri, Validity validity) {
  const long from = validity == Validity::future ? kDay : -2 * kDay;
  const long to = validity == Validity::expired ? -kDay : 365 * kDay;
  const long serial = impl_->next_serial++;
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make_certificate(key.get(), "test", serial, from, to, impl_->certificate.get());
  if (!uri.empty()) add_extension(certificate.get(), impl_->certificate.get(), NID_subject_alt_name, "URI:" + uri);
  LATIUM_CHECK(X509_sign(certificate.get(), impl_->key.get(), EVP_sha256()) > 0);

  const std::string stem = (impl_->directory / std::to_string(serial)).string();
  write_pem(stem + ".crt", [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()); });
  write_pem(stem + ".key",
            [&](std::FILE* file) { return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  return {stem + ".crt", stem + ".key", authority_file()};
}

std::string TestAuthority::authority_file() const {
  return (impl_->directory / "authority.crt").string();
}

const std::filesystem::path& TestAuthority::directory() const {
  return impl_->directory;
}

}  // namespace latium::testing
