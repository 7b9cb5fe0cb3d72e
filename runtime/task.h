// Task: the coroutine type of all protocol code.
//
// Rules (each learnt from somebody's bug):
//  - Parameters by value, or by reference to something that owns the TaskGroup that runs the coroutine.
//  - A coroutine lambda captures nothing: captures live in the closure, which dies before the coroutine.
//  - No iterator or reference into shared state across an await: anything may have run. Look it up again, check again.
//  - No lock across an await, no co_await in a catch clause.
//  - Every coroutine runs in a TaskGroup that its owner joins. Racing only through with_deadline.
//  - After a cancel every suspension returns `cancelled` at once; cleanup is synchronous.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/result.h"

namespace latium {

/// The one executor type: the io_context of a node's event loop (or of the simulator). Concrete, not type-erased: posting
/// and resuming are on the hot path.
using Executor = boost::asio::io_context::executor_type;

/// A coroutine without an error to report; for primitives.
template <class T>
using Awaitable = boost::asio::awaitable<T, Executor>;

/// A coroutine that ends with a value or an error.
template <class T>
using Task = Awaitable<Result<T>>;

}  // namespace latium
