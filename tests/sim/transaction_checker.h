// Strict serializability of transactions: whether there is an order of all that committed, one after the other, that explains
// every read and keeps to time. Source: Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
// Observations" (VLDB 2020).
#pragma once

#include "tests/sim/check_report.h"
#include "tests/sim/history.h"

namespace latium::sim {

/// Judges operations of kind `transaction`; others are passed over. A violation begins with the name of the anomaly: G0, G1a,
/// G1b, G1c, G-single, lost update, write skew, G2-item, phantom, each also "-realtime" where only the order in time closes the
/// circle; internal, garbage read, incompatible order, duplicate element, read from the future. Gives up where the history does
/// not say who wrote what (one value written twice to a key). What each of them demands: docs/testing.md.
CheckReport check_transactions(const History& history);

}  // namespace latium::sim
