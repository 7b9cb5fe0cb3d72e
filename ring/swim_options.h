// SwimOptions: how liveness is found out. The defaults are for sites of up to some hundred nodes, up to 100 sites, LAN round
// trips of a few milliseconds and WAN round trips of up to 300 ms; tests/ring/swim_sim_main.cc measures them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "runtime/clock.h"

namespace latium {

struct SwimOptions {
  /// The life of this process, told only when somebody doubts it. Wall milliseconds at the start will do: above those of its
  /// former lives. One that is too low is raised when needed, at the price of a round of gossip.
  std::uint64_t incarnation = 1;

  // Inside a site. Both times grow with the node's own ill health, up to (max_local_health + 1)-fold (Lifeguard, section IV.A).
  Duration probe_interval = std::chrono::seconds(1);        ///< between two probes; also until a probe has failed
  Duration probe_timeout = std::chrono::milliseconds(300);  ///< for the direct answer; then others are asked to probe
  unsigned indirect_probes = 3;                             ///< nodes asked to probe
  unsigned max_local_health = 8;
  Duration down_probe_interval = std::chrono::seconds(5);  ///< between two probes of nodes, or of a site, that are down

  // From suspect to down: `suspicion_max`, falling towards `suspicion_min` with each node that suspects too (Lifeguard, IV.B).
  // Both are for sites of up to 100 nodes, and grow with the logarithm of larger ones.
  Duration suspicion_min = std::chrono::seconds(4);
  Duration suspicion_max = std::chrono::seconds(12);
  unsigned suspicion_confirmations = 3;  ///< that bring it down to the minimum

  // Between sites.
  unsigned delegates_per_site = 3;
  Duration cross_interval = std::chrono::seconds(2);  ///< between two probes of one site by the delegate that has to
  Duration cross_timeout = std::chrono::seconds(1);   ///< for the direct answer; as long again through others
  unsigned site_witnesses = 3;                        ///< nodes probed at once after a failure
  unsigned site_failures = 3;  ///< rounds without an answer, of different nodes each, after which a site is down
  Duration site_lease = std::chrono::seconds(60);  ///< a site is down no longer than this without hearing so again

  // Spreading.
  Duration gossip_interval = std::chrono::milliseconds(200);  ///< between rounds, while there is news
  unsigned gossip_fanout = 3;                                 ///< nodes told in a round
  unsigned cross_fanout = 1;     ///< nodes of other sites, by a delegate: its probes of all sites carry the news, too
  unsigned transmit_factor = 2;  ///< an update is sent on transmit_factor * ln(members) + 4 times
  std::size_t max_updates = 32;  ///< piggybacked on one message: about 25 bytes each
  Duration sync_interval = std::chrono::seconds(10);  ///< between two comparisons with a node of the own site; thrice that across
  Duration sync_again = std::chrono::seconds(1);      ///< after a comparison that brought something new

  // What a node sends a second beyond its probes, however much there is to tell: so a site that comes back costs its delegates
  // no more than 10 KB in any second.
  std::size_t news_bytes_a_second = 2000;  ///< of news; a delegate's share of it is half inside the site and half to others
  std::size_t news_burst = 400;            ///< at once, of each
  std::size_t sync_bytes_a_second = 500;   ///< of answers to comparisons
  std::size_t sync_burst = 1000;           ///< in one of them
  std::size_t help_bytes_a_second = 2000;  ///< of requests to probe other sites: who reaches none of them is cut off itself
  std::size_t help_burst = 1000;           ///< at once
  std::size_t message_overhead = 60;       ///< of a message's frame, TLS, TCP and IP

  /// Nothing heard from anybody for so long: the node takes itself for cut off, and keeps its verdicts to itself.
  Duration isolation_after = std::chrono::seconds(5);
  /// A tick that comes so late shows a pause of this process: nothing that expired meanwhile is held against others.
  Duration pause_tolerance = std::chrono::seconds(1);
  std::size_t max_relayed = 64;  ///< probes for others at once; more are passed over
};

}  // namespace latium
