"""Known bugs, each a small change of the product's text, and what has to notice it. `scripts/mutations` puts them in one by one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    name: str
    what: str  # what is wrong then
    file: str
    old: str  # stands there exactly once
    new: str
    target: str  # what is built
    run: str  # what has to fail: of build/release/bin, with its arguments


def transactions(name, what, old, new, file="relational/transaction.cc", tests="TransactionTest.*:TransactionHistoryTest.*"):
    return Mutant(name, what, file, old, new, "latium_relational_test", f"latium_relational_test --gtest_filter={tests}")


def rows(name, what, old, new, file="replication/row_commands.cc"):
    return Mutant(name, what, file, old, new, "latium_replication_test",
                  "latium_replication_test --gtest_filter=Row*:*Row*:CommitExplorer*:*Staged*")


def registers(name, what, old, new, file):
    return Mutant(name, what, file, old, new, "latium_replication_test",
                  "latium_replication_test --gtest_filter=-CommitExplorer*")


def seeds(name, what, old, new, file, workload, count=20):
    return Mutant(name, what, file, old, new, "latium-sim", f"latium-sim --seeds {count} --minutes 1 --workload {workload}")


MUTANTS = [
    # Sessions.
    transactions("skip_validate", "what was only read is not checked by the commit",
                 "if (read->state.committed.ts != entry.seen.ts) {",
                 "if (read->state.committed.ts < entry.seen.ts) {", "relational/transaction_validate.cc"),
    transactions("skip_ranges", "rows that came into a range that was read do not matter",
                 '    phase.fail_with(conflict_at(key, "it has come into a range that was read").error());\n', "",
                 "relational/transaction_validate.cc"),
    transactions("range_then_row", "a row that came after a range was read is taken for one that was in it",
                 "  if (came_later) row.ts = {};\n", "  if (came_later && row.ts == Hlc()) row.ts = {};\n"),
    transactions("intents_are_rows", "a read returns what another transaction is about to write",
                 "    } else if (!reads[i].state.intent) {\n",
                 "    } else {\n"
                 "      if (reads[i].state.intent && reads[i].state.intent->present) reads[i].state.committed.row = reads[i].state.intent->row;\n"),
    transactions("savepoint_keeps", "going back to a savepoint keeps what was written since",
                 "    entry.write.reset();\n    const auto found",
                 "    const auto found"),
    transactions("lost_answer_is_no", "a parallel commit whose answer was lost is reported as not made",
                 "  if (staged && unsure) {",
                 "  if (staged && unsure && why.message.empty()) {", "relational/transaction_commit.cc"),
    transactions("lost_write_is_no", "one row whose answer was lost is reported as not written",
                 "  co_return fail(ErrorCode::unknown_outcome, Certainty::unknown, std::move(why.message));\n",
                 "  co_return fail(ErrorCode::unavailable, Certainty::not_applied, std::move(why.message));\n",
                 "relational/transaction_commit.cc"),
    transactions("refused_again", "an intent that is refused when it is sent once more counts as one that never was",
                 "    if (changed->unsure) phase.unsure = true;\n", "", "relational/transaction_commit.cc", "BusyRowsTest.*"),
    transactions("found_and_gone", "a range leaves out what the transaction has found there, if its replica has not heard of it",
                 "if (entry.key.tenant != tenant || !(entry.write || entry.seen.present)) continue;",
                 "if (entry.key.tenant != tenant || !entry.write) continue;", "relational/transaction_back.cc", "ValidationTest.*"),
    transactions("sweeps_the_living", "what a transaction at work has done is taken for what a dead one has left",
                 "now_ms - since_ms > kLeftAfterMs", "now_ms - since_ms > 0", "replication/row_recovery.cc", "RowSweeper*"),
    Mutant("sweeps_the_told", "only what a replica knows to be chosen is swept", "node/row_store_left.cc", "row_of(record.state)",
           "row_of(record.last_chosen())", "latium_sim_test", "latium_sim_test --gtest_filter=RowSweeper*"),
    transactions("refusal_is_final", "a write that may still be made is told as refused",
                 "if (unsure && !surely) co_return", "if (unsure && surely) co_return", "relational/transaction_commit.cc"),
    transactions("turns_never", "nobody takes turns at a row", "    if (taken) turn = *std::move(taken);\n", "",
                 "relational/transact.cc", "TransactTest.*"),
    transactions("image_stays", "a table as a whole is used after it has changed",
                 "    if (!committed && shared_.store.is_unchanged(tenant, schema->id, *image->origin().since)) {",
                 "    if (!committed) {", "relational/session_image.cc", "TableImage*"),
    transactions("checks_first", "what was read is checked before the intents stand",
                 "  if (const auto prewritten = co_await prewrite_all(writes, staged, deadline); !prewritten) {",
                 "  if (!staged) LATIUM_CO_CHECKED(co_await validate(deadline));\n"
                 "  const bool checked = !staged;\n"
                 "  if (checked) ranges_.clear();\n"
                 "  if (checked) std::erase_if(entries_, [](const auto& each) { return !each.second.write; });\n"
                 "  if (const auto prewritten = co_await prewrite_all(writes, staged, deadline); !prewritten) {",
                 "relational/transaction_commit.cc"),
    rows("prewrite_any_ts", "an intent is put on a row that has changed since it was read: a lost update",
         "    if (command.expected != before.committed.ts) return refuse(RowRefusal::ts_differs);\n    if (intent.staged()",
         "    if (intent.staged()"),
    rows("write_any_ts", "a row is overwritten that has changed since it was read",
         "if (command.expected && *command.expected != committed.ts) return refuse(RowRefusal::ts_differs);", ""),
    rows("write_keeps_nothing", "a write of a contended row leaves no outcome",
         "    if (command.keeps_outcome()) record(state, {command.txn, command.start, command.commit_ts, command.now_ms, {}});\n", ""),
    rows("forget_the_fence", "who finds no trace of a transaction leaves none",
         "    record(state, {command.txn, command.start, Hlc(), command.now_ms, {}});\n", ""),
    rows("outcome_without_list", "the outcome does not say which rows are still to be resolved",
         "record(state, {intent.txn, intent.start, ts, now_ms, std::move(intent.others)});",
         "record(state, {intent.txn, intent.start, ts, now_ms, {}});"),
    rows("no_floor", "what is forgotten of a transaction does not raise the floor",
         "    state.floor = std::max(state.floor, outcome->start);\n", ""),
    rows("abort_staged", "a parallel commit is ended without asking its other rows",
         "      if (!fence && intent->staged() && !command.fenced) return refuse(RowRefusal::staged);\n", ""),
    rows("promote_unasked", "a parallel commit with a missing intent counts as committed",
         "  if (missing) return {StagedAction::fence, *missing};\n", "", file="replication/row_recovery.cc"),
    rows("roll_back_unfenced", "an intent whose primary knows nothing is rolled back without a fence",
         "return {forgotten ? IntentAction::roll_back : IntentAction::fence_it};",
         "return {forgotten || true ? IntentAction::roll_back : IntentAction::fence_it};", file="replication/row_recovery.cc"),
    seeds("unique_unchecked", "a value of a unique index may be taken twice",
          "  if (is && index.unique && there.back()) {", "  if (is && index.unique && there.back() && after == nullptr) {",
          "relational/session.cc", "index"),
    seeds("entries_stay", "the entry of an old value stays in the index",
          "  if (was) changes.emplace_back(std::move(was->first), std::nullopt);\n", "", "relational/session.cc", "index"),

    Mutant("taken_back_unchecked", "what a transaction has written and taken back others may have written", "relational/transaction.h",
           "(entry.write || (entry.used && (checks_reads || entry.held)));",
           "(entry.used && (checks_reads || entry.held));",
           "latium_relational_test", "latium_relational_test --gtest_filter=Validation*"),
    Mutant("announced_at_once", "a table has rows before those who use what it names know of it", "relational/catalog_changes.cc",
           "  schema.unannounced = !tables_named(schema).empty();\n", "",
           "latium_relational_test", "latium_relational_test --gtest_filter=Catalog*:TableSession*"),
    Mutant("named_unseen", "who has removed a row does not mind what has come to name it", "relational/session.cc",
           "    if (!used.named || *used.named == leases.back().schema->named) continue;\n", "    continue;\n",
           "latium_relational_test", "latium_relational_test --gtest_filter=TableSession*"),
    Mutant("moves_any_version", "a table that has changed is renamed as it was", "relational/catalog_moves.cc",
           "  if (!moved && old.version == from.version && old.record.table && old.record.table->id == id) {",
           "  if (!moved && old.record.table && old.record.table->id == id) {",
           "latium_relational_test", "latium_relational_test --gtest_filter=CatalogVersions*"),
    Mutant("followers_unsettled", "a table moves while some still use those that named it as they were", "relational/catalog_moves.cc",
           "    tables.insert(tables.end(), left.begin(), left.end());\n", "    tables = left;\n",
           "latium_relational_test", "latium_relational_test --gtest_filter=CatalogReferences*"),
    Mutant("follows_any_move", "who drives a move of before changes tables for it", "relational/catalog_moves.cc",
           "    if (!named.record.table || named.record.table->moving != move) co_return true;\n", "",
           "latium_relational_test", "latium_relational_test --gtest_filter=CatalogMoves*"),
    Mutant("listed_once", "a listing is not of one moment", "relational/catalog.cc",
           "    if (absent == std::exchange(absent_before, absent)) co_return std::move(*all);\n", "    co_return std::move(*all);\n",
           "latium_relational_test", "latium_relational_test --gtest_filter=Catalog*"),
    Mutant("lent_whenever", "a session goes by tables of several moments", "relational/catalog.cc",
           "    if (same) {\n", "    if (same || true) {\n",
           "latium_relational_test", "latium_relational_test --gtest_filter=CatalogReferences*"),
    Mutant("closed_is_open", "rows of a table that is being renamed are removed", "relational/session.cc",
           "  if (schema->moving) co_return fail(", "  if (schema->moving && false) co_return fail(",
           "latium_relational_test", "latium_relational_test --gtest_filter=TableSession*"),
    Mutant("told_unsynced", "a commit is told what it was refused for before that is on the disk", "node/row_store_together.cc",
           "  if (end.at && !alone && alone.error().code == kRefused) co_return end;\n", "  if (end.at) co_return end;\n",
           "latium_sim_test", "latium_sim_test --gtest_filter=AloneCommit*"),
    Mutant("nowhere_is_a_try", "a write that met only a forgotten deletion has had its second stamp", "replication/forward_flow.cc",
           "    again = again || !written->kept_nowhere;\n", "    again = true;\n",
           "latium_sim_test", "latium_sim_test --gtest_filter=ForgettingTest.*"),
    Mutant("marks_are_hashes", "keys that share a mark by chance count as equal", "replication/exchange.cc",
           "    if (matched.leaf(leaf) == response.matched(i)) {\n", "    if (matched.leaf(leaf) == response.matched(i) || true) {\n",
           "latium_sim_test", "latium_sim_test --gtest_filter=RepairTest.*"),
    Mutant("looked_at_once", "what has come into a range and gone again is overlooked", "relational/transaction_validate.cc",
           "    phase.gone.emplace(key.stored(), read->state.committed.ts);\n", "",
           "latium_relational_test", "latium_relational_test --gtest_filter=Validation*"),

    Mutant("together_unlooked", "a commit on one node alone overlooks what has changed of what it read", "node/row_store_together.cc",
           "    if (!row.intent && is_same(row.committed)) return true;", "    if (!row.intent && (true || is_same(row.committed))) return true;",
           "latium-sim", "latium-sim --workload list_append_alone --seeds 20"),
    Mutant("together_unheard", "what a commit on one node alone was refused for is not there to be read", "replication/register_replica.cc",
           "  auto accepts = decide(Moment(*this, holds));\n",
           "  auto accepts = decide(Moment(*this, holds));\n  if (!accepts) co_return fail(std::move(accepts).error());\n",
           "latium_replication_test", "latium_replication_test --gtest_filter=RegistersTogether*"),

    Mutant("token_unchosen", "a newcomer has the same draws whatever the tenants have", "node/join.cc",
           "->token = token;", "->token = 0 * token;", "latium_sim_test", "latium_sim_test --gtest_filter=MembershipTest.*"),

    # Registers and locks.
    registers("accept_anything", "an accept below the promise is taken",
              "    if (too_low(record, floor, op.ballot)) return refuse(bound(record, floor));\n    // Nobody was", "    // Nobody was",
              "replication/acceptor.cc"),
    registers("promise_unsynced", "a promise is not on the disk when it is answered",
              "if (record.promised != op.ballot) out.change = RecordChange::durable;",
              "if (record.promised != op.ballot) out.change = RecordChange::lazy;", "replication/acceptor.cc"),
    registers("forgets_accepted", "a proposer does not go on from what a replica has accepted",
              "      if (state) out.state = *state;\n", "      if (state && false) out.state = *state;\n", "replication/accepted_state.cc"),
    registers("base_is_lost", "of a fast accept that is passed over, what it was taken over does not count",
              "      const Ballot& ballot = answer->fast ? answer->base : answer->accepted;\n",
              "      if (answer->fast) continue;\n      const Ballot& ballot = answer->accepted;\n", "replication/accepted_state.cc"),
    registers("fast_over_another", "a fast accept is taken over something else than its base",
              "record.accepted == op.base && record.state.present", "record.state.present", "replication/acceptor.cc"),
    registers("waits_for_the_dead", "a refused ballot waits for replicas that have failed",
              "  return said.quorum.opposed() && rest_has_failed(said);\n", "  return false && rest_has_failed(said);\n", "replication/register_phase.cc"),
    registers("fast_by_some", "a fast accept counts though one that promised has it not",
              "    if (!answer->fast || (fast", "    if (!answer->fast) continue;\n    if ((fast", "replication/accepted_state.cc"),
    registers("looks_by_some", "what is looked at along with changes counts as unchanged when a majority says so",
              "answers->clean.unanimous()", "answers->clean.reached()", "replication/registers_one_step.cc"),
    registers("looks_at_the_disk", "a look along with changes does not see what is on its way to the disk",
              "    if (behind && read->want == ReadOp::Want::decided) answer.ok = false;\n", "", "replication/register_replica.cc"),
    registers("one_step_in_two", "what a replica is to take in one step is cut in two messages",
              " || batch.back().with_next)", ")", "replication/replica_links.cc"),
    registers("changed_by_some", "changes in one step count though a replica has refused one",
              "const bool changed = answers->taken.unanimous();", "const bool changed = answers->taken.reached();",
              "replication/registers_one_step.cc"),
    Mutant("looks_unread", "what replicas answer to a look along with prewrites does not matter", "replication/registers_one_step.cc",
           "&& answer->ok && answer->accepted == looks[i];", "&& answer;",
           "latium-sim", "latium-sim --workload list_append_same_nodes --seeds 200"),
    transactions("changed_is_clean", "what was read is not checked where the prewrites were made in one step",
                 "const bool checked = end == OneStepEnd::clean &&", "const bool checked = end != OneStepEnd::not_tried &&",
                 "relational/transaction_commit.cc"),
    registers("one_is_a_majority", "a read believes the first replica",
              "  return same.reached();\n", "  return std::ranges::any_of(said.answers, holds);\n", "replication/accepted_state.cc"),
    registers("no_ballot_floor", "a collected register forgets the ballots that it had",
              "    floor = std::max(floor, std::get<CollectOp>(item.op).floor);\n", "", "replication/register_replica.cc"),
    registers("collected_unasked", "who made a register that was collected since makes it again",
              "return !answer || !answer->ok || answer->floor < ballot;", "return !answer || answer->ok || answer->floor < ballot;",
              "replication/registers.cc"),
    registers("token_stays", "a lock's token does not grow with a new owner", "lock->token + 1", "lock->token",
              "replication/register_state.cc"),
    seeds("answer_before_sync", "accepts are answered before they are on the disk",
          "  if (change != RecordChange::lazy) plan.durability = Durability::sync;\n", "", "replication/register_replica.cc",
          "registers", 100),

    # Buckets.
    registers("dots_again", "a node gives out dots that it gave out before its restart",
              "last_(std::uint64_t{run} << 40)", "last_(std::uint64_t{run} * 0)", "replication/dots.h"),
    registers("siblings_lost", "a merge drops what the other side has not heard of",
              "    if (there || !other.context.covers(version.dot)) out.push_back(version);", "    if (there) out.push_back(version);",
              "replication/version.cc"),
    Mutant("recent_overtaken", "a reader leaves a value in memory that was overwritten meanwhile", "store/recent_values.cc",
           "if (writes != writes_ || ranges_ > 0", "if (writes > writes_ || ranges_ > 0", "latium_store_test",
           "latium_store_test --gtest_filter=RecentValues*:Rocks*-*FullDisk*"),
    Mutant("tombstones_by_age", "deletions are removed although replicas may not know of them", "replication/collection.cc",
           "  LATIUM_CO_CHECKED(co_await exchange_all(tenant, led, marks));\n"
           "  LATIUM_CO_CHECKED(co_await exchange_all(tenant, led, marks));\n", "",
           "latium_sim_test", "latium_sim_test --gtest_filter=Forgetting*:*Forget*:BucketsTest.*"),
    seeds("hints_forgotten", "a hint is gone before its owner has it", "    hint.missing = nodes ? nodes->size() : 1;",
          "    hint.missing = 0;", "replication/hint_delivery.cc", "buckets", 30),
]
