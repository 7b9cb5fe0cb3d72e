// Tables in memory for sessions of SQL: no node, no waits. Sessions over one MemoryDatabase see each other's commits, and a
// commit that writes is a conflict when another one was made since the session began.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relational/sql/table_access.h"

namespace latium::testing {

struct MemoryDatabase {
  using Rows = std::map<Bytes, Row>;          // by key
  std::map<std::string, sql::Schema> tables;  // by folded name
  std::map<std::string, std::string> views;
  std::map<TableId, Rows> rows;
  std::map<TableId, std::int64_t> numbers;
  std::uint32_t next_table = 1;
  std::uint64_t commits = 0;
};

class MemoryTables final : public sql::TableAccess {
 public:
  explicit MemoryTables(std::shared_ptr<MemoryDatabase> database) : database_(std::move(database)) {}

  MonotonicTime now() override { return now_ += tick; }
  void set_deadline(MonotonicTime) override {}

  Result<std::vector<sql::Schema>> tables() override;
  Result<void> create_table(const TableDefinition& definition) override;
  Result<void> drop_table(const std::string& table) override;
  Result<void> rename_table(const std::string& from, const std::string& to, const std::string& sql) override;
  Result<void> change_table(const std::string& table, Change change) override;
  Result<void> create_index(const std::string& table, const Index& index) override;
  Result<void> drop_index(const std::string& table, const std::string& index) override;
  Result<std::vector<std::pair<std::string, std::string>>> views() override;
  Result<void> create_view(const std::string& name, const std::string& sql) override;
  Result<void> replace_view(const std::string& name, const std::string& sql) override;
  Result<void> drop_view(const std::string& name) override;

  Result<std::vector<sql::Found>> find(const sql::Schema& table, std::vector<sql::LookUp> wanted, std::size_t limit) override;
  void use(std::uint64_t) override { ++used; }
  Result<std::shared_ptr<ImageUse>> image(const sql::Schema& table, std::size_t look_ups) override;
  void hold(std::uint64_t) override { ++held; }
  void goes_by_named(const sql::Schema&) override {}
  Result<std::vector<sql::Written>> write(const sql::Schema& table, std::vector<sql::RowWrite> writes) override;

  void means_to_write() override {}
  std::unique_ptr<Mark> mark() override;
  void rollback_to(const Mark& mark) override;
  bool in_transaction() const override { return open_; }
  Result<void> commit() override;
  void rollback() override { open_ = false; }
  void try_again(std::uint32_t) override {}
  void ends_trying() override {}

  void interrupt() override {}
  void resume() override {}
  SqlStats cost() const override { return {.round_trips = finds, .wan_round_trips = far ? finds : 0}; }
  std::size_t kept_bytes() const override { return kept_; }
  std::string site() const override { return "memory"; }
  std::string placement() const override { return "memory:1"; }

  Duration tick{};     ///< that pass with each look at the clock
  bool far = false;    ///< each look-up takes a WAN round trip
  bool whole = false;  ///< tables are at hand as a whole
  std::uint32_t finds = 0;
  std::uint32_t images = 0;
  std::uint32_t used = 0;
  std::uint32_t held = 0;

 private:
  using AllRows = std::map<TableId, MemoryDatabase::Rows>;
  struct Copy final : Mark {
    AllRows rows;
  };

  void begin();
  Result<void> current(const sql::Schema& table) const;
  Result<sql::Written> write_one(const TableSchema& table, sql::RowWrite write);
  /// Keys of rows that have the row's primary key, or its values in a unique index; but for the one at `mine`.
  Result<std::vector<std::pair<Bytes, std::string>>> duplicates(const TableSchema& table, const Row& row, const Bytes& mine);

  std::shared_ptr<MemoryDatabase> database_;
  MonotonicTime now_{};
  bool open_ = false;
  bool wrote_ = false;
  std::size_t kept_ = 0;  // of rows that were written
  std::uint64_t began_ = 0;
  AllRows rows_;
};

}  // namespace latium::testing
