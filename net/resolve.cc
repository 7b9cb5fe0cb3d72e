#include "net/resolve.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <memory>
#include <optional>

#include "runtime/suspension.h"

namespace latium {

namespace {

using Resolver = boost::asio::ip::basic_resolver<Tcp, Executor>;

/// Shared with the lookup, which cannot be interrupted and may end after the task that asked is gone.
struct Lookup {
  explicit Lookup(Executor executor) : resolver(executor) {}
  Resolver resolver;
  Suspension* waiter = nullptr;
  boost::system::error_code error;
  std::vector<Tcp::endpoint> endpoints;
};

std::optional<Tcp::endpoint> numeric(const Address& address) {
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(address.host, error);
  if (error) return std::nullopt;
  return Tcp::endpoint(ip, address.port);
}

std::string unknown_host(const Address& address, const boost::system::error_code& error) {
  return "cannot find the address of '" + address.host + "': " + error.message() + "; check the name, or give an IP address";
}

}  // namespace

Task<std::vector<Tcp::endpoint>> resolve(Executor executor, Address address) {
  if (const auto endpoint = numeric(address)) co_return std::vector<Tcp::endpoint>{*endpoint};
  const auto lookup = std::make_shared<Lookup>(executor);
  Suspension done;
  lookup->waiter = &done;
  lookup->resolver.async_resolve(address.host, std::to_string(address.port), boost::asio::ip::resolver_base::numeric_service,
                                 [lookup](const boost::system::error_code& error, const Resolver::results_type& results) {
                                   lookup->error = error;
                                   for (const auto& entry : results) lookup->endpoints.push_back(entry.endpoint());
                                   if (lookup->waiter != nullptr) lookup->waiter->wake();
                                 });
  const Wake wake = co_await done.wait();
  lookup->waiter = nullptr;
  if (wake == Wake::cancelled) co_return cancelled_error();
  if (lookup->error || lookup->endpoints.empty()) {
    co_return fail(ErrorCode::unavailable, unknown_host(address, lookup->error));
  }
  co_return std::move(lookup->endpoints);
}

Result<Tcp::endpoint> resolve_now(Executor executor, const Address& address) {
  if (const auto endpoint = numeric(address)) return *endpoint;
  Resolver resolver(executor);
  boost::system::error_code error;
  const auto results =
      resolver.resolve(address.host, std::to_string(address.port), boost::asio::ip::resolver_base::numeric_service, error);
  if (error || results.empty()) return fail(ErrorCode::io_error, unknown_host(address, error));
  return results.begin()->endpoint();
}

}  // namespace latium
