// Rows that SQLite adds, changes and removes.
#include <algorithm>

#include "base/utf8.h"
#include "relational/row_keys.h"
#include "relational/sql/cursor.h"
#include "relational/sql/references.h"

namespace latium::sql {

namespace {

// In between: SQLite's code, where the row is refused with a text of its own.
struct Refused {
  int code = SQLITE_CONSTRAINT;
  std::string message;
};

int refuse(VirtualTable& table, const Refused& why) {
  sqlite3_free(table.zErrMsg);
  table.zErrMsg = sqlite3_mprintf("%s", why.message.c_str());
  return why.code;
}

// Whether writes of this statement can wait: nobody asks in between what became of one.
bool can_wait(int on_conflict) {
  return on_conflict == SQLITE_ABORT || on_conflict == SQLITE_ROLLBACK;
}

OnDuplicate on_duplicate(int on_conflict) {
  if (on_conflict == SQLITE_IGNORE) return OnDuplicate::ignore;
  return on_conflict == SQLITE_REPLACE ? OnDuplicate::replace : OnDuplicate::fail;
}

class RowUpdate {
 public:
  RowUpdate(VirtualTable& owner, const std::vector<sqlite3_value*>& arguments)
      : owner_(owner),
        hub_(owner.hub),
        table_(*owner.table),
        references_(*owner.hub.references),
        arguments_(arguments),
        on_conflict_(sqlite3_vtab_on_conflict(owner.db)) {}

  int run(sqlite3_int64& rowid) {
    if (hub_.run) hub_.run->forget(table_);
    if (on_conflict_ == SQLITE_FAIL) hub_.keep_done = true;
    if (on_conflict_ == SQLITE_ROLLBACK) hub_.roll_back_all = true;
    if (arguments_.size() == 1) return remove();
    const bool insert = sqlite3_value_type(arguments_[0]) == SQLITE_NULL;
    if (!insert && hub_.run) kept_ = hub_.run->kept(table_);
    std::erase_if(kept_, [this](std::size_t column) { return table_.columns[column].generated; });
    row_by_row_ = insert ? on_conflict_ == SQLITE_REPLACE && references_.may_be_named(table_) : changes_names();
    if (row_by_row_) {
      if (auto done = hub_.flush(); !done) return failed(std::move(done).error());
    }
    if (row_by_row_ && !insert) {
      if (const auto code = read_again()) return *code;
    }
    std::vector<Value> values;
    if (auto why = columns(values, insert)) return refused(*why);
    RowWrite write{.kind = insert ? RowWrite::Kind::insert : RowWrite::Kind::update, .on_duplicate = on_duplicate(on_conflict_)};
    if (!insert) {
      const auto number = sqlite3_value_int64(arguments_[0]);
      auto key = hub_.numbers.key_of(table_, number);
      if (!key) return gone();
      write.key = *std::move(key);
      write.row.unknown = hub_.numbers.unknown_of(table_, number);
    }
    const std::vector<Value> seen = hub_.written ? values : std::vector<Value>();
    if (auto why = stored(values, write)) return refused(*why);
    if (row_by_row_ && on_conflict_ == SQLITE_REPLACE) {
      if (auto done = make_room(write); !done) return failed(std::move(done).error());
    }
    Row row = table_.foreign_keys.empty() ? Row() : write.row;
    const int code = insert ? add(std::move(write), rowid) : send(std::move(write), nullptr);
    if (code != SQLITE_OK) return code;
    if (hub_.written) note(seen, insert ? rowid : 0);
    if (row.values.empty()) return code;
    if (insert && table_.rowid) row.values[*table_.rowid] = Value(static_cast<std::int64_t>(rowid));
    if (auto noted = references_.note(table_, row, kept_); !noted) return failed(std::move(noted).error());
    return code;
  }

 private:
  // With the number that it was given.
  void note(std::vector<Value> row, sqlite3_int64 number) {
    if (table_.rowid && *table_.rowid >= table_.first && row[*table_.rowid - table_.first].is_null()) {
      row[*table_.rowid - table_.first] = Value(static_cast<std::int64_t>(number));
    }
    hub_.written->push_back(std::move(row));
  }

  int remove() {
    auto key = hub_.numbers.key_of(table_, sqlite3_value_int64(arguments_[0]));
    if (!key) return gone();
    row_by_row_ = references_.goes_row_by_row(table_);
    return send({.kind = RowWrite::Kind::remove, .key = *std::move(key)}, nullptr);
  }

  int gone() {
    ++hub_.left_out;
    return SQLITE_OK;
  }

  // Of an UPDATE: whether others may name the row by what it is about to lose.
  bool changes_names() {
    const bool moves = table_.rowid && sqlite3_value_type(arguments_[1]) != SQLITE_NULL &&
                       sqlite3_value_int64(arguments_[0]) != sqlite3_value_int64(arguments_[1]);
    if (moves && *table_.rowid >= table_.first) kept_.erase(*table_.rowid - table_.first);
    return references_.changes_names(table_, kept_);
  }

  // What followed from rows before may have changed this one since SQLite has read it. A code: it is gone.
  std::optional<int> read_again() {
    const auto key = hub_.numbers.key_of(table_, sqlite3_value_int64(arguments_[0]));
    if (!key) return gone();
    auto row = references_.current(owner_.table, *key);
    if (!row) return failed(std::move(row).error());
    if (!*row) return gone();
    now_ = *std::move(*row);
    return std::nullopt;
  }

  // Rows that the new one replaces go first, each with what follows from that.
  Result<void> make_room(const RowWrite& write) {
    const std::vector<Value>* const mine = write.kind == RowWrite::Kind::insert ? nullptr : &write.key;
    LATIUM_TRY(const auto others, references_.duplicates(owner_.table, write.row, mine));
    for (const std::vector<Value>& key : others) {
      LATIUM_CHECKED(references_.write(owner_.table, {RowWrite{.kind = RowWrite::Kind::remove, .key = key}}, false));
    }
    return {};
  }

  // The row as SQL has it, with affinities, and the number where it is one of the columns.
  std::optional<Refused> columns(std::vector<Value>& out, bool insert) {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const bool kept = now_ && kept_.contains(i);
      out.push_back(kept ? sql_form(now_->values[table_.position(i)])
                         : with_affinity(arguments_[i + 2], table_.columns[i].affinity));
    }
    if (!table_.rowid) return not_null(out);
    Value number = sqlite3_value_type(arguments_[1]) == SQLITE_NULL ? Value() : with_affinity(arguments_[1], Affinity::integer);
    if (*table_.rowid >= table_.first) {
      const Value& column = out[*table_.rowid - table_.first];
      const bool changed =
          insert ? !column.is_null() : column != Value(static_cast<std::int64_t>(sqlite3_value_int64(arguments_[0])));
      if (changed) number = column;
    }
    if (!number.is_null() || !insert) {
      if (number.type() != ValueType::integer) return Refused{SQLITE_MISMATCH, "datatype mismatch"};
    }
    number_ = number;
    if (*table_.rowid >= table_.first) out[*table_.rowid - table_.first] = number;
    return not_null(out);
  }

  std::optional<Refused> not_null(std::vector<Value>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const SqlColumn& column = table_.columns[i];
      if (!values[i].is_null() || !column.not_null || column.generated || table_.rowid == table_.position(i)) continue;
      if (on_conflict_ == SQLITE_REPLACE && !table_.stored(i).default_value.is_null()) {
        values[i] = sql_form(table_.stored(i).default_value);
        continue;
      }
      return Refused{SQLITE_CONSTRAINT, not_null_failed(table_, i)};
    }
    if (!table_.checked) return std::nullopt;
    // A number that is given later is no business of a CHECK but for being one.
    auto checked = hub_.shadow.check_row(table_, values);
    if (!checked) return Refused{SQLITE_CONSTRAINT, checked.error().message};
    const bool numbered = table_.rowid && *table_.rowid >= table_.first;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!numbered || i != *table_.rowid - table_.first) values[i] = std::move((*checked)[i]);
    }
    return std::nullopt;
  }

  // As the table has it.
  std::optional<Refused> stored(std::vector<Value>& values, RowWrite& out) {
    if (table_.first > 0) out.row.values.push_back(number_);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const ColumnSchema& column = table_.stored(i);
      const std::string given = values[i].to_string();
      if (const auto* text = values[i].get_if<std::string>(); text != nullptr && !is_utf8(*text)) {
        return Refused{SQLITE_ERROR, "column " + table_.name + "." + column.name + ": text must be UTF-8: give bytes as a BLOB"};
      }
      auto value = stored_form(column, std::move(values[i]));
      if (!value) {
        return Refused{SQLITE_MISMATCH, "datatype mismatch: column " + table_.name + "." + column.name + " is " +
                                            std::string(to_string(column.type)) + ", given " + given};
      }
      out.row.values.push_back(*std::move(value));
    }
    return std::nullopt;
  }

  int add(RowWrite write, sqlite3_int64& rowid) {
    if (table_.rowid && !number_.is_null()) rowid = number_.get<std::int64_t>();
    if (!table_.rowid) rowid = hub_.numbers.number_of(table_, write.row);
    if (!table_.rowid || !number_.is_null()) return send(std::move(write), nullptr);
    std::optional<std::int64_t> given;
    const int code = send(std::move(write), &given);
    if (given) rowid = *given;
    return code;
  }

  // `number`: the row is to be given one, which is wanted now.
  int send(RowWrite write, std::optional<std::int64_t>* number) {
    const bool same_table = hub_.pending_table == nullptr || hub_.pending_table->schema->id == table_.schema->id;
    if (!same_table) {
      if (auto done = hub_.flush(); !done) return failed(std::move(done).error());
    }
    hub_.pending_table = owner_.table;
    if (can_wait(on_conflict_) && number == nullptr && !row_by_row_) {
      hub_.pending_kept.add(sizeof(RowWrite) + bytes_of(write.key) + bytes_of(write.row));
      hub_.pending.push_back(std::move(write));
      if (auto kept = hub_.check_kept(); !kept) return failed(std::move(kept).error());
      return SQLITE_OK;
    }
    const bool insert = write.kind == RowWrite::Kind::insert;
    if (auto done = hub_.flush(); !done) return failed(std::move(done).error());
    auto written = references_.write(owner_.table, {std::move(write)}, row_by_row_);
    if (!written) return failed(std::move(written).error());
    if (number != nullptr) *number = (*written)[0].number;
    if ((*written)[0].done) return SQLITE_OK;
    if (!insert && row_by_row_) return gone();
    return refuse(owner_, {SQLITE_CONSTRAINT, "UNIQUE constraint failed: " + table_.name});
  }

  // A row that was written before may be the one that cannot be.
  int refused(const Refused& why) {
    if (hub_.only_duplicates && why.code == SQLITE_CONSTRAINT) return failed({ErrorCode::invalid_argument, why.message});
    if (auto done = hub_.flush(); !done) return failed(std::move(done).error());
    return refuse(owner_, why);
  }

  int failed(Error why) {
    // What follows from a write is done in whole, or the statement is undone, whatever it says of its own rows.
    const bool behind = references_.failed_behind();
    if (behind) hub_.keep_done = hub_.roll_back_all = false;
    const bool duplicate = why.code == ErrorCode::already_exists && !behind;
    const int code = hub_.failed(&owner_, std::move(why));
    return duplicate ? SQLITE_CONSTRAINT : code;
  }

  VirtualTable& owner_;
  Hub& hub_;
  const SqlTable& table_;
  References& references_;
  const std::vector<sqlite3_value*>& arguments_;
  const int on_conflict_;
  Value number_;
  std::set<std::size_t> kept_;  // of an UPDATE: columns that it does not set
  bool row_by_row_ = false;
  std::optional<Row> now_;
};

}  // namespace

int update_row(VirtualTable& table, std::vector<sqlite3_value*> arguments, sqlite3_int64& rowid) {
  return RowUpdate(table, arguments).run(rowid);
}

}  // namespace latium::sql
