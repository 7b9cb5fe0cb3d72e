// What a Bucket handle holds.
#pragma once

#include <memory>

#include "latium/bucket.h"
#include "node/node_impl.h"

namespace latium {

struct Bucket::Impl {
  Impl(std::shared_ptr<Node::Impl> of, std::shared_ptr<BucketHandle> bucket) : node(std::move(of)), handle(std::move(bucket)) {}

  KeyValue& kv() const { return node->core->kv(); }

  const std::shared_ptr<Node::Impl> node;
  const std::shared_ptr<BucketHandle> handle;
};

}  // namespace latium
