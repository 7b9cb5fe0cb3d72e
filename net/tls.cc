#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace latium {

namespace {

constexpr std::string_view kSitePrefix = "latium:site:";
constexpr std::string_view kClientName = "latium:client";

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    free_function(pointer);
  }
};
using CertificatePtr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;

// Without it OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

Result<std::string> read_file(const std::string& path, const std::string& what) {
  if (path.empty()) return fail(ErrorCode::invalid_argument, "TLS needs " + what + ": give the path of a PEM file");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  file.peek();  // a directory opens but cannot be read
  if (file.fail()) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "it is not a file that can be read";
    return fail(ErrorCode::invalid_argument,
                "cannot read " + what + " '" + path + "': " + reason + "; check the path and its permissions");
  }
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

/// All certificates of a PEM text, in order; empty when there is none.
std::vector<CertificatePtr> parse_certificates(const std::string& text) {
  std::vector<CertificatePtr> certificates;
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  ERR_clear_error();
  return certificates;
}

std::string time_text(const ASN1_TIME* time) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(bio.get(), time);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<void> check_dates(X509* certificate, const std::string& path, std::uint64_t wall_ms) {
  std::time_t now = static_cast<std::time_t>(wall_ms / 1000);
  if (X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0) {
    return fail(ErrorCode::unauthenticated, "the certificate '" + path + "' expired on " +
                                                time_text(X509_get0_notAfter(certificate)) + ": replace it and start again");
  }
  if (X509_cmp_time(X509_get0_notBefore(certificate), &now) > 0) {
    return fail(ErrorCode::unauthenticated, "the certificate '" + path + "' is not valid before " +
                                                time_text(X509_get0_notBefore(certificate)) + ": check the clock of this host");
  }
  return {};
}

Result<void> load_authorities(SSL_CTX* context, const std::string& path) {
  LATIUM_TRY(const std::string text, read_file(path, "the certificate authority"));
  const auto authorities = parse_certificates(text);
  if (authorities.empty()) {
    return fail(ErrorCode::invalid_argument, "'" + path + "' holds no PEM certificate of an authority: check the file");
  }
  for (const CertificatePtr& authority : authorities) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_add_client_CA(context, authority.get());
  }
  return {};
}

Result<void> load_key(SSL_CTX* context, const TlsFiles& files) {
  LATIUM_TRY(const std::string text, read_file(files.key, "the private key"));
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) {
    return fail(ErrorCode::invalid_argument, "'" + files.key + "' holds no PEM private key without a passphrase: check the file");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::invalid_argument, "the private key '" + files.key + "' does not belong to the certificate '" +
                                                 files.certificate + "': give the pair that was made together");
  }
  return {};
}

/// Peers would refuse it with a less helpful message.
Result<void> check_issuer(SSL_CTX* context, X509* certificate, const std::vector<CertificatePtr>& chain, const TlsFiles& files,
                          std::uint64_t wall_ms) {
  const StoreContextPtr check(X509_STORE_CTX_new());
  STACK_OF(X509)* untrusted = sk_X509_new_null();
  for (const CertificatePtr& link : chain) sk_X509_push(untrusted, link.get());
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context), certificate, untrusted);
  X509_STORE_CTX_set_time(check.get(), 0, static_cast<std::time_t>(wall_ms / 1000));
  const bool good = X509_verify_cert(check.get()) == 1;
  const std::string reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
  sk_X509_free(untrusted);
  ERR_clear_error();
  if (good) return {};
  return fail(ErrorCode::unauthenticated, "the certificate '" + files.certificate + "' is not one that the authority '" +
                                              files.authority + "' vouches for: " + reason);
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsFiles& files, std::uint64_t wall_ms) {
  std::shared_ptr<TlsContext> tls(new TlsContext(SSL_CTX_new(TLS_method())));
  SSL_CTX* context = tls->native_;
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // No resumed sessions: each connection proves its certificate anew.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);

  LATIUM_TRY(const std::string text, read_file(files.certificate, "the certificate"));
  const auto chain = parse_certificates(text);
  if (chain.empty()) {
    return fail(ErrorCode::invalid_argument, "'" + files.certificate + "' holds no PEM certificate: check the file");
  }
  SSL_CTX_use_certificate(context, chain.front().get());
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
  LATIUM_CHECKED(load_key(context, files));
  LATIUM_CHECKED(load_authorities(context, files.authority));
  LATIUM_CHECKED(check_dates(chain.front().get(), files.certificate, wall_ms));
  LATIUM_CHECKED(check_issuer(context, chain.front().get(), chain, files, wall_ms));
  auto identity = certificate_identity(chain.front().get());
  if (!identity) {
    return fail(ErrorCode::invalid_argument, "the certificate '" + files.certificate + "': " + identity.error().message);
  }
  tls->own_identity_ = *std::move(identity);
  return tls;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(native_);
}

Result<CertificateIdentity> certificate_identity(x509_st* certificate) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::optional<CertificateIdentity> identity;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                                static_cast<std::size_t>(ASN1_STRING_length(uri)));
    CertificateIdentity found;
    if (text == kClientName) {
      found.role = PeerRole::client;
    } else if (text.starts_with(kSitePrefix) && text.size() > kSitePrefix.size()) {
      found = {PeerRole::node, std::string(text.substr(kSitePrefix.size()))};
    } else {
      continue;
    }
    if (identity) return fail(ErrorCode::unauthenticated, "it has more than one latium URI name: issue one a site or client");
    identity = std::move(found);
  }
  if (identity) return *std::move(identity);
  return fail(ErrorCode::unauthenticated,
              "it has no URI name latium:site:<site> or latium:client: issue it again with a subjectAltName of that form");
}

Result<CertificateIdentity> peer_certificate_identity(ssl_st* connection) {
  const CertificatePtr certificate(SSL_get1_peer_certificate(connection));
  if (!certificate) return fail(ErrorCode::unauthenticated, "the peer showed no certificate");
  auto identity = certificate_identity(certificate.get());
  if (!identity) return fail(ErrorCode::unauthenticated, "the peer's certificate: " + identity.error().message);
  return identity;
}

Error tls_failure(ssl_st* connection, const std::string& text) {
  const long verdict = SSL_get_verify_result(connection);
  if (verdict != X509_V_OK) {
    return {ErrorCode::unauthenticated,
            "the peer's certificate is refused: " + std::string(X509_verify_cert_error_string(verdict)) +
                "; renew it, or check that both ends use the same authority"};
  }
  return {ErrorCode::unauthenticated,
          "the TLS handshake failed: " + text + "; check that both ends use TLS, and their certificates"};
}

}  // namespace latium
