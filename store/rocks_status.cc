#include "store/rocks_internal.h"

namespace latium::internal {

Error to_error(const rocksdb::Status& status, std::string_view doing, Certainty certainty) {
  ErrorCode code = ErrorCode::io_error;
  std::string_view remedy = "check the disk and the system's log";
  if (status.IsCorruption()) {
    code = ErrorCode::corruption;
    remedy = "restore the data directory from a checkpoint, or replace this node";
  } else if (status.IsNoSpace() || (status.IsIOError() && status.subcode() == rocksdb::Status::kSpaceLimit)) {
    remedy = "the disk is full: free or add space";
  } else if (status.IsIncomplete()) {
    // A write that waited for room in the write buffers: what stopped RocksDB is told as a text.
    remedy = "the disk is full or failed: see the node's status";
  } else if (status.IsShutdownInProgress()) {
    code = ErrorCode::cancelled;
    remedy = "the engine is closing";
  } else if (status.IsInvalidArgument()) {
    code = ErrorCode::invalid_argument;
    remedy = "correct the request";
  } else if (!status.IsIOError()) {
    code = ErrorCode::internal;
    remedy = "please report it";
  }
  std::string message(doing);
  message += " failed: ";
  message += status.ToString();
  message += "; ";
  message += remedy;
  return {code, certainty, std::move(message)};
}

}  // namespace latium::internal
