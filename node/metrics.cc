#include "node/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <boost/asio/post.hpp>
#include <exception>
#include <future>
#include <utility>

#include "node/status.h"

namespace latium {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// What only the loop may read.
struct LoopSide {
  ServiceStatistics service;
  TransportStatistics transport;
  LivenessCounts members;
  LivenessStatistics liveness;
  SwimStatistics swim;
  RegistersStatistics registers;
  BucketStatistics buckets;
  BucketReplicaStatistics bucket_replica;
  HintDeliveryStatistics delivery;
  ExchangeStatistics exchange;
  AntiEntropyStatistics anti_entropy;
  CollectionStatistics collection;
  CatalogStatistics catalog;
  TableWorkStatistics table_work;
  AutoIncrementStatistics numbers;
  TransactionsStatistics transactions;
  RecoveryStatistics recovery;
  RowSweeperStatistics sweeper;
  std::uint64_t hints = 0;
  std::uint64_t hint_bytes = 0;
  std::uint64_t hints_dropped = 0;
};

class Collector final : public prometheus::Collectable {
 public:
  Collector(NodeCore& core, const ClientService& service, const Transport* transport, EventLoop& loop)
      : core_(core), service_(service), transport_(transport), loop_(loop) {}

  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> out;
    add_store(out);
    add_loop_side(out, read_loop_side());
    return out;
  }

 private:
  static void add(std::vector<MetricFamily>& out, MetricType type, const char* name, const char* help, double value) {
    ClientMetric metric;
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    out.push_back({name, help, type, {std::move(metric)}});
  }
  static void gauge(std::vector<MetricFamily>& out, const char* name, const char* help, std::uint64_t value) {
    add(out, MetricType::Gauge, name, help, static_cast<double>(value));
  }
  static void counter(std::vector<MetricFamily>& out, const char* name, const char* help, std::uint64_t value) {
    add(out, MetricType::Counter, name, help, static_cast<double>(value));
  }

  void add_store(std::vector<MetricFamily>& out) const {
    const NodeStatus status = describe_core(core_);
    const EngineStatistics store = core_.engine().statistics();
    gauge(out, "latium_up", "1 while the node takes writes, 0 while it is read-only", status.state == "serving");
    gauge(out, "latium_uptime_seconds", "Time since the node started", status.uptime_ms / 1000);
    gauge(out, "latium_tenants", "Tenants known", status.tenants);
    gauge(out, "latium_keys", "Keys stored, an estimate", status.keys_estimate);
    gauge(out, "latium_disk_bytes", "Size of the store's files", status.disk_bytes);
    gauge(out, "latium_store_memory_bytes", "Write buffers and table readers, without the block cache", status.memory_bytes);
    gauge(out, "latium_block_cache_bytes", "Blocks held in the cache", store.block_cache_bytes);
    counter(out, "latium_commit_groups_total", "Groups written by the commit thread", store.commit_groups);
    counter(out, "latium_commit_batches_total", "Batches in those groups", store.commit_batches);
    counter(out, "latium_log_syncs_total", "Syncs of the write-ahead log asked for", store.syncs);
    counter(out, "latium_written_bytes_total", "Bytes of keys and values accepted for writing", store.written_bytes);
    counter(out, "latium_read_cache_misses_total", "Reads on the loop that had to go to the disk", store.read_cache_misses);
  }

  void add_loop_side(std::vector<MetricFamily>& out, const LoopSide& read) const {
    counter(out, "latium_requests_total", "Client requests received", read.service.requests);
    counter(out, "latium_request_failures_total", "Client requests answered with an error", read.service.failures);
    gauge(out, "latium_connections", "Connections open", read.transport.connections_open);
    counter(out, "latium_net_requests_sent_total", "Requests sent to other nodes, each with one answer",
            read.transport.requests_sent);
    counter(out, "latium_net_bytes_sent_total", "Bytes written to connections", read.transport.bytes_sent);
    counter(out, "latium_net_bytes_received_total", "Bytes read from connections", read.transport.bytes_received);
    counter(out, "latium_connections_rejected_total", "Connections closed for garbage, cluster, version or certificate",
            read.transport.rejected_connections);
    counter(out, "latium_requests_overloaded_total", "Requests refused because a queue was full",
            read.transport.overloaded + read.service.overloaded);
    counter(out, "latium_clock_stamps_refused_total", "Clock stamps of peers that were too far ahead",
            read.transport.refused_stamps);
    add_registers(out, read.registers);
    add_tables(out, read);
    add_transactions(out, read);
    add_buckets(out, read);
    add_repair(out, read);
    add_liveness(out, read);
  }

  void add_liveness(std::vector<MetricFamily>& out, const LoopSide& read) const {
    MetricFamily members{"latium_members", "Members of the cluster as this node sees them, by state", MetricType::Gauge, {}};
    const auto add_state = [&](const char* state, std::size_t count) {
      ClientMetric metric;
      metric.label = {{"state", state}};
      metric.gauge.value = static_cast<double>(count);
      members.metric.push_back(std::move(metric));
    };
    add_state("up", read.members.up);
    add_state("suspect", read.members.suspect);
    add_state("down", read.members.down);
    out.push_back(std::move(members));
    counter(out, "latium_swim_messages_sent_total", "Messages of liveness sent, answers among them", read.liveness.messages_sent);
    counter(out, "latium_swim_messages_received_total", "Messages of liveness received, answers among them",
            read.liveness.messages_received);
    counter(out, "latium_swim_bytes_sent_total", "Bytes of those sent, without frames", read.liveness.bytes_sent);
    counter(out, "latium_swim_bytes_received_total", "Bytes of those received, without frames", read.liveness.bytes_received);
    counter(out, "latium_swim_probes_failed_total", "Probes of members of the site that failed, also through others",
            read.swim.probes_failed);
    counter(out, "latium_swim_verdicts_total", "Members that this node found to be down", read.swim.verdicts);
    counter(out, "latium_swim_refutations_total", "Times that this node was doubted and said no", read.swim.refutations);
  }

  void add_buckets(std::vector<MetricFamily>& out, const LoopSide& read) const {
    const BucketStatistics& buckets = read.buckets;
    counter(out, "latium_bucket_writes_total", "Writes of keys with several copies coordinated by this node", buckets.writes);
    counter(out, "latium_bucket_reads_total", "Reads of such keys by this node", buckets.reads);
    counter(out, "latium_bucket_forwarded_total", "Writes given to a replica of the key", buckets.forwarded);
    counter(out, "latium_bucket_unavailable_total", "Calls for which too few copies answered", buckets.unavailable);
    counter(out, "latium_bucket_hinted_total", "Writes given to a stand-in", buckets.hinted);
    counter(out, "latium_bucket_repaired_total", "Copies that a read found behind", buckets.repaired);
    counter(out, "latium_bucket_hedged_total", "Reads that asked one copy more because an answer was late", buckets.hedged);
    counter(out, "latium_bucket_shared_total", "Reads that were told what another one of the same key found", buckets.shared);
    counter(out, "latium_bucket_round_trips_total", "Round trips between nodes of all calls", buckets.cost.round_trips);
    counter(out, "latium_bucket_wan_round_trips_total", "Those of them that left the site", buckets.cost.wan_round_trips);
    counter(out, "latium_bucket_bytes_total", "Keys and values that calls moved between nodes, about", buckets.cost.bytes);
    counter(out, "latium_bucket_placement_refusals_total", "Writes that would have left their tenant's placement",
            read.bucket_replica.refused_placement);
    gauge(out, "latium_hints", "Writes kept for other nodes", read.hints);
    gauge(out, "latium_hints_bytes", "Their size", read.hint_bytes);
    counter(out, "latium_hints_delivered_total", "Hints handed over", read.delivery.delivered);
    counter(out, "latium_hints_dropped_total", "Hints refused for want of room", read.hints_dropped);
  }

  void add_repair(std::vector<MetricFamily>& out, const LoopSide& read) const {
    counter(out, "latium_anti_entropy_rounds_total", "Rounds of comparisons with other replicas", read.anti_entropy.rounds);
    counter(out, "latium_anti_entropy_compared_total", "Partitions compared with one other replica", read.anti_entropy.compared);
    counter(out, "latium_anti_entropy_differing_total", "Those that differed", read.anti_entropy.differing);
    counter(out, "latium_anti_entropy_failures_total", "Comparisons and exchanges that did not end", read.anti_entropy.failures);
    counter(out, "latium_anti_entropy_keys_sent_total", "Keys given to other replicas", read.exchange.sent);
    counter(out, "latium_anti_entropy_keys_received_total", "Keys that other replicas gave", read.exchange.received);
    counter(out, "latium_anti_entropy_bytes_total", "Keys, versions and hashes moved for it", read.exchange.bytes);
    counter(out, "latium_obsolete_refused_total", "Versions offered that were known to be gone",
            read.bucket_replica.refused_obsolete);
    counter(out, "latium_collection_rounds_total", "Rounds that forgot deletions and expired values", read.collection.rounds);
    counter(out, "latium_collection_failures_total", "Rounds in which somebody did not answer", read.collection.failures);
    counter(out, "latium_collected_total", "Deleted and expired keys removed from this disk", read.bucket_replica.dropped);
    gauge(out, "latium_collection_waiting", "Keys that the last look found due", read.collection.waiting);
  }

  void add_registers(std::vector<MetricFamily>& out, const RegistersStatistics& read) const {
    counter(out, "latium_register_commands_total", "Changes of registers and locks proposed by this node", read.commands);
    counter(out, "latium_register_reads_total", "Reads of registers and locks by this node", read.reads);
    counter(out, "latium_register_rounds_total", "Prepare and accept phases of them", read.rounds);
    counter(out, "latium_register_fast_rounds_total", "Of those, accepts without a prepare", read.fast_rounds);
    counter(out, "latium_register_fast_chosen_total", "Of those, the ones that all replicas took", read.fast_chosen);
    counter(out, "latium_register_contended_total", "Phases that another proposer was ahead of", read.contended);
    counter(out, "latium_register_forwarded_total", "Changes given to the register's first replica", read.forwarded);
    counter(out, "latium_register_unavailable_total", "Calls that no majority answered in time", read.unavailable);
    counter(out, "latium_register_unknown_outcomes_total", "Changes that may have been made", read.unknown_outcomes);
    counter(out, "latium_register_round_trips_total", "Round trips between nodes of all calls", read.cost.round_trips);
    counter(out, "latium_register_wan_round_trips_total", "Those of them that left the site", read.cost.wan_round_trips);
    gauge(out, "latium_register_replicas_asked_max", "Most replicas asked in one round trip", read.cost.replicas_asked);
    counter(out, "latium_register_bytes_total", "Keys and states that calls moved between nodes, about", read.cost.bytes);
  }

  void add_tables(std::vector<MetricFamily>& out, const LoopSide& read) const {
    counter(out, "latium_schema_reads_total", "Reads of what a table is, at a quorum", read.catalog.reads);
    counter(out, "latium_table_changes_agreed_total", "Changes of tables that all nodes agreed to at once", read.catalog.agreed);
    counter(out, "latium_table_changes_waited_total", "Changes of tables that had to wait for a node that did not answer",
            read.catalog.waited);
    counter(out, "latium_indexes_built_total", "Indexes of tables with rows made by this node", read.table_work.indexes_built);
    counter(out, "latium_index_builds_refused_total", "Unique indexes given up as rows have the same values",
            read.table_work.builds_refused);
    counter(out, "latium_index_entries_added_total", "Entries of rows that were there before their index",
            read.table_work.entries_added);
    counter(out, "latium_table_keys_removed_total", "Keys of dropped tables and indexes removed", read.table_work.keys_removed);
    counter(out, "latium_auto_increment_numbers_total", "Numbers given to rows", read.numbers.numbers);
    counter(out, "latium_auto_increment_leases_total", "Blocks of numbers leased", read.numbers.leases);
    counter(out, "latium_auto_increment_waits_total", "Rows that waited for a block", read.numbers.waited);
  }

  void add_transactions(std::vector<MetricFamily>& out, const LoopSide& read) const {
    const TransactionsStatistics& transactions = read.transactions;
    counter(out, "latium_transactions_committed_total", "Transactions of this node that wrote, or that were found to be as read",
            transactions.committed);
    counter(out, "latium_transactions_conflicts_total", "Commits refused as others had changed something",
            transactions.conflicts);
    counter(out, "latium_transactions_unavailable_total", "Commits for which too few replicas answered; nothing was done",
            transactions.unavailable);
    counter(out, "latium_transactions_unknown_total", "Commits that ended without an answer", transactions.unknown_outcomes);
    counter(out, "latium_transactions_round_trips_total", "Round trips between nodes of all commits",
            transactions.cost.round_trips);
    counter(out, "latium_transactions_wan_round_trips_total", "Those of them that left the site",
            transactions.cost.wan_round_trips);
    counter(out, "latium_intents_met_total", "Rows met that another transaction was about to change", read.recovery.met);
    counter(out, "latium_transactions_aborted_total", "Transactions ended since they were in the way, or dead",
            read.recovery.aborted);
    counter(out, "latium_row_sweeps_total", "Looks at all rows for what dead nodes have left", read.sweeper.passes);
    counter(out, "latium_row_sweep_failures_total",
            "Rows that a look could not end for want of replicas, and looks that ended early", read.sweeper.failures);
    counter(out, "latium_rows_ended_total", "Rows at which a look ended what a transaction had left",
            read.sweeper.ended + read.sweeper.finished);
    counter(out, "latium_rows_forgotten_total", "Rows deleted more than a day ago that were forgotten", read.sweeper.forgotten);
  }

  // The endpoint dies before the loop stops, so the closure always runs.
  LoopSide read_loop_side() const {
    std::promise<LoopSide> promise;
    auto read = promise.get_future();
    boost::asio::post(loop_.context(), [this, &promise] {
      promise.set_value({service_.statistics(),
                         transport_ != nullptr ? transport_->statistics() : TransportStatistics(),
                         core_.liveness().counts(),
                         core_.liveness().statistics(),
                         core_.liveness().swim().statistics(),
                         core_.cluster().registers().statistics(),
                         core_.buckets().buckets().statistics(),
                         core_.buckets().replica().statistics(),
                         core_.buckets().delivery().statistics(),
                         core_.buckets().exchange().statistics(),
                         core_.buckets().anti_entropy().statistics(),
                         core_.buckets().collection().statistics(),
                         core_.tables().statistics(),
                         core_.table_work().statistics(),
                         core_.transactions().auto_increment.statistics(),
                         core_.transactions().statistics,
                         core_.transactions().recovery.statistics(),
                         core_.sweeper().statistics(),
                         core_.buckets().hints().count(),
                         core_.buckets().hints().bytes(),
                         core_.buckets().hints().dropped()});
    });
    return read.get();
  }

  NodeCore& core_;
  const ClientService& service_;
  const Transport* transport_;
  EventLoop& loop_;
};

}  // namespace

// The exposer only holds a weak reference to the collector, and is the first to go.
struct MetricsEndpoint::Impl {
  std::shared_ptr<Collector> collector;
  prometheus::Exposer exposer;
  std::string address;
};

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsEndpoint::~MetricsEndpoint() = default;

const std::string& MetricsEndpoint::address() const {
  return impl_->address;
}

Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::open(const std::string& address, NodeCore& core,
                                                               const ClientService& service, const Transport* transport,
                                                               EventLoop& loop) {
  // The web server under the exposer reports by exception; this is the edge where it becomes a value.
  try {
    auto impl = std::unique_ptr<Impl>(
        new Impl{std::make_shared<Collector>(core, service, transport, loop), prometheus::Exposer(address, 1), {}});
    impl->address = address.substr(0, address.rfind(':') + 1) + std::to_string(impl->exposer.GetListeningPorts().at(0));
    impl->exposer.RegisterCollectable(impl->collector);
    return std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint(std::move(impl)));
  } catch (const std::exception&) {
    return fail(ErrorCode::io_error, "cannot serve metrics on '" + address +
                                         "': it is in use or not an address of this machine; "
                                         "choose another with --metrics");
  }
}

}  // namespace latium
