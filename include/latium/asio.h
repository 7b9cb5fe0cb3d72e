// The calls of Bucket, TenantRegisters, Lock, Database and Session in Asio's style: any completion token, any executor. With
// use_awaitable:
//
//   latium::Result<std::optional<latium::Found>> found = co_await latium::async_get(bucket, "key", boost::asio::use_awaitable);
//
// Semantics, errors and cost are those of the method of the same name. The completion runs on the token's associated
// executor. Not cancellable: the outcome of a write is always waited for.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/system_executor.hpp>
#include <string>
#include <utility>

#include "latium/bucket.h"
#include "latium/node.h"

namespace latium {

namespace asio_internal {

// Brings a result from the node's thread to the executor that the handler wants to run on, and keeps that executor alive.
template <class T, class Handler>
Callback<T> bring_home(Handler handler) {
  auto executor = boost::asio::get_associated_executor(handler, boost::asio::system_executor());
  auto work = boost::asio::make_work_guard(executor);
  return [executor, work = std::move(work), handler = std::move(handler)](Result<T> result) mutable {
    boost::asio::dispatch(executor, [handler = std::move(handler), result = std::move(result)]() mutable {
      std::move(handler)(std::move(result));
    });
    work.reset();
  };
}

}  // namespace asio_internal

template <class Token>
auto async_put(Bucket bucket, std::string key, std::string value, WriteOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<Written>)>(
      [](auto handler, Bucket target, std::string k, std::string v, WriteOptions how) {
        target.put_async(std::move(k), std::move(v), std::move(how), asio_internal::bring_home<Written>(std::move(handler)));
      },
      token, std::move(bucket), std::move(key), std::move(value), std::move(options));
}

template <class Token>
auto async_get(Bucket bucket, std::string key, ReadOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<std::optional<Found>>)>(
      [](auto handler, Bucket target, std::string k, ReadOptions how) {
        target.get_async(std::move(k), how, asio_internal::bring_home<std::optional<Found>>(std::move(handler)));
      },
      token, std::move(bucket), std::move(key), options);
}

template <class Token>
auto async_get(Bucket bucket, std::string key, Token&& token) {
  return async_get(std::move(bucket), std::move(key), ReadOptions(), std::forward<Token>(token));
}

template <class Token>
auto async_remove(Bucket bucket, std::string key, WriteOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<bool>)>(
      [](auto handler, Bucket target, std::string k, WriteOptions how) {
        target.remove_async(std::move(k), std::move(how), asio_internal::bring_home<bool>(std::move(handler)));
      },
      token, std::move(bucket), std::move(key), std::move(options));
}

template <class Token>
auto async_scan(Bucket bucket, ScanOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<ScanPage>)>(
      [](auto handler, Bucket target, ScanOptions what) {
        target.scan_async(std::move(what), asio_internal::bring_home<ScanPage>(std::move(handler)));
      },
      token, std::move(bucket), std::move(options));
}

template <class Token>
auto async_get(TenantRegisters registers, std::string key, RegisterReadOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<RegisterValue>)>(
      [](auto handler, TenantRegisters target, std::string k, RegisterReadOptions how) {
        target.get_async(std::move(k), how, asio_internal::bring_home<RegisterValue>(std::move(handler)));
      },
      token, std::move(registers), std::move(key), options);
}

template <class Token>
auto async_cas(TenantRegisters registers, std::string key, Expected expected, std::string value, RegisterWriteOptions options,
               Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<RegisterChange>)>(
      [](auto handler, TenantRegisters target, std::string k, Expected e, std::string v, RegisterWriteOptions how) {
        target.cas_async(std::move(k), std::move(e), std::move(v), how,
                         asio_internal::bring_home<RegisterChange>(std::move(handler)));
      },
      token, std::move(registers), std::move(key), std::move(expected), std::move(value), options);
}

template <class Token>
auto async_remove(TenantRegisters registers, std::string key, Expected expected, RegisterWriteOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<RegisterChange>)>(
      [](auto handler, TenantRegisters target, std::string k, Expected e, RegisterWriteOptions how) {
        target.remove_async(std::move(k), std::move(e), how, asio_internal::bring_home<RegisterChange>(std::move(handler)));
      },
      token, std::move(registers), std::move(key), std::move(expected), options);
}

/// The node lives until the lock is there or refused.
template <class Token>
auto async_lock(Node& node, std::string tenant, std::string name, LockOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<Lock>)>(
      [](auto handler, Node* target, std::string t, std::string n, LockOptions how) {
        target->lock_async(std::move(t), std::move(n), std::move(how), asio_internal::bring_home<Lock>(std::move(handler)));
      },
      token, &node, std::move(tenant), std::move(name), std::move(options));
}

/// The lock lives until the answer.
template <class Token>
auto async_renew(Lock& lock, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<LockInfo>)>(
      [](auto handler, Lock* target) { target->renew_async(asio_internal::bring_home<LockInfo>(std::move(handler))); }, token,
      &lock);
}

/// The lock lives until the answer.
template <class Token>
auto async_release(Lock& lock, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<LockInfo>)>(
      [](auto handler, Lock* target) { target->release_async(asio_internal::bring_home<LockInfo>(std::move(handler))); }, token,
      &lock);
}

template <class Token>
auto async_create_table(Database database, TableDefinition definition, TableOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<TableInfo>)>(
      [](auto handler, Database target, TableDefinition d0, TableOptions how) {
        target.create_table_async(std::move(d0), how, asio_internal::bring_home<TableInfo>(std::move(handler)));
      },
      token, std::move(database), std::move(definition), options);
}

template <class Token>
auto async_drop_table(Database database, std::string table, TableOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<TableInfo>)>(
      [](auto handler, Database target, std::string t0, TableOptions how) {
        target.drop_table_async(std::move(t0), how, asio_internal::bring_home<TableInfo>(std::move(handler)));
      },
      token, std::move(database), std::move(table), options);
}

template <class Token>
auto async_tables(Database database, TableOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<std::vector<TableInfo>>)>(
      [](auto handler, Database target, TableOptions how) {
        target.tables_async(how, asio_internal::bring_home<std::vector<TableInfo>>(std::move(handler)));
      },
      token, std::move(database), options);
}

template <class Token>
auto async_describe(Database database, std::string table, TableOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<TableInfo>)>(
      [](auto handler, Database target, std::string t0, TableOptions how) {
        target.describe_async(std::move(t0), how, asio_internal::bring_home<TableInfo>(std::move(handler)));
      },
      token, std::move(database), std::move(table), options);
}

template <class Token>
auto async_add_column(Database database, std::string table, Column column, TableOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<TableInfo>)>(
      [](auto handler, Database target, std::string t0, Column c1, TableOptions how) {
        target.add_column_async(std::move(t0), std::move(c1), how, asio_internal::bring_home<TableInfo>(std::move(handler)));
      },
      token, std::move(database), std::move(table), std::move(column), options);
}

template <class Token>
auto async_drop_column(Database database, std::string table, std::string column, TableOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<TableInfo>)>(
      [](auto handler, Database target, std::string t0, std::string c1, TableOptions how) {
        target.drop_column_async(std::move(t0), std::move(c1), how, asio_internal::bring_home<TableInfo>(std::move(handler)));
      },
      token, std::move(database), std::move(table), std::move(column), options);
}

template <class Token>
auto async_rename_column(Database database, std::string table, std::string from, std::string to, TableOptions options,
                         Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<TableInfo>)>(
      [](auto handler, Database target, std::string t0, std::string f1, std::string t2, TableOptions how) {
        target.rename_column_async(std::move(t0), std::move(f1), std::move(t2), how,
                                   asio_internal::bring_home<TableInfo>(std::move(handler)));
      },
      token, std::move(database), std::move(table), std::move(from), std::move(to), options);
}

template <class Token>
auto async_create_index(Database database, std::string table, Index index, TableOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<TableInfo>)>(
      [](auto handler, Database target, std::string t0, Index i1, TableOptions how) {
        target.create_index_async(std::move(t0), std::move(i1), how, asio_internal::bring_home<TableInfo>(std::move(handler)));
      },
      token, std::move(database), std::move(table), std::move(index), options);
}

template <class Token>
auto async_drop_index(Database database, std::string table, std::string index, TableOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<TableInfo>)>(
      [](auto handler, Database target, std::string t0, std::string i1, TableOptions how) {
        target.drop_index_async(std::move(t0), std::move(i1), how, asio_internal::bring_home<TableInfo>(std::move(handler)));
      },
      token, std::move(database), std::move(table), std::move(index), options);
}

template <class Token>
auto async_get(Session session, std::string table, std::vector<Value> key, RowReadOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<std::optional<Row>>)>(
      [](auto handler, Session target, std::string t0, std::vector<Value> k1, RowReadOptions o2) {
        target.get_async(std::move(t0), std::move(k1), o2, asio_internal::bring_home<std::optional<Row>>(std::move(handler)));
      },
      token, std::move(session), std::move(table), std::move(key), options);
}

template <class Token>
auto async_get_many(Session session, std::string table, std::vector<std::vector<Value>> keys, RowReadOptions options,
                    Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<std::vector<std::optional<Row>>>)>(
      [](auto handler, Session target, std::string t0, std::vector<std::vector<Value>> k1, RowReadOptions o2) {
        target.get_many_async(std::move(t0), std::move(k1), o2,
                              asio_internal::bring_home<std::vector<std::optional<Row>>>(std::move(handler)));
      },
      token, std::move(session), std::move(table), std::move(keys), options);
}

template <class Token>
auto async_add(Session session, std::string table, Row row, RowWriteOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<void>)>(
      [](auto handler, Session target, std::string t0, Row r1, RowWriteOptions o2) {
        target.add_async(std::move(t0), std::move(r1), std::move(o2), asio_internal::bring_home<void>(std::move(handler)));
      },
      token, std::move(session), std::move(table), std::move(row), std::move(options));
}

template <class Token>
auto async_update(Session session, std::string table, Row row, RowWriteOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<void>)>(
      [](auto handler, Session target, std::string t0, Row r1, RowWriteOptions o2) {
        target.update_async(std::move(t0), std::move(r1), std::move(o2), asio_internal::bring_home<void>(std::move(handler)));
      },
      token, std::move(session), std::move(table), std::move(row), std::move(options));
}

template <class Token>
auto async_remove(Session session, std::string table, std::vector<Value> key, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<bool>)>(
      [](auto handler, Session target, std::string t0, std::vector<Value> k1) {
        target.remove_async(std::move(t0), std::move(k1), asio_internal::bring_home<bool>(std::move(handler)));
      },
      token, std::move(session), std::move(table), std::move(key));
}

template <class Token>
auto async_find(Session session, std::string table, std::string index, RowRange range, std::size_t limit, RowReadOptions options,
                Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<RowPage>)>(
      [](auto handler, Session target, std::string t0, std::string i1, RowRange r2, std::size_t l3, RowReadOptions o4) {
        target.find_async(std::move(t0), std::move(i1), std::move(r2), l3, o4,
                          asio_internal::bring_home<RowPage>(std::move(handler)));
      },
      token, std::move(session), std::move(table), std::move(index), std::move(range), limit, options);
}

template <class Token>
auto async_savepoint(Session session, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<Savepoint>)>(
      [](auto handler, Session target) { target.savepoint_async(asio_internal::bring_home<Savepoint>(std::move(handler))); },
      token, std::move(session));
}

template <class Token>
auto async_rollback_to(Session session, Savepoint savepoint, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<void>)>(
      [](auto handler, Session target, Savepoint s0) {
        target.rollback_to_async(std::move(s0), asio_internal::bring_home<void>(std::move(handler)));
      },
      token, std::move(session), std::move(savepoint));
}

template <class Token>
auto async_commit(Session session, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<void>)>(
      [](auto handler, Session target) { target.commit_async(asio_internal::bring_home<void>(std::move(handler))); }, token,
      std::move(session));
}

template <class Token>
auto async_rollback(Session session, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<void>)>(
      [](auto handler, Session target) { target.rollback_async(asio_internal::bring_home<void>(std::move(handler))); }, token,
      std::move(session));
}

template <class Token>
auto async_outcome(Session session, Token&& token) {
  return boost::asio::async_initiate<Token, void(Result<CommitOutcome>)>(
      [](auto handler, Session target) { target.outcome_async(asio_internal::bring_home<CommitOutcome>(std::move(handler))); },
      token, std::move(session));
}

}  // namespace latium
