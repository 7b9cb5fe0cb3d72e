// TLS: loading and checking certificates. TLS 1.3 only, both ends prove who they are to the same certificate authority.
// A certificate says what its holder is by a URI name (subjectAltName): "latium:site:<name>" for the nodes of one site,
// "latium:client" for clients. Host names are not looked at: a node is known by its site and its id, not by its address.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/handshake.h"

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace latium {

/// Paths of PEM files.
struct TlsFiles {
  std::string certificate;  ///< this end's own, followed by intermediate ones if there are any
  std::string key;          ///< of the certificate, without a passphrase
  std::string authority;    ///< the authorities whose certificates are accepted
};

/// What all connections of a transport share; immutable once loaded.
class TlsContext {
 public:
  /// Reads and checks the files. `invalid_argument`: a file is missing, cannot be read, is not PEM, the key is not the
  /// certificate's, or the certificate has no latium name. `unauthenticated`: the certificate is expired, not yet valid, or
  /// not from the authority. The message names the file and the remedy. `wall_ms`: now, since the Unix epoch. Blocks on disk.
  static Result<std::shared_ptr<const TlsContext>> load(const TlsFiles& files, std::uint64_t wall_ms);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// What this end's own certificate proves.
  const CertificateIdentity& own_identity() const { return own_identity_; }
  ssl_ctx_st* native() const { return native_; }

 private:
  explicit TlsContext(ssl_ctx_st* native) : native_(native) {}

  ssl_ctx_st* native_;
  CertificateIdentity own_identity_;
};

/// What a certificate proves: its one latium URI name. `unauthenticated` when it has none or several.
Result<CertificateIdentity> certificate_identity(x509_st* certificate);

/// What the peer of a finished TLS handshake proved.
Result<CertificateIdentity> peer_certificate_identity(ssl_st* connection);

/// Why a TLS handshake failed, for people: the verdict on the peer's certificate if there is one, else `text`.
Error tls_failure(ssl_st* connection, const std::string& text);

}  // namespace latium
