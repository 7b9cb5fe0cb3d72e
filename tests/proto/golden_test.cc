// The bytes of every message, kept: a change that an older peer or an older data directory would misread fails here.
#include <gtest/gtest.h>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/message_differencer.h>

#include <memory>

#include "proto/catalog.pb.h"
#include "proto/client.pb.h"
#include "proto/cluster.pb.h"
#include "proto/faults.pb.h"
#include "proto/gossip.pb.h"
#include "proto/repair.pb.h"
#include "proto/replica.pb.h"
#include "proto/row.pb.h"
#include "proto/sql.pb.h"
#include "proto/storage.pb.h"
#include "proto/table.pb.h"
#include "proto/topology.pb.h"
#include "proto/wire.pb.h"
#include "tests/support/golden.h"

namespace latium {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string text_for(const FieldDescriptor& field, int which) {
  return field.name() + "-" + std::to_string(which);
}

/// Sets one value, made of the field's number, so that two fields that change places are noticed.
void set_value(Message& message, const FieldDescriptor& field, int which);

/// Sets every field; repeated ones twice.
void fill(Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    set_value(message, field, 1);
    if (field.is_repeated()) set_value(message, field, 2);
  }
}

void set_value(Message& message, const FieldDescriptor& field, int which) {
  const auto& reflection = *message.GetReflection();
  const bool many = field.is_repeated();
  const auto number = static_cast<std::uint64_t>(field.number());
  const std::uint64_t large = 0x0100000000000000u * number + static_cast<std::uint64_t>(which);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64:
      many ? reflection.AddUInt64(&message, &field, large) : reflection.SetUInt64(&message, &field, large);
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      many ? reflection.AddInt64(&message, &field, -1000 - field.number())
           : reflection.SetInt64(&message, &field, -1000 - field.number());
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      many ? reflection.AddUInt32(&message, &field, 1000 + number) : reflection.SetUInt32(&message, &field, 1000 + number);
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(&message, &field, true);
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection.SetEnum(&message, &field, field.enum_type()->value(field.enum_type()->value_count() - 1));
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      many ? reflection.AddString(&message, &field, text_for(field, which))
           : reflection.SetString(&message, &field, text_for(field, which));
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      fill(many ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field));
      return;
    default:
      FAIL() << field.full_name() << ": a type that the test does not know";
  }
}

void check(const Message& prototype) {
  const std::string name = prototype.GetDescriptor()->full_name();
  const std::unique_ptr<Message> known(prototype.New());
  fill(*known);
  const Bytes bytes = known->SerializeAsString();
  const Bytes kept = testing::golden(name);
  EXPECT_EQ(bytes, kept) << name << ".hex:\n" << testing::as_golden_text(bytes);
  const std::unique_ptr<Message> parsed(prototype.New());
  ASSERT_TRUE(parsed->ParseFromString(kept)) << name;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*known, *parsed)) << name;
}

void check_all(const google::protobuf::FileDescriptor& file) {
  for (int i = 0; i < file.message_type_count(); ++i) {
    check(*google::protobuf::MessageFactory::generated_factory()->GetPrototype(file.message_type(i)));
  }
}

TEST(GoldenTest, EveryMessageOfTheTransport) {
  check_all(*wire::Hello::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOfTheClientService) {
  check_all(*client::StatusRequest::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOfTheClientServicesTables) {
  check_all(*client::Table::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOfTheClientServicesRows) {
  check_all(*client::RowPutRequest::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOfTheClientServicesSql) {
  check_all(*client::SqlOpenRequest::descriptor()->file());
}

// One of its fields at a time: the others stand in no message.
TEST(GoldenTest, EveryKindOfSqlValue) {
  client::SqlRow row;
  row.add_values()->set_integer(-3);
  row.add_values()->set_real(0x3ff8000000000000);
  row.add_values()->set_text("text");
  row.add_values()->set_blob(Bytes("\0\xff", 2));
  row.add_values();
  client::SqlExecuteRequest prepared;
  prepared.set_session(1);
  prepared.set_statement(2);
  const Bytes bytes = row.SerializeAsString() + prepared.SerializeAsString();
  EXPECT_EQ(bytes, testing::golden("latium.client.SqlValue.kinds")) << testing::as_golden_text(bytes);
}

TEST(GoldenTest, EveryMessageOfFaults) {
  check_all(*faults::Rule::descriptor()->file());
}

TEST(GoldenTest, EveryMessageBetweenReplicas) {
  check_all(*replica::Item::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOfAntiEntropy) {
  check_all(*repair::TreeRootsRequest::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOfTheCluster) {
  check_all(*cluster::JoinRequest::descriptor()->file());
}

TEST(GoldenTest, TheTopology) {
  check_all(*topology::Topology::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOfLiveness) {
  check_all(*gossip::Message::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOnDisk) {
  check_all(*storage::NodeIdentity::descriptor()->file());
}

TEST(GoldenTest, EveryMessageOfTheCatalog) {
  check_all(*catalog::TableRecord::descriptor()->file());
}

TEST(GoldenTest, MethodNumbersAreKept) {
  std::string table;
  const auto& methods = *wire::Method_descriptor();
  for (int i = 0; i < methods.value_count(); ++i) {
    table += std::to_string(methods.value(i)->number()) + " " + methods.value(i)->name() + "\n";
  }
  EXPECT_EQ(table, testing::golden("latium.wire.Method")) << testing::as_golden_text(table);
}

TEST(GoldenTest, FieldsOfANewerPeerArePassedOver) {
  wire::Hello hello;
  ASSERT_TRUE(hello.ParseFromString(testing::golden("latium.wire.Hello") + "\xf8\x07\x01"));  // field 127 = 1
  EXPECT_EQ(hello.min_version(), 1001u);
}

}  // namespace
}  // namespace latium
