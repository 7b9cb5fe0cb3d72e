#include "net/faulty_transport.h"
#include "tests/net/tcp_world.h"
#include "tests/net/transport_conformance.h"
#include "tests/support/certificates.h"

namespace latium::testing {
namespace {

class TlsWorld : public LoopWorld {
 public:
  TlsWorld() {
    TcpTransportOptions node = plain_options(node_hello(1));
    node.security = authority_.site("rennes");
    server_ = make(std::move(node));
    TcpTransportOptions client = plain_options();
    client.security = authority_.client();
    client_ = make(std::move(client));
  }
  Transport& server() { return *server_; }
  Transport& client() { return *client_; }
  static Address listen_address() { return {"127.0.0.1", 0}; }

 private:
  TestAuthority authority_;
  std::unique_ptr<TcpTransport> server_;
  std::unique_ptr<TcpTransport> client_;
};

/// Nothing is wrong as long as there are no rules.
class FaultyWorld : public LoopWorld {
 public:
  FaultyWorld() : server_tcp_(make(plain_options(node_hello(1)))), client_tcp_(make(plain_options(node_hello(2)))) {}
  Transport& server() { return server_; }
  Transport& client() { return client_; }
  static Address listen_address() { return {"127.0.0.1", 0}; }

 private:
  std::unique_ptr<TcpTransport> server_tcp_;
  std::unique_ptr<TcpTransport> client_tcp_;
  FaultyTransport server_{runtime(), *server_tcp_};
  FaultyTransport client_{runtime(), *client_tcp_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Tcp, TransportConformance, TcpWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Tls, TransportConformance, TlsWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Faulty, TransportConformance, FaultyWorld);

}  // namespace
}  // namespace latium::testing
