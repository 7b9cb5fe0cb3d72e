#include "node/remote_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <vector>

#include "node/cli/inbox.h"
#include "node/cli/run_latium.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "tests/cli/scripted_node.h"
#include "tests/support/certificates.h"

namespace latium::cli {
namespace {

void answer_tenant(IncomingRequest request) {
  client::TenantDescribeRequest asked;
  EXPECT_TRUE(asked.ParseFromString(request.payload()));
  client::TenantDescribeResponse response;
  response.mutable_tenant()->set_name(asked.name());
  std::move(request).respond(response.SerializeAsString());
}

TEST(RemoteClient, CallsAndGetsTheAnswer) {
  const ScriptedNode node(answer_tenant);
  const auto client = node.client();
  client::TenantDescribeRequest request;
  request.set_name("acme");
  const auto response = client->call<client::TenantDescribeResponse>(wire::METHOD_TENANT_DESCRIBE, request,
                                                                     client->after(std::chrono::seconds(20)));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->tenant().name(), "acme");
}

TEST(RemoteClient, HandsOnTheNodesErrors) {
  const ScriptedNode node([](IncomingRequest request) {
    std::move(request).respond(fail(ErrorCode::conflict, Certainty::not_applied, "it is taken"));
  });
  const auto client = node.client();
  const auto response = client->call_bytes(wire::METHOD_STATUS, "", client->after(std::chrono::seconds(20)));
  EXPECT_EQ(response.error(), Error(ErrorCode::conflict, "it is taken"));
}

TEST(RemoteClient, AnAnswerThatIsNoneIsCorruption) {
  const ScriptedNode node([](IncomingRequest request) { std::move(request).respond(Bytes("\xff\xff\xff")); });
  const auto client = node.client();
  const auto response =
      client->call<client::StatusResponse>(wire::METHOD_STATUS, client::StatusRequest(), client->after(std::chrono::seconds(20)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::corruption);
}

TEST(RemoteClient, KeepsManyInFlightOverSeveralConnections) {
  constexpr std::size_t kCalls = 3000;
  const ScriptedNode node(answer_tenant);
  const auto client = node.client(3);
  const auto inbox = std::make_shared<Inbox<Result<Bytes>>>();
  for (std::size_t i = 0; i < kCalls; ++i) {
    client->start(i % 3, wire::METHOD_TENANT_DESCRIBE, "", client->after(std::chrono::seconds(60)),
                  [inbox](Result<Bytes> answer) { inbox->put(std::move(answer)); });
  }
  for (std::size_t i = 0; i < kCalls; ++i) {
    const auto answer = inbox->take(std::chrono::seconds(60));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->has_value());
  }
}

TEST(RemoteClient, SaysWhatToDoWhenNobodyListens) {
  std::string address;
  {
    const ScriptedNode node(answer_tenant);
    address = node.address().to_string();
  }
  const auto client = std::move(*RemoteClient::open({.node = *Address::parse(address), .tls = {}, .connections = 1}));
  const auto response = client->call_bytes(wire::METHOD_STATUS, "", client->after(std::chrono::seconds(20)));
  EXPECT_EQ(response.error(), Error(ErrorCode::unavailable, "cannot reach node " + address +
                                                                " (connection refused): is latiumd running there? use --node "
                                                                "HOST:PORT or LATIUM_NODE"));
}

TEST(RemoteClient, RefusesWhatItCannotUse) {
  EXPECT_EQ(RemoteClient::open({.node = {"h", 1}, .tls = {}, .connections = 0}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(RemoteClient::open({.node = {"h", 0}, .tls = {}, .connections = 1}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(RemoteClient::open({.node = {"h", 1}, .tls = {"a", "b", "c"}, .connections = 1}).error().code,
            ErrorCode::invalid_argument);
}

TEST(RemoteClient, EndsItsCallsWhenItDies) {
  ScriptedNode node([&node](IncomingRequest request) { node.hold(std::move(request)); });
  std::optional<Error> error;
  {
    const auto client = node.client();
    client->start(0, wire::METHOD_STATUS, "", kNever, [&error](Result<Bytes> answer) { error = answer.error(); });
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::unavailable);
}

int run_against(const ScriptedNode& node, const std::vector<std::string>& args, std::string* err = nullptr) {
  Environment environment;
  environment.node = node.address().to_string();
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream errors;
  const int status = run_latium(args, in, out, errors, environment);
  if (err != nullptr) *err = errors.str();
  return status;
}

TEST(ExitStatus, WithTlsBothEndsProveWhoTheyAre) {
  latium::testing::TestAuthority authority;
  latium::testing::TestAuthority stranger;
  const ScriptedNode node(
      [](IncomingRequest request) { std::move(request).respond(client::StatusResponse().SerializeAsString()); },
      authority.site("rennes"));
  const auto with = [](const TlsFiles& files) {
    return std::vector<std::string>{"status",  "--tls-cert", files.certificate, "--tls-key",
                                    files.key, "--tls-ca",   files.authority};
  };
  std::string err;
  EXPECT_EQ(run_against(node, with(authority.client()), &err), 0) << err;
  EXPECT_EQ(run_against(node, with(stranger.client())), 1);
  EXPECT_NE(run_against(node, {"status"}), 0);
}

// A write whose answer never came may have been made; a read cannot have been.
TEST(ExitStatus, TellsAnUnknownOutcomeFromAFailure) {
  ScriptedNode node([&node](IncomingRequest request) { node.hold(std::move(request)); });
  std::string err;
  EXPECT_EQ(run_against(node, {"kv", "put", "a/b", "k", "v", "--timeout", "50ms", "--json"}, &err), 4);
  EXPECT_NE(err.find("\"certainty\":\"unknown\""), std::string::npos) << err;
  EXPECT_EQ(run_against(node, {"kv", "delete", "a/b", "k", "--timeout", "50ms"}), 4);
  EXPECT_EQ(run_against(node, {"kv", "get", "a/b", "k", "--timeout", "50ms", "--json"}, &err), 3);
  EXPECT_NE(err.find("\"certainty\":\"not_applied\""), std::string::npos) << err;
}

TEST(ExitStatus, IsThatOfTheCode) {
#define LATIUM_ERROR(number, name, exit_status, meaning)                                                                     \
  {                                                                                                                          \
    const ScriptedNode node([](IncomingRequest request) { std::move(request).respond(fail(ErrorCode::name, "an error")); }); \
    EXPECT_EQ(run_against(node, {"kv", "put", "a/b", "k", "v"}), exit_status) << #name;                                      \
  }
#include "latium/error_codes.def"
#undef LATIUM_ERROR
}

}  // namespace
}  // namespace latium::cli
